"""Bars with their intervals."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes


def bars_with_intervals(axes: Axes, found: Mapping[str, Sequence[float]], color: str | Sequence[str]) -> None:
    """Draw a bar for each name that has a mean and the ends of its interval."""
    mean, low, high = np.array(list(found.values()), dtype=float).T
    axes.bar(list(found), mean, yerr=(mean - low, high - mean), color=color, capsize=4)
