"""Direct logit attribution on IOI: almost all of the difference is written by one head, from the name it looks at."""

from matplotlib.figure import Figure

from figures.style.bars import bars_with_intervals, ranked_bars
from figures.style.look import CATEGORIES, MUTED, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import of_head, ranked, strongest
from mechinterp.ioi.circuit import MIN_SHARE
from mechinterp.ioi.moved import moved_from
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.without import direct_effects
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

# A name, and the token after it, to which a previous-token head may have carried it.
SOURCES = {"IO": ("IO", 0), "IO + 1": ("IO", 1), "S1": ("S1", 0), "S1 + 1": ("S1", 1), "S2": ("S2", 0)}


def compute(model: Model, n_prompts=300, shown=8, seed=1_000_000) -> dict:
    asked = prompts(model, model.affordable(n_prompts), seed)
    direct = direct_effects(model, asked)
    mover = strongest(direct)
    moved = moved_from(model, asked, tuple(SOURCES.values()))[:, mover.layer, mover.index]
    sources = dict(zip(SOURCES, moved.T, strict=True))
    sources["otras"] = of_head(direct, mover) - moved.sum(1)
    return {
        "n_prompts": len(asked),
        "least": MIN_SHARE,
        "difference": asked.difference(model.transformer).mean(),
        "written_by_all": direct.sum((1, 2)).mean(),
        "ranked": ranked(direct, shown),
        "mover": str(mover),
        "written": mean_with_interval(of_head(direct, mover)),
        "sources": {name: mean_with_interval(source) for name, source in sources.items()},
    }


def report(data) -> Report:
    mover, difference, (written, low, high) = data["mover"], data["difference"], data["written"]
    values = {"mover": mover, "mover_logits": written, "low": low, "high": high, "difference": difference}
    values |= {"n_prompts": data["n_prompts"]}
    values |= {"source": max(data["sources"], key=lambda name: data["sources"][name][0])}
    values |= {"n_writing": sum(mean >= written / 2 for mean, _, _ in data["ranked"][0].values())}
    share, surely = data["written_by_all"] / difference, f"parte que escribe {mover}, extremo de su intervalo"
    claims = {
        "heads": Claim("parte de la diferencia que escriben las cabezas", share, at_least=0.5),
        "mover": Claim(surely, low / difference, at_least=data["least"]),
    }
    alt = (
        f"Contribución directa de cada cabeza a logit(IO) − logit(S): la cabeza {mover} escribe "
        f"{decimal(written, 1)} de {decimal(difference, 1)} logits."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    heads, bars = figure.subplots(1, 2, width_ratios=(1.4, 1))
    ranked_bars(heads, *data["ranked"], counts=1)
    titled(heads, "contribución directa de cada cabeza")
    heads.set_ylabel("logits (media, IC del 95 %)")
    bars.axhline(0, color=MUTED, linewidth=1)
    bars_with_intervals(bars, data["sources"], CATEGORIES[0])
    titled(bars, f"la de {data['mover']}, según la posición que atiende")
    return figure
