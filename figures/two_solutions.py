"""The same task solved in two ways: a head looks at the right name, or the MLPs tell the names apart."""

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, lecture_style, titled
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
TITLES = {OURS: "el de la clase", OTHER: "sin el término\nde selección"}


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
    written, turned = figure.subplots(1, 2, sharey=True)
    models = data["models"]
    names = [_title(name) for name in models]
    colors = [ACCENT if name == OTHER else CATEGORIES[0] for name in models]
    drawn = written.barh(names, [one["heads"] for one in models.values()], color=colors)
    written.bar_label(drawn, [f"{decimal(100 * one['heads'], 0)} %" for one in models.values()], padding=5)
    titled(written, "parte de la diferencia que escriben las cabezas", xlim=(0, 1.25), xticks=(0, 0.5, 1))
    drawn = turned.barh(names, [one["effect"] for one in models.values()], color=colors)
    edges = [f"{one['inhibitor']} → {one['mover']}: {decimal(one['effect'], 2)}" for one in models.values()]
    turned.bar_label(drawn, edges, padding=5)
    titled(turned, "camino más fuerte a las consultas de la que escribe")
    turned.set(xlim=(-1.75, 0), xticks=(-1, -0.5, 0), xlabel="cambio de la diferencia, en veces su valor")
    written.invert_yaxis()
    return figure


def _title(name: str) -> str:
    return TITLES.get(name) or f"semilla {name.rpartition('-')[2]}"
