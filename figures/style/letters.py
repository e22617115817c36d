"""Words as outlines: of any size and place, the same with every renderer, and nothing to be found as text."""

from pathlib import Path

from matplotlib.font_manager import FontProperties
from matplotlib.patches import PathPatch
from matplotlib.textpath import TextPath
from matplotlib.transforms import Affine2D


def letters(text: str, font: Path, size: float, left: float, top: float, color: str) -> PathPatch:
    """Return a text whose ink begins at `left` and `top`, on axes whose y runs downward."""
    path = TextPath((0, 0), text, size, prop=FontProperties(fname=font))
    ink = path.get_extents()
    place = Affine2D().translate(-ink.x0, -ink.y1).scale(1, -1).translate(left, top)
    return PathPatch(place.transform_path(path), color=color, lw=0)
