"""Path patching on IOI: one head writes the answer, and another tells it, through its queries, where to look."""

from matplotlib.figure import Figure

from figures.style.bars import ranked_bars
from figures.style.look import lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import of_head, of_others, ranked
from mechinterp.ioi.circuit import MIN_SHARE
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.routes import routes
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval


def compute(model: Model, n_prompts=200, shown=6, seed=1_000_000) -> dict:
    """Noise: paths of the clean run carry what their head does when the other one gives."""
    asked = prompts(model, model.affordable(n_prompts, runs=10), seed)
    both = pairs(model, asked, Corruption.SWAPPED)
    found = routes(model, asked, both)
    before = found.to_queries[:, : found.mover.layer]  # the heads that have a path to the queries
    return {
        "n_prompts": len(asked),
        "least": MIN_SHARE,
        "difference": both.clean_diff.mean(),
        "to_logits": ranked(found.to_logits, shown),
        "to_queries": ranked(before, shown),
        "mover": str(found.mover),
        "inhibitor": str(found.inhibitor),
        "effect": mean_with_interval(of_head(before, found.inhibitor)),
        "others": of_others(before, found.inhibitor).mean(),
    }


def report(data) -> Report:
    mover, inhibitor, least = data["mover"], data["inhibitor"], data["least"]
    effects, (effect, low, high) = data["to_logits"][0], data["effect"]
    direct, _, highest = effects[mover]
    values = {name: data[name] for name in ("n_prompts", "mover", "inhibitor", "others", "difference")}
    values |= {"n_writing": sum(mean <= direct / 2 for mean, _, _ in effects.values())}
    through = f"efecto de {inhibitor} por las consultas de {mover}, extremo de su intervalo"
    claims = {
        "mover": Claim(f"efecto directo de {mover}, extremo de su intervalo", highest, at_most=-least),
        "inhibitor": Claim(through, high, at_most=-least),
    }
    alt = (
        f"Efecto del camino directo de cada cabeza a los logits, con {mover} a la cabeza ({decimal(direct, 1)} veces "
        f"la diferencia), y a las consultas de {mover}, con {inhibitor} ({decimal(effect, 1)})."
    )
    return Report({**values, "effect": effect, "low": low, "high": high}, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    direct, queries = figure.subplots(1, 2, sharey=True)
    for axes, found in ((direct, data["to_logits"]), (queries, data["to_queries"])):
        ranked_bars(axes, *found, counts=0.5)
    titled(direct, "camino directo de cada cabeza a los logits")
    titled(queries, f"camino a las consultas de {data['mover']}")
    direct.set_ylabel("cambio de logit(IO) − logit(S),\nen veces su valor (IC del 95 %)")
    return figure
