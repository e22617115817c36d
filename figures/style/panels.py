"""Whole panels: excerpts one under the other, bars to both sides, texts with a name and a number."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from figures.style.look import ACCENT, CATEGORIES, INK, MUTED, STRONG
from figures.style.shaded import shaded_line
from figures.style.spanish import decimal
from figures.style.tokens import printable


def shaded_lines(axes: Axes, lines: Sequence[tuple[Sequence[str], Sequence[float]]]) -> None:
    """Write tokens, each on a ground as dark as its number from 0 to 1, a line for each excerpt."""
    axes.set(ylim=(len(lines) - 0.4, -0.6))
    axes.axis("off")
    for y, (tokens, darkness) in enumerate(lines):
        shaded_line(axes, y, tokens, darkness)


def signed_bars(axes: Axes, names: Sequence[str], values: Sequence[float]) -> None:
    """Draw bars to the right where a value is above zero and to the left where it is below, in two colours."""
    axes.barh(names, values, color=[ACCENT if value > 0 else CATEGORIES[0] for value in values])
    axes.invert_yaxis()
    axes.tick_params(axis="y", length=0)


def numbered_texts(axes: Axes, heading: str, number: str, lines: Mapping[str, tuple[float, str]]) -> None:
    """Write texts by name, each with a number from 0 to 1 at the right edge, below what they are and what it is."""
    axes.axis("off")
    axes.set(xlim=(0, 1.04), ylim=(len(lines) - 0.5, -1.6))
    axes.text(0, -1, heading, va="center", **STRONG)
    axes.text(1, -1, number, color=ACCENT, va="center", ha="right")
    for y, (name, (value, text)) in enumerate(lines.items()):
        axes.text(0, y, name, color=MUTED, va="center", fontsize=15)
        axes.text(0.18, y, printable(text), color=INK, va="center", fontsize=15)
        axes.text(1, y, decimal(value, 2), color=ACCENT, va="center", ha="right", fontsize=15)
