"""With more sparsity more features fit: two are kept when inputs are dense, five form a pentagon when sparse."""

import torch
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, FAINT, MUTED, SIZE, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition import (
    angles_between_neighbours,
    best_of,
    feature_dimensionality,
    feature_norms,
    independent_features,
    train,
    turned_up,
)

SHARES = (1, 1 / 2, 2 / 5)  # of a dimension: alone, in an antipodal pair, in a pentagon
REPRESENTED = 0.5  # least norm of a column for its feature to count as represented


def compute(
    sparsities=(0.0, 0.5, 0.7, 0.85, 0.95, 0.99), n_features=5, hidden=2, decay=0.9, n_restarts=16, seed=0
) -> Result:
    importance = decay ** torch.arange(float(n_features))
    sampler = independent_features(torch.tensor(sparsities).repeat_interleave(n_restarts), n_features)
    models = train(sampler, importance, len(sparsities) * n_restarts, hidden, seed=seed)
    best = best_of(models, n_restarts)
    represented = (feature_norms(best.W) > REPRESENTED).sum(-1).tolist()

    # Control: without the ReLU there is no superposition, however sparse the features.
    sampler = independent_features(torch.tensor(sparsities), n_features)
    linear = train(sampler, importance, len(sparsities), hidden, seed=seed, activation=torch.Tensor.clone)
    linear_size = (
        linear.W.square().sum((-2, -1)).max().item()
    )  # ‖W‖²: how many features of norm 1 are represented

    deviation = (angles_between_neighbours(best.W[-1]) - 360 / n_features).abs().max().item()
    as_good = (models.loss.view(-1, n_restarts)[-1] <= 1.05 * best.loss[-1]).sum()
    return Result(
        data={
            "sparsity": sparsities,
            "W": turned_up(best.W),
            "dimensionality": feature_dimensionality(best.W),
            "represented": represented,
        },
        values={
            "n_features": n_features,
            "hidden": hidden,
            "densest": represented[0],
            "sparsest": represented[-1],
            "top_sparsity": sparsities[-1],
            "deviation": deviation,
            "dimensionality": feature_dimensionality(best.W[-1]).mean(),
            "linear": linear_size,
            "n_restarts": n_restarts,
            "as_good": as_good,
        },
        claims={
            "dense": Claim("características representadas con entradas densas", represented[0], 2, 2),
            "sparse": Claim("características representadas con la mayor dispersión", represented[-1], 5, 5),
            "pentagon": Claim("mayor desvío de los ángulos del pentágono", deviation, at_most=3, unit="°"),
            "linear": Claim("mayor ‖W‖² sin ReLU, en cualquier dispersión", linear_size, at_most=2.1),
        },
        alt=(
            f"Las {n_features} columnas de W en el plano para {len(sparsities)} dispersiones: "
            f"{represented[0]} con entradas densas y {represented[-1]} en pentágono con dispersión "
            f"{decimal(sparsities[-1], 2)}. Debajo, la dimensionalidad de cada característica."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    planes, bars = figure.subplots(2, len(data["sparsity"]), height_ratios=(1.15, 1), sharey="row")
    for axes, sparsity, W in zip(planes, data["sparsity"], data["W"], strict=True):
        plane(axes, 1.28)
        axes.set_title(f"$S$ = {decimal(sparsity, 2)}")
        for (x, y), color in zip(W.T, CATEGORIES, strict=False):
            axes.plot((0, x), (0, y), color=color, solid_capstyle="round", linewidth=3)
            axes.plot(x, y, "o", color=color, markersize=9)
    for axes, dimensionality in zip(bars, data["dimensionality"], strict=True):
        features = range(len(dimensionality))
        axes.bar(features, dimensionality, color=CATEGORIES[: len(features)])
        axes.set_xticks(features, [str(i + 1) for i in features])
        for share in SHARES:
            axes.axhline(share, color=FAINT, linewidth=1, zorder=0)
    bars[0].set(ylim=(0, 1.05), yticks=(0, 1), ylabel="$D_i$")
    for name, height in (("1/2", 0.56), ("2/5", 0.34)):
        bars[-1].text(1.03, height, name, color=MUTED, va="center", transform=bars[-1].get_yaxis_transform())
    figure.supxlabel(
        "característica (de más a menos importante) y dimensión $D_i$ que ocupa", color=MUTED, fontsize=15
    )
    return figure
