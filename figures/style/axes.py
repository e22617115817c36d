"""How axes are furnished: lines at values that mean something, ticks of a logarithm, maps without any."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.colors import to_rgba
from matplotlib.ticker import NullLocator

from figures.style.look import FAINT, SEQUENTIAL


def thin_lines(axes: Axes, x: Sequence[float] = (), y: Sequence[float] = ()) -> None:
    """Draw thin lines from edge to edge behind the data, upright at each x and across at each y."""
    for place in x:
        axes.axvline(place, color=FAINT, linewidth=1, zorder=0)
    for height in y:
        axes.axhline(height, color=FAINT, linewidth=1, zorder=0)


def named_ticks(axis: Axis, ticks: Mapping[str, float]) -> None:
    """Put ticks where they are named, and none in between, as a logarithmic axis would have them."""
    axis.set_ticks(list(ticks.values()), labels=list(ticks))
    axis.set_minor_locator(NullLocator())


def band(axes: Axes, x: Sequence[float], low: Any, high: Any, color: str) -> None:
    """Fill the space between two curves lightly, with an edge that can be seen."""
    axes.fill_between(x, low, high, facecolor=to_rgba(color, 0.2), edgecolor=color, linewidth=0.8)


def framed_map(axes: Axes, values: Any, low: float, high: float, cmap: str = SEQUENTIAL, **how: Any) -> None:
    """Draw a map in a thin frame, without numbers of rows and columns; `how` goes to Matplotlib's imshow."""
    axes.imshow(values, cmap=cmap, vmin=low, vmax=high, **how)
    axes.set(xticks=[], yticks=[])
    axes.spines[:].set(visible=True, color=FAINT)
