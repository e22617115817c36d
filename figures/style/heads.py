"""Maps of all heads, layer by head, with the notable ones labelled."""

from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.image import AxesImage

from figures.style.look import DIVERGING, INK
from figures.style.spanish import decimal


def labelled_map(axes: Axes, values, norm: CenteredNorm, notable: float, decimals: int = 1) -> AxesImage:
    """Draw a map centred on zero (layers downward), numbers where they are notable."""
    image = axes.imshow(values, cmap=DIVERGING, norm=norm, aspect="auto")
    axes.set_yticks(range(len(values)))
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)
    for row, column in zip(*(abs(values) >= notable).nonzero(), strict=True):
        value = values[row, column]
        color = "white" if abs(value) > 0.6 * norm.halfrange else INK
        axes.text(column, row, decimal(value, decimals), ha="center", va="center", color=color, fontsize=14)
    return image


def heads_map(axes: Axes, values, norm: CenteredNorm, notable: float, decimals: int = 1) -> AxesImage:
    """Draw a map of heads: layers downward, heads to the right."""
    image = labelled_map(axes, values, norm, notable, decimals)
    axes.set(xlabel="cabeza", ylabel="capa", xticks=range(values.shape[1]))
    return image
