"""Features that occur together share the plane at right angles; features that exclude each other are antipodal."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, DIVERGING, INK, SIZE, STRONG, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition import (
    anticorrelated_pairs,
    best_of,
    correlated_pairs,
    cosines,
    independent_features,
    train,
    turned_up,
)

TITLES = {
    "correlated": "correlacionadas",
    "anticorrelated": "anticorrelacionadas",
    "independent": "independientes",
}


def compute(sparsity=0.8, hidden=2, n_groups=6, n_restarts=8, seed=0) -> Result:
    """Train each kind of pairs in `n_groups` groups of restarts; the best of each group is one observation."""
    n_instances = n_groups * n_restarts
    absent = torch.full((n_instances,), sparsity)
    samplers = {
        "correlated": correlated_pairs(absent, 2),
        "anticorrelated": anticorrelated_pairs(
            1 - 2 * (1 - absent), 2
        ),  # each feature as sparse as the others
        "independent": independent_features(absent, 4),  # control: what «pairs» do that are none
    }
    models = {
        kind: best_of(train(sampler, torch.ones(4), n_instances, hidden, seed=seed), n_restarts)
        for kind, sampler in samplers.items()
    }
    within = {kind: cosines(found.W)[:, (0, 2), (1, 3)] for kind, found in models.items()}
    best = {kind: found.W[found.loss.argmin()] for kind, found in models.items()}
    correlated = within["correlated"].abs().max().item()
    anticorrelated = within["anticorrelated"].max().item()
    return Result(
        data={
            "W": [turned_up(best[kind]) for kind in TITLES],
            "gram": [best[kind].T @ best[kind] for kind in TITLES],
            "titles": list(TITLES.values()),
        },
        values={
            **{f"{kind}_mean": cosine.mean() for kind, cosine in within.items()},
            **{f"{kind}_least": cosine.min() for kind, cosine in within.items()},
            **{f"{kind}_most": cosine.max() for kind, cosine in within.items()},
            "n_groups": n_groups,
            "n_restarts": n_restarts,
            "sparsity": sparsity,
        },
        claims={
            "correlated": Claim("mayor |coseno| dentro de un par correlacionado", correlated, at_most=0.2),
            "anticorrelated": Claim(
                "mayor coseno dentro de un par anticorrelacionado", anticorrelated, at_most=-0.9
            ),
        },
        alt=(
            "Columnas de W en el plano y matriz WᵀW para pares correlacionados (coseno medio "
            f"{decimal(within['correlated'].mean(), 2)}), anticorrelacionados "
            f"({decimal(within['anticorrelated'].mean(), 2)}) e independientes."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    planes, matrices = figure.subplots(2, 3)
    for i, (title, W, gram) in enumerate(zip(data["titles"], data["W"], data["gram"], strict=True)):
        planes[i].set_title(title, **STRONG)
        _columns(planes[i], W)
        _matrix(matrices[i], gram)
    matrices[0].set_ylabel(r"$W^\top W$", rotation=0, labelpad=30, va="center")
    return figure


def _columns(axes, W) -> None:
    plane(axes, 1.45)
    for i, (x, y) in enumerate(W.T):
        color = CATEGORIES[i // 2]
        axes.plot((0, x), (0, y), color=color, solid_capstyle="round", linewidth=3)
        axes.plot(
            x, y, "o", color=color, markersize=9, markerfacecolor=(color, "white")[i % 2], markeredgewidth=2.5
        )
        axes.annotate(str(i + 1), (1.25 * x, 1.25 * y), ha="center", va="center", color=color)


def _matrix(axes, gram) -> None:
    axes.imshow(gram, cmap=DIVERGING, norm=CenteredNorm(halfrange=1))
    axes.set(xticks=range(4), yticks=range(4), xticklabels=range(1, 5), yticklabels=range(1, 5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in [((r, c), gram[r, c]) for r in range(4) for c in range(4)]:
        color = "white" if abs(value) > 0.6 else INK
        axes.text(column, row, decimal(value, 1), ha="center", va="center", color=color, fontsize=13)
