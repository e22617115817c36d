"""How the lecture's figures look: fonts, colours, sizes, and a few marks they share."""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import matplotlib
from cycler import cycler
from matplotlib import font_manager
from matplotlib.axes import Axes
from matplotlib.ticker import ScalarFormatter

FILES = ("figures/style/fonts/*.ttf",)

INK = "#1f2937"
MUTED = "#6b7280"
FAINT = "#d1d5db"
ACCENT = "#c2410c"  # the deck's one accent colour
# Told apart with every kind of colour vision; after Okabe and Ito, without their yellow, too light on white.
CATEGORIES = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9")
DIVERGING = "RdBu_r"  # centred on zero by whoever uses it
SEQUENTIAL = "Blues"  # from nothing to one

# A figure fills a slide below its title: 1180 × 500 px of 1280 × 720, where 14 points are 19 px.
SIZE = (11.8, 5.0)

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
    """Writes an axis' numbers with a decimal comma."""

    def __call__(self, x: float, pos: int | None = None) -> str:
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
