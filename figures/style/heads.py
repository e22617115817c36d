"""Maps of all heads, layer by head, with the notable ones labelled."""

from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm
from matplotlib.image import AxesImage
from matplotlib.ticker import MaxNLocator

from figures.style.look import DIVERGING, INK, bare, titled
from figures.style.spanish import decimal

NOTABLE_LOGITS = 0.2


def labelled_map(axes: Axes, values, norm: CenteredNorm, notable: float, decimals: int = 1) -> AxesImage:
    """Draw a map centred on zero (layers downward), numbers where they are notable."""
    image = axes.imshow(values, cmap=DIVERGING, norm=norm, aspect="auto")
    axes.set_yticks(range(len(values)))
    bare(axes)
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


def logits_map(axes: Axes, values, title: str) -> None:
    """Draw a map of what heads add to a logit difference, numbers from 0.2 logits on, and its colour bar below."""
    norm = CenteredNorm(halfrange=max(1.0, abs(values).max()))
    image = heads_map(axes, values, norm, NOTABLE_LOGITS)
    titled(axes, title)
    axes.figure.colorbar(image, ax=axes, location="bottom", shrink=0.8, ticks=MaxNLocator(4))
