"""Lines: through the means of what was measured several times, and across at what it is compared with."""

from collections.abc import Mapping
from typing import Any

from matplotlib.axes import Axes

from figures.style.look import MUTED


def line_with_range(axes: Axes, x: Any, y: Any, color: str, label: str = "") -> None:
    """Draw a line through the means of arrays [time, point], with bars from the least to the greatest y."""
    across, up = x.mean(0), y.mean(0)
    axes.plot(across, up, "o-", color=color, markersize=8, label=label)
    axes.vlines(across, y.min(0), y.max(0), color=color, linewidth=2)


def two_named_lines(axes: Axes, heights: Mapping[str, float]) -> None:
    """Draw two dashed lines across, their names at the right edge: the first's above its line, the second's below."""
    for (name, y), side in zip(heights.items(), ("bottom", "top"), strict=True):
        axes.axhline(y, color=MUTED, linewidth=1.5, linestyle="--")
        where = axes.get_yaxis_transform()  # a share of the width, and a height
        axes.text(1, y, name, transform=where, color=MUTED, fontsize=14, ha="right", va=side)
