"""Superposition sets in at once: a second feature is left out, gets a dimension or shares it, as theory says."""

import torch
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, FAINT, INK, MUTED, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition.geometry import feature_dimensionality, represented
from mechinterp.superposition.model import Activation
from mechinterp.superposition.phases import (
    measured_phase,
    phase_boundary,
    phase_losses,
    predicted_phase,
    train_grid,
)
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import train

SHADES = ("#e5e7eb", "#a7d8c8", "#a9cbe8")  # left out, sharing the dimension, having it alone
NAMES = (
    ("no se\nrepresenta", 1.1, 0.22),
    ("superposición:\npar antipodal", 3.4, 1),
    ("la dimensión\nentera", 1.1, 4.5),
    ("— teoría", 6.4, 7.3),
)
SHARES = (("1", 1), ("2/3", 2 / 3), ("1/2", 1 / 2), ("2/5", 2 / 5))
PLATEAU = (2.2, 3.8)  # of 1/(1 − S): where features are expected in antipodal pairs
NEAR = 0.02  # to a half, for a feature's share of a dimension to be that of a pair


def compute(side=16, n_restarts=14, n_sparsities=18, n_features=60, hidden=6, seed=0) -> Result:
    grid = torch.meshgrid(torch.logspace(-1, 1, side), 1 - torch.logspace(0, -1.3, side), indexing="ij")
    best = train_grid(grid[0].flatten(), grid[1].flatten(), n_restarts, seed)
    measured = measured_phase(best.W).view(side, side)
    agreement = (measured == predicted_phase(*grid)).float().mean().item()
    excess = (best.loss.view(side, side) / phase_losses(*grid).min(-1).values).max().item() - 1

    density = torch.logspace(0, -1, n_sparsities)  # 1 − S
    alike = torch.ones(n_features)
    many = train(independent_features(1 - density, n_features), alike, n_sparsities, hidden, seed=seed)
    shares = [feature_dimensionality(W)[represented(W)] for W in many.W]
    within = [s for s, d in zip(shares, density, strict=True) if PLATEAU[0] <= 1 / d <= PLATEAU[1]]
    paired = ((torch.cat(within) - 1 / 2).abs() < NEAR).float().mean().item()
    # Control: without the ReLU a dimension holds one feature's worth, however sparse.
    ends = independent_features(1 - density[[0, -1]], n_features)
    linear = train(ends, alike, 2, hidden, outputs=Activation.LINEAR, seed=seed)
    linear_share = (hidden / linear.W.square().sum((-2, -1))).min().item()
    fine = torch.logspace(0, -1.3, 200)
    return Result(
        data={
            "grid": (1 / (1 - grid[1][0]), grid[0][:, 0], measured),
            "theory": (1 / fine, phase_boundary(1 - fine)),
            "inverse_density": 1 / density,
            "mean_share": hidden / many.W.square().sum((-2, -1)),
            "shares": shares,
            "many": f"{n_features} características iguales en {hidden} dimensiones",
        },
        values={
            "agreement": agreement,
            "excess": excess,
            "paired": paired,
            "plateau_from": PLATEAU[0],
            "plateau_to": PLATEAU[1],
            "linear": linear_share,
            "n_models": side**2,
            "n_restarts": n_restarts,
            "n_features": n_features,
            "hidden": hidden,
        },
        claims={
            "agreement": Claim("fase medida igual a la de la teoría", agreement, at_least=0.9),
            "excess": Claim("mayor exceso de pérdida sobre la forma cerrada", excess, at_most=0.02),
            "plateau": Claim("características en par antipodal, en la meseta", paired, at_least=0.95),
            "linear": Claim("menor dimensión por característica sin ReLU", linear_share, at_least=0.95),
        },
        alt=(
            "Izquierda: qué recibe la segunda de dos características según su importancia y la dispersión; coincide "
            f"con la teoría en el {decimal(100 * agreement, 0)} % de {side**2} casos. Derecha: la parte de dimensión "
            f"de {n_features} características en {hidden} dimensiones, con una meseta en 1/2."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    phases, plateaus = figure.subplots(1, 2, width_ratios=(1, 1.25))
    shading = {"cmap": ListedColormap(SHADES), "vmin": 0, "vmax": 2, "rasterized": True}
    phases.pcolormesh(*data["grid"], **shading)
    for x, boundary in (data["theory"], (data["theory"][0], 1 / data["theory"][1])):
        phases.plot(x, boundary, color=INK)
    for name, x, y in NAMES:
        phases.text(x, y, name, va="center", linespacing=1.1, **STRONG)
    phases.set_title("2 características en 1 dimensión", loc="left")
    phases.set(xscale="log", yscale="log", xlim=(1, 19), ylim=(0.11, 9), ylabel="importancia de la segunda")
    phases.set_yticks((0.2, 1, 5), ("0,2", "1", "5"))
    for x, shares in zip(data["inverse_density"], data["shares"], strict=True):
        dots = {"alpha": 0.35, "markersize": 8, "markeredgewidth": 0}
        plateaus.plot([x] * len(shares), shares, "o", color=CATEGORIES[0], **dots)
    plateaus.plot(data["inverse_density"], data["mean_share"], color=CATEGORIES[1], zorder=1)
    for name, share in SHARES:
        plateaus.axhline(share, color=FAINT, linewidth=1, zorder=0)
        plateaus.text(11.2, share, name, color=MUTED, va="center")
    plateaus.text(1.75, 0.85, r"media: $m\,/\,\Vert W\Vert_F^2$", color=CATEGORIES[1])
    plateaus.text(2.4, 0.56, "$D_i$ de cada una", color=CATEGORIES[0])
    plateaus.set_title(data["many"], loc="left")
    plateaus.set(
        xscale="log", xlim=(0.95, 10.8), ylim=(0, 1.08), yticks=(0, 1), ylabel="parte de una dimensión"
    )
    for axes in (phases, plateaus):
        axes.set_xlabel("$1/(1-S)$: más dispersión →")
        axes.set_xticks((1, 2, 5, 10), ("1", "2", "5", "10"))
        axes.minorticks_off()
    return figure
