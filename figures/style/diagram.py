"""Boxes and arrows."""

from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

Point = tuple[float, float]


def box(
    axes: Axes,
    center: Point,
    size: tuple[float, float],
    color: str,
    text: str = "",
    ink: str = "",
    fontsize: int = 14,
) -> None:
    """Draw a box with rounded corners and a text in it; filled where `ink`, the text's colour, is given."""
    (x, y), (width, height) = center, size
    face = color if ink else "white"
    corner = (x - width / 2, y - height / 2)
    style: dict[str, Any] = {
        "boxstyle": "round,pad=0.02",
        "facecolor": face,
        "edgecolor": color,
        "linewidth": 1.8,
    }
    axes.add_patch(FancyBboxPatch(corner, width, height, **style))
    axes.text(x, y, text, ha="center", va="center", color=ink or color, fontsize=fontsize)


def arrow(
    axes: Axes, start: Point, stop: Point, color: str, linewidth: float = 1.8, head: float = 14
) -> None:
    """Draw an arrow."""
    axes.add_patch(
        FancyArrowPatch(
            start,
            stop,
            arrowstyle="-|>",
            mutation_scale=head,
            color=color,
            linewidth=linewidth,
            shrinkA=0,
            shrinkB=0,
        )
    )
