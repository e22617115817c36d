"""GPT-2 small only: the heads that are found here beside those of the paper, and its two numbers beside ours."""

from matplotlib.figure import Figure

from figures.ioi_circuit import ROLES
from figures.style.diagram import box
from figures.style.look import CATEGORIES, INK, MUTED, PALE, STRONG, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report, Result
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.published import DIFFERENCE, FAITHFULNESS, PUBLISHED, faithfulness_of_published
from mechinterp.ioi.reference import other_names
from mechinterp.model.language_model import Model

# By whether a head is published and found: the colour, whether its box is filled, and what that means.
KINDS = {
    (True, True): (CATEGORIES[0], "white", "en el artículo y aquí"),
    (True, False): (MUTED, "", "solo en el artículo"),
    (False, True): (CATEGORIES[1], "white", "solo aquí"),
}
MOST = 9  # heads of a role that fit into a row


def compute(model: Model, ioi_circuit: Result, n_prompts=200, seed=1_000_000) -> dict:
    """Take the heads that were found, and measure how much of the difference the published ones keep."""
    asked = prompts(model, model.affordable(n_prompts, runs=20), seed)
    whole = asked.difference(model.transformer).mean()
    kept = faithfulness_of_published(model, asked, other_names(model, asked)).mean()
    roles = {name: role for name, role in ROLES.items() if role in PUBLISHED}
    return {
        "n_prompts": len(asked),
        "published": {name: [str(head) for head in PUBLISHED[role]] for name, role in roles.items()},
        "found": {name: [head["name"] for head in ioi_circuit.data["heads"][name]] for name in roles},
        "difference": {"artículo": DIFFERENCE, "aquí": whole},
        "kept": {"artículo": FAITHFULNESS, "aquí": kept / whole},
    }


def report(data) -> Report:
    published, found = (
        {(role, head) for role, heads in data[of].items() for head in heads} for of in ("published", "found")
    )
    both = len(published & found)
    precision, recall = both / max(len(found), 1), both / len(published)
    difference, kept = data["difference"], data["kept"]
    values = {"n_published": len(published), "n_found": len(found), "n_both": both}
    values |= {"n_prompts": data["n_prompts"]}
    values |= {"published_difference": difference["artículo"], "measured": difference["aquí"]}
    values |= {"published_kept": kept["artículo"], "kept": kept["aquí"]}
    claims = {
        "precision": Claim("cabezas halladas que publicó el artículo", precision, at_least=0.5),
        "recall": Claim("cabezas publicadas que se hallan", recall, at_least=0.5),
        "difference": Claim("diferencia de logits media", difference["aquí"], at_least=2.5, at_most=4.6),
        "kept_too": Claim("parte que conserva el publicado", kept["aquí"], at_least=0.7, at_most=1.2),
    }
    alt = "; ".join(f"{role}: {', '.join(heads) or 'ninguna'}" for role, heads in data["found"].items())
    return Report(values, claims, f"Cabezas halladas, por clases, junto a las del artículo. {alt}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    rows, difference, kept = figure.subplots(1, 3, width_ratios=(4.6, 1, 1))
    n_rows = len(data["published"])
    for y, (role, published) in zip(range(n_rows)[::-1], data["published"].items(), strict=True):
        found = data["found"][role]
        rows.text(-0.2, y, role, ha="right", va="center", fontsize=15, **STRONG)
        for x, head in enumerate(sorted({*published, *found}, key=[*published, *found].index)[:MOST]):
            color, ink, _ = KINDS[head in published, head in found]
            box(rows, (x + 0.5, y), (0.9, 0.62), color, head, ink)
    for i, (color, ink, meaning) in enumerate(KINDS.values()):
        box(rows, (3.6 * i - 0.9, n_rows), (0.4, 0.4), color, "", ink)
        rows.text(3.6 * i - 0.6, n_rows, meaning, va="center", fontsize=14, color=INK)
    rows.set(xlim=(-2.4, MOST), ylim=(-0.5, n_rows + 0.4))
    rows.axis("off")
    for axes, of, title in (
        (difference, "difference", "diferencia\n(logits)"),
        (kept, "kept", "parte que\nconserva"),
    ):
        bars = axes.bar(list(data[of]), list(data[of].values()), color=(PALE, CATEGORIES[0]))
        axes.bar_label(bars, [decimal(value, 2) for value in data[of].values()], fontsize=14)
        axes.margins(y=0.12)
        axes.tick_params(axis="y", labelleft=False, length=0)
        titled(axes, title)
    return figure
