"""A sum term by term: each bar begins where the one before it ended."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from figures.style.look import ACCENT, FAINT, INK, MUTED
from figures.style.spanish import decimal

MANY = 16  # terms, beyond which names stand upright, and small terms are not numbered
MOST = 28  # terms that have room for a name and a number each
NOTABLE = 0.1


def running_sum(axes: Axes, terms: Mapping[str, float], total: float, colors: Sequence[str]) -> None:
    """Draw the terms, each in its colour, and the total, all of them numbered and named as far as there is room."""
    above, few = 0.0, len(terms) <= MANY
    each = 1 + len(terms) // MOST  # of the terms one has room for words
    sizes = [abs(value) if abs(value) >= NOTABLE else 0.0 for value in terms.values()]
    numbered = spaced([*sizes, float("inf")], each)  # the total before all others
    for i, (value, color) in enumerate(zip(terms.values(), colors, strict=True)):
        axes.bar(i, value, bottom=above, color=color, width=0.7)
        axes.plot((i - 0.35, i + 1.35), (above + value,) * 2, color=FAINT, linewidth=1.5, zorder=0)
        if i in numbered or few:
            _number(axes, i, max(above, above + value), value, INK)
        above += value
    axes.bar(len(terms), total, color=ACCENT, width=0.7)
    _number(axes, len(terms), total, total, ACCENT)
    axes.axhline(0, color=MUTED, linewidth=1)
    names = [name.replace(" ", "\n") if few else name for name in (*terms, "total")]
    # Not the last but for the total, whose name would stand over its own.
    named = sorted({*range(0, len(terms) - each + 1, each), len(terms)})
    axes.set_xticks(named, [names[i] for i in named], rotation=0 if few else 90)
    axes.use_sticky_edges = False
    axes.margins(x=0.02, y=0.12)


def spaced(sizes: Sequence[float], least: int) -> set[int]:
    """Return the places of the largest sizes that are not 0, no two of them nearer than `least` places."""
    chosen: set[int] = set()
    for i in sorted(range(len(sizes)), key=lambda i: -sizes[i]):
        if sizes[i] and all(abs(i - other) >= least for other in chosen):
            chosen.add(i)
    return chosen


def _number(axes: Axes, x: float, y: float, value: float, color: str) -> None:
    axes.text(x, y, decimal(value, 1), ha="center", va="bottom", fontsize=14, color=color)
