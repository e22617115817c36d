"""Directions in a plane: each a line from the origin with a dot at its tip."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes


def spoke(axes: Axes, tip: Sequence[float], color: str, **dot: Any) -> None:
    """Draw one direction; `dot` says what else the dot at its tip is to be, in Matplotlib's words."""
    x, y = tip
    axes.plot((0, x), (0, y), color=color, solid_capstyle="round", linewidth=3.5)
    axes.plot(x, y, "o", color=color, markersize=10, **dot)
