"""Superposition sets in at once: a second feature is left out, gets a dimension or shares it, as theory says."""

import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from figures.style.axes import named_ticks, thin_lines
from figures.style.look import CATEGORIES, INK, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.superposition.geometry import antipodal, dimensions_per_feature, shares_of_dimensions
from mechinterp.superposition.model import Activation
from mechinterp.superposition.phases import phase_boundary, phase_diagram
from mechinterp.superposition.training import train_on_independent

SHADES = ListedColormap(("#e5e7eb", "#a7d8c8", "#a9cbe8"))  # left out, sharing the dimension, having it alone
NAMES = {
    "no se\nrepresenta": (1.1, 0.22),
    "superposición:\npar antipodal": (3.4, 1),
    "la dimensión\nentera": (1.1, 4.5),
    "— teoría": (6.4, 7.3),
}
PLATEAU = (2.2, 3.8)  # of 1/(1 − S): where features are expected in antipodal pairs


def compute(side=16, n_restarts=14, n_sparsities=18, n_features=60, hidden=6, seed=0) -> dict:
    importance, density = torch.logspace(-1, 1, side), torch.logspace(0, -1.3, side)  # density: 1 − S
    diagram = phase_diagram(importance, 1 - density, n_restarts, seed)
    fine = torch.logspace(0, -1.3, 200)
    densities, alike = torch.logspace(0, -1, n_sparsities), torch.ones(n_features)
    many = train_on_independent(1 - densities, alike, hidden, seed=seed)
    shares = [shares_of_dimensions(W) for W in many.W]
    within = [s for s, d in zip(shares, densities, strict=True) if PLATEAU[0] <= 1 / d <= PLATEAU[1]]
    # Control: without the ReLU a dimension holds one feature's worth, however sparse.
    linear = train_on_independent(1 - densities[[0, -1]], alike, hidden, outputs=Activation.LINEAR, seed=seed)
    return {
        "phases": (1 / density, importance, diagram.measured),
        "theory": (1 / fine, phase_boundary(1 - fine)),
        "agreement": diagram.agreement,
        "excess": diagram.excess,
        "sizes": (n_features, hidden),
        "shares": (1 / densities, shares, dimensions_per_feature(many.W)),
        "paired": antipodal(torch.cat(within)).float().mean(),
        "linear": dimensions_per_feature(linear.W).min(),
    }


def report(data) -> Report:
    agreement, n_models, (n_features, hidden) = data["agreement"], data["phases"][2].size, data["sizes"]
    return Report(
        values={"n_models": n_models, "plateau_from": PLATEAU[0], "plateau_to": PLATEAU[1]},
        claims={
            "agreement": Claim("fase medida igual a la de la teoría", agreement, at_least=0.9),
            "excess": Claim("mayor exceso de pérdida sobre la forma cerrada", data["excess"], at_most=0.02),
            "plateau": Claim("características en par antipodal, en la meseta", data["paired"], at_least=0.95),
            "linear": Claim("menor dimensión por característica sin ReLU", data["linear"], at_least=0.95),
        },
        alt="Izquierda: qué recibe la segunda de dos características según su importancia y la dispersión; coincide "
        f"con la teoría en el {decimal(100 * agreement, 0)} % de {n_models} casos. Derecha: la parte de dimensión "
        f"de {n_features} características en {hidden} dimensiones, con una meseta en 1/2.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.25))
    left.pcolormesh(*data["phases"], cmap=SHADES, vmin=0, vmax=2, rasterized=True)
    inverse_density, boundary = data["theory"]
    left.plot(inverse_density, boundary, inverse_density, 1 / boundary, color=INK)
    for name, place in NAMES.items():
        left.text(*place, name, va="center", linespacing=1.1, **STRONG)
    left.set_title("2 características en 1 dimensión", loc="left")
    left.set(xscale="log", yscale="log", xlim=(1, 19), ylim=(0.11, 9), ylabel="importancia de la segunda")
    named_ticks(left.yaxis, {"0,2": 0.2, "1": 1, "5": 5})
    inverse_density, shares, mean = data["shares"]
    for x, each in zip(inverse_density, shares, strict=True):
        right.plot([x] * len(each), each, "o", color=CATEGORIES[0], mfc="none", ms=8, mew=1.2)
    right.plot(inverse_density, mean, color=CATEGORIES[1], zorder=1)
    for name, share in {"1": 1, "2/3": 2 / 3, "1/2": 1 / 2, "2/5": 2 / 5}.items():
        thin_lines(right, y=[share])
        right.text(11.2, share, name, color=MUTED, va="center")
    right.text(1.75, 0.85, r"media: $m\,/\,\Vert W\Vert_F^2$", color=CATEGORIES[1])
    right.text(2.4, 0.56, "$D_i$ de cada una", color=CATEGORIES[0])
    right.set_title("{} características iguales en {} dimensiones".format(*data["sizes"]), loc="left")
    right.set(xscale="log", xlim=(0.95, 10.8), ylim=(0, 1.08), yticks=(0, 1), ylabel="parte de una dimensión")
    for axes in (left, right):
        axes.set_xlabel("$1/(1-S)$: más dispersión →")
        named_ticks(axes.xaxis, {"1": 1, "2": 2, "5": 5, "10": 10})
    return figure
