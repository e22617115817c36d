"""Features that occur together share the plane at right angles; features that exclude each other are antipodal."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, DIVERGING, FAINT, INK, SIZE, STRONG, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition.geometry import cosines, turned_up
from mechinterp.superposition.samplers import anticorrelated_pairs, correlated_pairs, independent_features
from mechinterp.superposition.training import best_of, train

TITLES = {
    "correlated": "correlacionadas",
    "anticorrelated": "anticorrelacionadas",
    "independent": "independientes",
}


def compute(sparsity=0.8, hidden=2, n_groups=10, n_restarts=8, seed=0) -> Result:
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
    within = {kind: cosines(found.W)[:, (0, 2), (1, 3)].flatten() for kind, found in models.items()}
    best = {kind: found.W[found.loss.argmin()] for kind, found in models.items()}
    correlated = within["correlated"].abs().max().item()
    anticorrelated = within["anticorrelated"].max().item()
    return Result(
        data={
            "W": [turned_up(best[kind]) for kind in TITLES],
            "gram": [best[kind].T @ best[kind] for kind in TITLES],
            "cosines": [within[kind] for kind in TITLES],
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
            f"({decimal(within['anticorrelated'].mean(), 2)}) e independientes; "
            "a la derecha, el coseno de cada par en cada entrenamiento."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 1, 1.15))
    for i, (title, W, gram) in enumerate(zip(data["titles"], data["W"], data["gram"], strict=True)):
        upper, lower = figure.add_subplot(grid[0, i]), figure.add_subplot(grid[1, i])
        upper.set_title(title, **STRONG)
        _columns(upper, W)
        _matrix(lower, gram)
        if i == 0:
            lower.set_ylabel(r"$W^\top W$", rotation=0, labelpad=30, va="center")
    _strip(figure.add_subplot(grid[:, 3]), data["titles"], data["cosines"])
    return figure


def _columns(axes, W) -> None:
    plane(axes, 1.5)
    for i, (x, y) in enumerate(W.T):
        color, face = CATEGORIES[i // 2], (CATEGORIES[i // 2], "white")[i % 2]
        axes.plot((0, x), (0, y), color=color, solid_capstyle="round", linewidth=3.5)
        axes.plot(x, y, "o", color=color, markersize=10, markerfacecolor=face, markeredgewidth=2.5)
        axes.annotate(str(i + 1), (1.32 * x, 1.32 * y), ha="center", va="center", color=color, **STRONG)


def _matrix(axes, gram) -> None:
    axes.imshow(gram, cmap=DIVERGING, norm=CenteredNorm(halfrange=1.5))
    axes.set(xticks=range(4), yticks=range(4), xticklabels=range(1, 5), yticklabels=range(1, 5))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for (row, column), value in [((r, c), gram[r, c]) for r in range(4) for c in range(4)]:
        color = "white" if abs(value) > 0.75 else INK
        axes.text(column, row, decimal(value, 1), ha="center", va="center", color=color, fontsize=14)


def _strip(axes, titles, groups) -> None:
    axes.set_title("coseno en cada par", loc="left")
    for row, group in enumerate(groups):
        heights = [row + 0.3 * (i % 5 - 2) / 2 for i in range(len(group))]  # so that equal ones are all seen
        axes.plot(group, heights, "o", color=CATEGORIES[2], alpha=0.5, markersize=9, markeredgewidth=0)
        axes.text(-1.05, row - 0.42, titles[row], va="center", fontsize=14)
    for cosine in (-1, 0, 1):
        axes.axvline(cosine, color=FAINT, linewidth=1, zorder=0)
    axes.set(xlim=(-1.15, 1.15), ylim=(2.5, -0.6), xticks=(-1, 0, 1), yticks=[])
    axes.set_xticklabels(["−1\nopuestas", "0\náng. recto", "1\niguales"])
    axes.spines["left"].set_visible(False)
