"""Tokens in a row, each on a ground as dark as its number."""

from collections.abc import Sequence

import matplotlib
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.offsetbox import AnnotationBbox, DrawingArea, HPacker, TextArea

from figures.style.look import SEQUENTIAL, ink_on
from figures.style.tokens import printable

SPACE = 5  # points, between words


def shaded_line(
    axes: Axes, y: float, tokens: Sequence[str], darkness: Sequence[float], fontsize: float = 15
) -> None:
    """Write tokens from the left edge of axes at height y; a darkness is from 0, white, to 1."""
    ground = matplotlib.colormaps[SEQUENTIAL]
    boxes: list[Artist] = []
    for token, dark in zip(tokens, darkness, strict=True):
        if boxes and token[:1].isspace():  # between words only, so that a word of several tokens stays whole
            boxes.append(DrawingArea(SPACE, 0))
        face = {"facecolor": ground(0.9 * dark) if dark > 0 else "none", "pad": 1, "linewidth": 0}
        look = {"fontsize": fontsize, "color": ink_on(ground(0.9 * dark)), "bbox": face}
        boxes.append(TextArea(printable(token), textprops=look))
    line = HPacker(children=boxes, align="baseline", pad=0, sep=0)
    box = AnnotationBbox(line, (0, y), frameon=False, box_alignment=(0, 0.5), pad=0, annotation_clip=False)
    axes.add_artist(box)
