"""Three typical patterns: a head that looks at the token before, one at its own, one at the first."""

from matplotlib.figure import Figure

from figures.style.grids import words_on_both_sides
from figures.style.look import SEQUENTIAL, lecture_style, titled
from figures.style.spanish import decimal, plus_minus
from figures.style.tokens import labels
from lectern.figure import Report, either
from mechinterp.attention import heads
from mechinterp.ioi.prompts import example, speaks_spanish
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import ordinary_text, random_tokens

NAMED = 0.5  # of the attention: a head with as much is of the kind, and not the control


def compute(model: Model, n_prompts=200, n_tokens=48, seed=1_000_000) -> dict:
    n_prompts = model.affordable(n_prompts, n_positions=n_tokens)
    tokens = random_tokens(model, n_prompts, n_tokens, seed)  # scored where no text asks for anything else
    pattern = heads.attention_patterns(model.transformer, tokens)
    english = model.tokens(example(model).text)[:, :12]
    text = ordinary_text(model, 1, 12, seed) if speaks_spanish(model) else english  # shown
    in_text = heads.attention_patterns(model.transformer, text)[0]
    kinds = {}
    for kind, score in heads.POSITIONAL_SCORES.items():
        scores = score(pattern)
        named, others = heads.sharing(scores, NAMED)
        head = heads.strongest(scores)
        own = heads.of_head(scores, head)
        kinds[kind] = {
            "head": str(head),
            "mean": own.mean(),
            "spread": own.std(),
            "n_named": len(named),
            "others": others,
            "pattern": in_text[head.layer, head.index],
        }
    return {"words": labels(model.strings(text[0])), "kinds": kinds}


def report(data) -> Report:
    values, claims, shown = {}, {}, []
    for kind, found in data["kinds"].items():
        head, mean = found["head"], found["mean"]
        values |= {
            kind: head,
            f"{kind}_score": mean,
            f"{kind}_others": found["others"],
            f"{kind}_n": found["n_named"],
        }
        text = f"atención media de la cabeza {head}, {kind}-token"
        claims |= either(kind, f"no_{kind}", text, mean, NAMED)
        shown.append(f"{kind}-token {head}, {decimal(mean, 2)} de la atención")
    alt = f"Patrones de atención de tres cabezas sobre una misma frase: {'; '.join(shown)}."
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    for axes, (kind, found) in zip(figure.subplots(1, 3), data["kinds"].items(), strict=True):
        axes.imshow(found["pattern"], cmap=SEQUENTIAL, vmin=0, vmax=1)
        words_on_both_sides(axes, data["words"], fontsize=14)
        attention = plus_minus(found["mean"], found["spread"])
        titled(axes, f"{kind}-token: cabeza {found['head']}\n{attention}")
    figure.supylabel("atiende…", fontsize=15)
    figure.supxlabel("…a", fontsize=15)
    return figure
