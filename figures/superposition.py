"""With more sparsity more features fit: two are kept when inputs are dense, five form a pentagon when sparse."""

import torch
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, FAINT, MUTED, SIZE, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition.geometry import (
    angles_between_neighbours,
    feature_dimensionality,
    represented,
    turned_up,
)
from mechinterp.superposition.integration import judged
from mechinterp.superposition.model import Activation
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train

SHARES = (
    ("1/2", 1 / 2, "bottom"),
    ("2/5", 2 / 5, "top"),
)  # of a dimension: in an antipodal pair, in a pentagon


def compute(
    sparsities=(0.0, 0.5, 0.7, 0.85, 0.95, 0.99), n_features=5, hidden=2, decay=0.9, n_restarts=16, seed=0
) -> Result:
    importance = decay ** torch.arange(float(n_features))
    sparsity = torch.tensor(sparsities).repeat_interleave(n_restarts)
    models = train(independent_features(sparsity, n_features), importance, len(sparsity), hidden, seed=seed)
    models = judged(models, importance, sparsity, nodes=8)
    best = best_of(models, n_restarts)
    n_represented = represented(best.W).sum(-1).tolist()

    # Control: without the ReLU there is no superposition, however sparse the features.
    sampler = independent_features(torch.tensor(sparsities), n_features)
    linear = train(sampler, importance, len(sparsities), hidden, seed=seed, outputs=Activation.LINEAR)
    linear_size = linear.W.square().sum((-2, -1)).max()  # ‖W‖²: how many features of norm 1 are represented

    deviation = (angles_between_neighbours(best.W[-1]) - 360 / n_features).abs().max().item()
    as_good = (models.loss.view(-1, n_restarts)[-1] <= 1.05 * best.loss[-1]).sum()
    return Result(
        data={
            "sparsity": sparsities,
            "W": turned_up(best.W),
            "dimensionality": feature_dimensionality(best.W),
            "represented": n_represented,
        },
        values={
            "n_features": n_features,
            "hidden": hidden,
            "densest": n_represented[0],
            "sparsest": n_represented[-1],
            "top_sparsity": sparsities[-1],
            "deviation": deviation,
            "dimensionality": feature_dimensionality(best.W[-1]).mean(),
            "linear": linear_size,
            "n_restarts": n_restarts,
            "as_good": as_good,
        },
        claims={
            "dense": Claim("características representadas con entradas densas", n_represented[0], 2, 2),
            "sparse": Claim("características representadas con la mayor dispersión", n_represented[-1], 5, 5),
            "pentagon": Claim("mayor desvío de los ángulos del pentágono", deviation, at_most=3, unit="°"),
            "linear": Claim("mayor ‖W‖² sin ReLU, en cualquier dispersión", linear_size.item(), at_most=2.1),
        },
        alt=(
            f"Las {n_features} columnas de W en el plano para {len(sparsities)} dispersiones: "
            f"{n_represented[0]} con entradas densas y {n_represented[-1]} en pentágono con dispersión "
            f"{decimal(sparsities[-1], 2)}. Debajo, la dimensionalidad de cada característica."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    planes, bars = figure.subplots(2, len(data["sparsity"]), height_ratios=(1.25, 1), sharey="row")
    columns = zip(planes, data["sparsity"], data["W"], data["represented"], strict=True)
    for axes, sparsity, W, n_represented in columns:
        plane(axes, 1.3)
        axes.set_title(f"$S$ = {decimal(sparsity, 2)}")
        axes.set_xlabel(f"{n_represented} representadas", color=MUTED, fontsize=15)
        for (x, y), color in zip(W.T, CATEGORIES, strict=False):
            axes.plot((0, x), (0, y), color=color, solid_capstyle="round", linewidth=3.5)
            axes.plot(x, y, "o", color=color, markersize=10)
    for axes, dimensionality in zip(bars, data["dimensionality"], strict=True):
        features = range(len(dimensionality))
        axes.bar(features, dimensionality, color=CATEGORIES[: len(features)])
        axes.set_xticks(features, [str(i + 1) for i in features])
        axes.tick_params(length=0)
        for _, share, _ in SHARES:
            axes.axhline(share, color=FAINT, linewidth=1, zorder=0)
    bars[0].set(ylim=(0, 1.05), yticks=(0, 1))
    bars[0].set_ylabel("$D_i$", rotation=0, labelpad=12, va="center", fontsize=18)
    for name, share, side in SHARES:
        bars[-1].text(1.03, share, name, color=MUTED, va=side, transform=bars[-1].get_yaxis_transform())
    figure.supxlabel(
        "característica, de más a menos importante, y parte $D_i$ de una dimensión que ocupa", fontsize=16
    )
    return figure
