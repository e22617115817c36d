"""Vectors as strips of coloured cells, and few numbers of very many as marks in an empty strip."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.patches import Rectangle

from figures.style.look import ACCENT, DIVERGING, INK, MUTED, STRONG

LOW, HIGH = 0.65, 4.0  # the ends of a strip, on axes that are measured in inches
WIDTH = 0.7


def cells(axes: Axes, left: float, values: Any, most: float, title: str, below: str) -> None:
    """Draw numbers as cells from top to bottom, in colours from −most to most, with a title and a line below."""
    corners, middle = (left, left + WIDTH, LOW, HIGH), left + WIDTH / 2
    axes.imshow(
        values[:, None], DIVERGING, vmin=-most, vmax=most, extent=corners, aspect="auto", interpolation="none"
    )
    axes.text(middle, HIGH + 0.12, title, ha="center", **STRONG)
    axes.text(middle, LOW - 0.33, below, ha="center")


def marks(axes: Axes, left: float, n: int, found: Sequence[tuple[int, float, str, str]], title: str) -> None:
    """Draw some of n numbers, each where it is, as long as it is great, with its name and a line about it beside.

    One without a name has only the line, in its place.
    """
    axes.add_patch(Rectangle((left, LOW), WIDTH, HIGH - LOW, facecolor="none", edgecolor=MUTED))
    axes.text(left, HIGH + 0.12, title, **STRONG)
    most = max(value for _, value, _, _ in found)
    for i, (index, value, name, about) in enumerate(found):
        height, slot = (HIGH - (HIGH - LOW) * part for part in ((index + 0.5) / n, (i + 0.5) / len(found)))
        axes.hlines(height, left, left + WIDTH * value / most, color=ACCENT, linewidth=6)
        axes.plot((left + WIDTH, left + WIDTH + 0.45), (height, slot), color=MUTED, linewidth=1)
        where = left + WIDTH + 0.55
        axes.text(where, slot, name, color=INK, va="bottom", **STRONG)
        axes.text(where, slot, about, color=MUTED, fontsize=14, va="top" if name else "center")
