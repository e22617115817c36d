"""How the lecture's figures look: fonts, colours, sizes, and a few marks they share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
import numpy as np
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.ticker import ScalarFormatter

from figures.style.spanish import whole

FILES = ("figures/style/fonts/*.ttf",)

INK = "#1f2937"
MUTED = "#6b7280"
PALE = "#8b929d"  # marks that stand back, 3:1 on white; MUTED is for words
FAINT = "#d1d5db"  # guide lines only: too light for anything that must be seen
ACCENT = "#c2410c"  # the deck's one accent colour
# After Okabe and Ito, darker: on white all are at least 3:1, as marks must be, and the first three and the last 4.5:1,
# as words must be (WCAG 2.2, 1.4.3 and 1.4.11). Where two hues meet in one kind of colour vision, lightness differs.
CATEGORIES = ("#0072b2", "#b83c0a", "#007a5a", "#cc79a7", "#a99000", "#312e81")
DIVERGING = "RdBu_r"  # centred on zero by whoever uses it
SEQUENTIAL = "Blues"  # from nothing to one

# A figure fills a slide between its title and two lines of caption: 1180 × 460 px of 1280 × 720, where 14 points, the
# smallest letters there are, are 19 px.
SIZE = (11.8, 4.6)

RC: dict[Any, Any] = {
    "axes.edgecolor": MUTED,
    "axes.labelcolor": INK,
    "axes.labelsize": 16,
    "axes.linewidth": 1.0,
    "axes.prop_cycle": cycler(color=CATEGORIES),
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlesize": 17,
    "figure.constrained_layout.use": True,
    "figure.figsize": SIZE,
    "font.family": ["Source Sans 3", "DejaVu Sans"],
    "font.size": 16,
    "legend.frameon": False,
    "lines.linewidth": 2.5,
    "mathtext.fontset": "cm",
    "text.color": INK,
    "xtick.color": INK,
    "xtick.labelsize": 14,
    "ytick.color": INK,
    "ytick.labelsize": 14,
}

FONTS = Path(__file__).parent / "fonts"
SEMIBOLD = FONTS / "SourceSans3_600SemiBold.ttf"
STRONG = {"fontfamily": "Source Sans 3", "fontweight": 600}  # the fallback font has no such weight

ON_WHITE = {"facecolor": "white", "linewidth": 0, "pad": 1}  # behind words that a line would cross

P = ParamSpec("P")
R = TypeVar("R")


def lecture_style(draw: Callable[P, R]) -> Callable[P, R]:
    """Decorate `draw` so that all it makes has the lecture's look; other figures of the process keep theirs."""

    @functools.wraps(draw)
    def styled(*args: P.args, **kwargs: P.kwargs) -> R:
        _register_fonts()
        with matplotlib.rc_context(RC):
            drawn = draw(*args, **kwargs)
            _write_numbers_in_spanish(drawn)
            return drawn

    return styled


class _Comma(ScalarFormatter):
    """Writes an axis' numbers as the prose does: a decimal comma, a point between thousands."""

    def __call__(self, x: float, pos: int | None = None) -> str:
        if abs(x) >= 1000 and x == round(x):
            return whole(int(x))
        return super().__call__(x, pos).replace(".", ",")


def _write_numbers_in_spanish(drawn: Any) -> None:
    for axes in drawn.axes:
        for axis in (axes.xaxis, axes.yaxis):
            if type(axis.get_major_formatter()) is ScalarFormatter:
                axis.set_major_formatter(_Comma())


@functools.cache
def _register_fonts() -> None:
    for path in sorted(FONTS.glob("*.ttf")):
        font_manager.fontManager.addfont(path)


def ink_on(ground: Any) -> str:
    """Return white or black, whichever can be read on a ground: one of them always is at least 4.5:1 (WCAG 2.2)."""
    channels = np.array(to_rgb(ground))
    linear = np.where(channels <= 0.04045, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    luminance = linear @ (0.2126, 0.7152, 0.0722)
    return "white" if 1.05 / (luminance + 0.05) >= 4.5 else "black"


def titled(axes: Axes, title: str, **settings: Any) -> None:
    """Write a semibold title above axes, and set what else `Axes.set` takes, such as xlabel and ylim."""
    axes.set_title(title, **STRONG)
    axes.set(**settings)


def bare(axes: Axes) -> None:
    """Take the frame and the ticks' strokes away: what is drawn, a map or a table, shows its own edges."""
    axes.tick_params(length=0)
    axes.spines[:].set_visible(False)


def plane(axes: Axes, radius: float) -> None:
    """Make `axes` a bare square plane centred on the origin, with thin cross-hairs."""
    axes.set(xlim=(-radius, radius), ylim=(-radius, radius), aspect="equal", xticks=[], yticks=[])
    axes.spines[:].set_visible(False)
    axes.axhline(0, color=FAINT, linewidth=1, zorder=0)
    axes.axvline(0, color=FAINT, linewidth=1, zorder=0)
