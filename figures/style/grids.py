"""Maps of matrices, and tables of words."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.colors import CenteredNorm

from figures.style.look import DIVERGING, SEQUENTIAL, bare, ink_on


def centred_map(axes: Axes, matrix, shrink: float) -> None:
    """Draw a matrix in colours centred on zero, with their bar, shrunk to the height of the map."""
    image = axes.imshow(matrix, cmap=DIVERGING, norm=CenteredNorm())
    axes.figure.colorbar(image, ax=axes, shrink=shrink)


def words_on_both_sides(axes: Axes, words: Sequence[str], fontsize: float) -> None:
    """Name the rows and columns of a map from words to the same words."""
    axes.set_xticks(range(len(words)), words, rotation=90, fontsize=fontsize)
    axes.set_yticks(range(len(words)), words, fontsize=fontsize)
    bare(axes)


def shaded_table(axes: Axes, rows: Sequence[Sequence[str]], darkness, fontsize: float = 15) -> None:
    """Write words in a table, each on a ground as dark as its number, from 0, white, to 1; the first row below."""
    image = axes.imshow(darkness, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x, word in enumerate(row):
            color = ink_on(image.to_rgba(darkness[y, x]))
            axes.text(x, y, word, ha="center", va="center", color=color, fontsize=fontsize)
    axes.invert_yaxis()
    bare(axes)
