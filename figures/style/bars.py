"""Bars: with their intervals, ranked, or several at each place."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.container import BarContainer

from figures.style.look import CATEGORIES, PALE


def bars_with_intervals(axes: Axes, found: Mapping[str, Sequence[float]], color: str | Sequence[str]) -> None:
    """Draw a bar for each name that has a mean and the ends of its interval."""
    mean, low, high = np.array(list(found.values()), dtype=float).T
    axes.bar(list(found), mean, yerr=(mean - low, high - mean), color=color, capsize=4)


def ranked_bars(axes: Axes, ranked: Mapping[str, Sequence[float]], others: float, counts: float) -> None:
    """Draw heads in order, in colour where the mean is at least `counts` in size, and beside them all others' mean."""
    colors = [CATEGORIES[0] if abs(mean) >= counts else PALE for mean, _, _ in ranked.values()]
    bars_with_intervals(axes, ranked, colors)
    axes.bar("otras,\nde media", others, color=PALE)
    axes.axhline(0, color=PALE, linewidth=1)


def grouped_bars(
    axes: Axes,
    names: Sequence[str],
    series: Mapping[str, Sequence[float]],
    colors: Sequence[str] = CATEGORIES,
    intervals: Mapping[str, np.ndarray] | None = None,
) -> list[BarContainer]:
    """Draw, at each name, one bar of each series, side by side, with a label for the legend.

    `intervals` has, by series, the low and the high ends, one row of each.
    """
    rows, width = np.arange(len(names)), 0.8 / len(series)
    drawn = []
    for i, (label, values) in enumerate(series.items()):
        at = rows + width * (i + 0.5) - 0.4
        drawn.append(axes.bar(at, values, width=0.95 * width, color=colors[i], label=label))
        if intervals:
            low, high = intervals[label]
            axes.vlines(at, low, high, color="black", linewidth=1.5)
    axes.set_xticks(rows, names)
    return drawn
