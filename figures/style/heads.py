"""Maps, layer by place, with numbers where they are notable."""

from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.image import AxesImage

from figures.style.look import DIVERGING, bare, ink_on
from figures.style.spanish import decimal

MOST_ROWS = 6  # that have room for a number


def labelled_map(axes: Axes, values, norm: CenteredNorm, notable: float, decimals: int = 1) -> AxesImage:
    """Draw a map centred on zero (layers downward), numbers where they are notable, or a colour bar."""
    image = axes.imshow(values, cmap=DIVERGING, norm=norm, aspect="auto")
    each = 1 + (len(values) - 1) // MOST_ROWS  # of the rows one is named
    axes.set_yticks(range(0, len(values), each))
    bare(axes)
    if each > 1:  # numbers would stand over one another: the colours have to do
        axes.figure.colorbar(image, ax=axes, ticks=(norm.vmin, 0, norm.vmax))
        return image
    for row, column in zip(*(abs(values) >= notable).nonzero(), strict=True):
        value = values[row, column]
        color = ink_on(image.to_rgba(value))
        axes.text(column, row, decimal(value, decimals), ha="center", va="center", color=color, fontsize=14)
    return image
