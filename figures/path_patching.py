"""Path patching on IOI: one head writes the answer, and another tells it, through its queries, where to look."""

from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.heads import heads_map
from figures.style.look import lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import of_head, of_others
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.routes import routes
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval


def compute(model: Model, n_prompts=200, seed=1_000_000) -> dict:
    """Noise: paths of the clean run carry what their head does when the other one gives."""
    asked = prompts(model, n_prompts, seed)
    both = pairs(model, asked, Corruption.SWAPPED)
    found = routes(model, asked, both)
    before = found.to_queries[:, : found.mover.layer]  # the heads that have a path to the queries
    return {
        "difference": both.clean_diff.mean(),
        "to_logits": found.to_logits.mean(0),
        "to_queries": found.to_queries.mean(0),
        "mover": str(found.mover),
        "inhibitor": str(found.inhibitor),
        "effect": mean_with_interval(of_head(before, found.inhibitor)),
        "others": of_others(before, found.inhibitor).mean(),
    }


def report(data) -> Report:
    mover, inhibitor, direct = data["mover"], data["inhibitor"], data["to_logits"].min()
    effect, low, high = data["effect"]
    values = {name: data[name] for name in ("mover", "inhibitor", "others", "difference")}
    claims = {
        "mover": Claim(f"efecto directo de {mover} en los logits", direct, at_most=-0.5),
        "inhibitor": Claim(f"efecto de {inhibitor} por las consultas de {mover}", effect, at_most=-0.3),
    }
    alt = (
        f"Efecto del camino directo de cada cabeza a los logits, con {mover} a la cabeza ({decimal(direct, 1)} veces "
        f"la diferencia), y a las consultas de {mover}, con {inhibitor} ({decimal(effect, 1)})."
    )
    return Report({**values, "effect": effect, "low": low, "high": high}, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    direct, queries = panels = figure.subplots(1, 2, sharey=True)
    norm = CenteredNorm(halfrange=max(abs(data["to_logits"]).max(), abs(data["to_queries"]).max()))
    image = heads_map(direct, data["to_logits"], norm, notable=0.05, decimals=2)
    heads_map(queries, data["to_queries"], norm, notable=0.05, decimals=2)
    titled(direct, "camino directo de cada cabeza a los logits")
    titled(queries, f"camino a las consultas de {data['mover']}", ylabel="")
    figure.colorbar(image, ax=panels, label="cambio de logit(IO) − logit(S),\nen veces su valor")
    return figure
