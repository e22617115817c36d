"""With more sparsity more features fit: two are kept when inputs are dense, five form a pentagon when sparse."""

import torch
from matplotlib.figure import Figure

from figures.style.axes import thin_lines
from figures.style.directions import spoke
from figures.style.look import CATEGORIES, MUTED, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.superposition import geometry
from mechinterp.superposition.integration import judged
from mechinterp.superposition.model import Activation
from mechinterp.superposition.training import best_of, train_on_independent

SPARSITIES = (0.0, 0.5, 0.7, 0.85, 0.95, 0.99)
PAIRED, PENTAGON = 1 / 2, 2 / 5  # of a dimension, for each feature


def compute(sparsities=SPARSITIES, n_features=5, hidden=2, decay=0.9, n_restarts=16, seed=0) -> dict:
    importance = decay ** torch.arange(float(n_features))
    sparsity = torch.tensor(sparsities)
    restarts = sparsity.repeat_interleave(n_restarts)
    models = train_on_independent(restarts, importance, hidden, seed=seed)
    best = best_of(judged(models, importance, restarts, nodes=8), n_restarts)
    # Control: without the ReLU there is no superposition, however sparse the features.
    linear = train_on_independent(sparsity, importance, hidden, outputs=Activation.LINEAR, seed=seed)
    return {
        "sparsity": sparsities,
        "W": geometry.turned_up(best.W),
        "dimensionality": geometry.feature_dimensionality(best.W),
        "represented": geometry.represented(best.W).sum(-1),
        "angles": geometry.angles_between_neighbours(best.W[-1]),
        "linear": linear.W.square().sum((-2, -1)),  # ‖W‖²: how many features of norm 1 are represented
    }


def report(data) -> Report:
    densest, sparsest, top = data["represented"][0], data["represented"][-1], data["sparsity"][-1]
    n_features = len(data["angles"])
    deviation = abs(data["angles"] - 360 / n_features).max()
    most = data["linear"].max()
    return Report(
        values={"densest": densest, "sparsest": sparsest, "top_sparsity": top, "deviation": deviation},
        claims={
            "dense": Claim("características representadas con entradas densas", densest, 2, 2),
            "sparse": Claim("características representadas con la mayor dispersión", sparsest, 5, 5),
            "pentagon": Claim("mayor desvío de los ángulos del pentágono", deviation, at_most=3, unit="°"),
            "linear": Claim("mayor ‖W‖² sin ReLU, en cualquier dispersión", most, at_most=2.1),
        },
        alt=f"Las {n_features} columnas de W en el plano para {len(data['sparsity'])} dispersiones: {densest} con "
        f"entradas densas y {sparsest} en pentágono con dispersión {decimal(top, 2)}. "
        "Debajo, la dimensionalidad de cada característica.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    planes, bars = figure.subplots(2, len(data["sparsity"]), height_ratios=(1.25, 1), sharey="row")
    for i, sparsity in enumerate(data["sparsity"]):
        plane(planes[i], 1.3)
        planes[i].set_title(f"$S$ = {decimal(sparsity, 2)}")
        planes[i].set_xlabel(f"{data['represented'][i]} representadas", color=MUTED, fontsize=15)
        for feature, (tip, color) in enumerate(zip(data["W"][i].T, CATEGORIES, strict=False)):
            spoke(planes[i], tip, color)
            bars[i].bar(str(feature + 1), data["dimensionality"][i][feature], color=color)
        bars[i].tick_params(length=0)
        thin_lines(bars[i], y=(PAIRED, PENTAGON))
    bars[0].set(ylim=(0, 1.05), yticks=(0, 1))
    bars[0].set_ylabel("$D_i$", rotation=0, labelpad=12, va="center", fontsize=18)
    for name, share, side in (("1/2", PAIRED, "bottom"), ("2/5", PENTAGON, "top")):
        bars[-1].text(1.03, share, name, color=MUTED, va=side, transform=bars[-1].get_yaxis_transform())
    legend = "característica, de más a menos importante, y parte $D_i$ de una dimensión que ocupa"
    figure.supxlabel(legend, fontsize=16)
    return figure
