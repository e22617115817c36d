"""The same task solved in two ways: a head looks at the right name, or the MLPs tell the names apart."""

from matplotlib.cm import ScalarMappable
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.heads import heads_map
from figures.style.look import DIVERGING, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.ioi.solution import solution
from mechinterp.model.checkpoints import bundled
from mechinterp.model.loading import load_model

FILES = (
    "mechinterp/weights/**/*.json",
    "mechinterp/weights/**/*.safetensors",
    "mechinterp/weights/**/SHA256SUMS",
)
OURS, OTHER = "bundled", "bundled-without-selection"
TITLES = {OURS: "el modelo de la clase", OTHER: "sin el término de selección"}


def compute(n_prompts=100, seed=1_000_000) -> dict:
    """Patch the same paths in all models that come with the lecture, on the same sentences."""
    found = {}
    for name in bundled():
        one = solution(load_model(name), n_prompts, seed)
        found[name] = {
            "right": one.right,
            "heads": one.by_heads,
            "effect": one.inhibition,
            "mover": str(one.routes.mover),
            "inhibitor": str(one.routes.inhibitor),
            "to_logits": one.routes.to_logits.mean(0),
            "to_queries": one.routes.to_queries.mean(0),
        }
    return {"models": found, "n_prompts": n_prompts}


def report(data) -> Report:
    models = data["models"]
    other, selected = models[OTHER], [one for name, one in models.items() if name != OTHER]
    values = {"n_prompts": data["n_prompts"], "inhibitors": [one["inhibitor"] for one in selected]}
    values |= {"movers": [one["mover"] for one in selected]}
    right = min(one["right"] for one in models.values())
    written, turned = min(one["heads"] for one in selected), max(one["effect"] for one in selected)
    claims = {
        "right": Claim("aciertos del peor modelo", right, at_least=0.97),
        "heads": Claim("parte que escriben las cabezas, con el término", written, at_least=0.8),
        "mlps": Claim("parte que escriben las cabezas, sin el término", other["heads"], at_most=0.5),
        "ours": Claim("efecto por las consultas, con el término", turned, at_most=-0.3),
        "other": Claim("efecto por las consultas, sin el término", other["effect"], at_least=-0.1),
    }
    each = (
        f"{_title(name)}, las cabezas escriben el {decimal(100 * one['heads'], 0)} % de la diferencia, y "
        f"{one['inhibitor']} cambia {decimal(one['effect'], 1)} por las consultas de {one['mover']}"
        for name, one in models.items()
    )
    return Report(values, claims, f"Dos soluciones de IOI: {'; '.join(each)}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    models = data["models"]
    panels = figure.subplots(2, len(models), sharex=True, sharey=True, squeeze=False)
    norm = CenteredNorm(halfrange=1)
    for (direct, queries), (name, one) in zip(panels.T, models.items(), strict=True):
        heads_map(direct, one["to_logits"], norm, notable=0.15)
        heads_map(queries, one["to_queries"], norm, notable=0.15)
        direct.set_title(f"{_title(name)}\n→ logits", fontsize=15, **STRONG)
        queries.set_title(f"→ consultas de {one['mover']}", fontsize=15, color=MUTED)
        direct.set_xlabel("")
    for axes in panels[:, 1:].flat:
        axes.set_ylabel("")
    colors = ScalarMappable(norm, DIVERGING)
    figure.colorbar(colors, ax=panels, label="cambio de logit(IO) − logit(S),\nen veces su valor")
    return figure


def _title(name: str) -> str:
    return TITLES.get(name) or f"semilla {name.rpartition('-')[2]}"
