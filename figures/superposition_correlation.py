"""Features that occur together share the plane at right angles; features that exclude each other are antipodal."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.axes import thin_lines
from figures.style.directions import spoke
from figures.style.heads import labelled_map
from figures.style.look import CATEGORIES, ON_WHITE, STRONG, lecture_style, plane
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.superposition.geometry import cosines, turned_up
from mechinterp.superposition.samplers import anticorrelated_pairs, correlated_pairs, independent_features
from mechinterp.superposition.training import best_of, train

TITLES = ("correlacionadas", "anticorrelacionadas", "independientes")


def compute(sparsity=0.8, hidden=2, n_groups=10, n_restarts=8, seed=0) -> dict:
    """Train each kind of pairs in `n_groups` groups of restarts; the best of each group is one observation."""
    absent = torch.full((n_groups * n_restarts,), sparsity)
    samplers = {
        "correlated": correlated_pairs(absent, 2),
        "anticorrelated": anticorrelated_pairs(1 - 2 * (1 - absent), 2),  # each feature as sparse as others
        "independent": independent_features(absent, 4),  # control: what «pairs» do that are none
    }
    found = {}
    for kind, sampler in samplers.items():
        models = best_of(train(sampler, torch.ones(4), len(absent), hidden, seed=seed), n_restarts)
        best, within = models.W[models.loss.argmin()], cosines(models.W)[:, (0, 2), (1, 3)]
        found[kind] = {"W": turned_up(best), "gram": best.T @ best, "cosines": within.flatten()}
    return found


def report(data) -> Report:
    together, apart, independent = (found["cosines"] for found in data.values())
    means = {f"{kind}_mean": found["cosines"].mean() for kind, found in data.items()}
    extremes = {"independent_least": independent.min(), "independent_most": independent.max()}
    most, apart_most = abs(together).max(), apart.max()
    return Report(
        values=means | extremes,
        claims={
            "correlated": Claim("mayor |coseno| dentro de un par correlacionado", most, at_most=0.2),
            "anticorrelated": Claim(
                "mayor coseno dentro de un par anticorrelacionado", apart_most, at_most=-0.9
            ),
        },
        alt="Columnas de W en el plano y matriz WᵀW para pares correlacionados (coseno medio "
        f"{decimal(together.mean(), 2)}), anticorrelacionados ({decimal(apart.mean(), 2)}) e independientes; "
        "a la derecha, el coseno de cada par en cada entrenamiento.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    grid = figure.add_gridspec(2, 4, width_ratios=(1, 1, 1, 1.15))
    for i, (title, found) in enumerate(zip(TITLES, data.values(), strict=True)):
        columns, gram = figure.add_subplot(grid[0, i]), figure.add_subplot(grid[1, i])
        columns.set_title(title, **STRONG)
        _columns(columns, found["W"])
        labelled_map(gram, found["gram"], CenteredNorm(halfrange=1.5), notable=0)
        gram.set(aspect="equal", xticks=range(4), xticklabels=range(1, 5), yticklabels=range(1, 5))
    figure.axes[1].set_ylabel(r"$W^\top W$", rotation=0, labelpad=30, va="center")
    _strip(figure.add_subplot(grid[:, 3]), [found["cosines"] for found in data.values()])
    return figure


def _columns(axes, W) -> None:
    plane(axes, 1.65)
    for i, (x, y) in enumerate(W.T):
        color = CATEGORIES[i // 2]
        spoke(axes, (x, y), color, markerfacecolor=(color, "white")[i % 2], markeredgewidth=2.5)
        axes.annotate(
            str(i + 1), (1.45 * x, 1.45 * y), ha="center", va="center", color=color, bbox=ON_WHITE, **STRONG
        )


def _strip(axes, groups) -> None:
    axes.set_title("coseno en cada par", loc="left")
    for row, (title, group) in enumerate(zip(TITLES, groups, strict=True)):
        heights = [row + 0.3 * (i % 5 - 2) / 2 for i in range(len(group))]  # so that equal ones are all seen
        axes.plot(group, heights, "o", color=CATEGORIES[2], markersize=9, markeredgecolor="white")
        axes.text(-1.05, row - 0.42, title, va="center", fontsize=14)
    thin_lines(axes, x=(-1, 0, 1))
    axes.set(xlim=(-1.15, 1.15), ylim=(2.5, -0.6), yticks=[])
    axes.set_xticks((-1, 0, 1), ("−1\nopuestas", "0\náng. recto", "1\niguales"))
    axes.spines["left"].set_visible(False)
