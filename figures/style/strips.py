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

    One without a name has only the line, in its place; one without a line stands alone.
    """
    axes.add_patch(Rectangle((left, LOW), WIDTH, HIGH - LOW, facecolor="none", edgecolor=MUTED))
    axes.text(left, HIGH + 0.12, title, **STRONG)
    most = max((value for _, value, _, _ in found), default=1.0)
    said = [index for index, _, _, about in found if about]
    width = 6 if len(said) == len(found) else 2  # many would hide one another
    for index, value, name, about in found:
        height = HIGH - (HIGH - LOW) * ((index + 0.5) / n)
        axes.hlines(height, left, left + WIDTH * value / most, color=ACCENT, linewidth=width)
        if not about:
            continue
        slot = HIGH - (HIGH - LOW) * ((said.index(index) + 0.5) / len(said))
        axes.plot((left + WIDTH, left + WIDTH + 0.45), (height, slot), color=MUTED, linewidth=1)
        where = left + WIDTH + 0.55
        axes.text(where, slot, name, color=INK, va="bottom", **STRONG)
        axes.text(where, slot, about, color=MUTED, fontsize=14, va="top" if name else "center")
