"""Bars with their intervals."""

from collections.abc import Sequence

from matplotlib.axes import Axes


def bars_with_intervals(axes: Axes, names: Sequence[str], found, color: str | Sequence[str]) -> None:
    """Draw a bar for each name; `found` holds, one above the other, means and the ends of their intervals."""
    mean, low, high = found.astype(float)
    axes.bar(names, mean, yerr=(mean - low, high - mean), color=color, capsize=4)
