"""Maps, layer by place, with numbers where they are notable."""

from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.image import AxesImage

from figures.style.look import DIVERGING, bare, ink_on
from figures.style.spanish import decimal


def labelled_map(axes: Axes, values, norm: CenteredNorm, notable: float, decimals: int = 1) -> AxesImage:
    """Draw a map centred on zero (layers downward), numbers where they are notable."""
    image = axes.imshow(values, cmap=DIVERGING, norm=norm, aspect="auto")
    axes.set_yticks(range(len(values)))
    bare(axes)
    for row, column in zip(*(abs(values) >= notable).nonzero(), strict=True):
        value = values[row, column]
        color = ink_on(image.to_rgba(value))
        axes.text(column, row, decimal(value, decimals), ha="center", va="center", color=color, fontsize=14)
    return image
