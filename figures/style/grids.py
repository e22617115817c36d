"""Maps from words to words, and tables of words."""

from collections.abc import Sequence

from matplotlib.axes import Axes

from figures.style.look import INK, SEQUENTIAL, bare


def words_on_both_sides(axes: Axes, words: Sequence[str], fontsize: float) -> None:
    """Name the rows and columns of a map from words to the same words."""
    axes.set_xticks(range(len(words)), words, rotation=90, fontsize=fontsize)
    axes.set_yticks(range(len(words)), words, fontsize=fontsize)
    bare(axes)


def shaded_table(axes: Axes, rows: Sequence[Sequence[str]], darkness, fontsize: float = 15) -> None:
    """Write words in a table, each on a ground as dark as its number, from 0, white, to 1; the first row below."""
    axes.imshow(darkness, cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for y, row in enumerate(rows):
        for x, word in enumerate(row):
            color = "white" if darkness[y, x] > 0.6 else INK
            axes.text(x, y, word, ha="center", va="center", color=color, fontsize=fontsize)
    axes.invert_yaxis()
    bare(axes)
