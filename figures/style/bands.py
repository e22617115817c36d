"""Numbers from 0 to 1 as dots, a band for each set of them, the greatest above."""

from collections.abc import Mapping, Sequence

from matplotlib.axes import Axes

from figures.style.look import MUTED

FULL = 0.8  # of a band's height, which its dots take


def bands(axes: Axes, sets: Mapping[str, tuple[Sequence[float], float | None]], reference: str) -> None:
    """Draw each named set of numbers in a band of its own, and a dashed line across it at its reference, if any.

    What the lines are is written beside the first of them.
    """
    for top, (values, at) in enumerate(sets.values()):
        heights = [top + FULL * i / len(values) for i in range(len(values))]
        axes.plot(sorted(values, reverse=True), heights, "o", markersize=6, clip_on=False)
        if at is not None:
            axes.plot((at, at), (top, top + FULL), color=MUTED, linewidth=1.5, linestyle="--")
            if not top:
                axes.text(at - 0.04, FULL / 2, reference, color=MUTED, fontsize=14, ha="right", va="center")
    axes.set(xlim=(0, 1), ylim=(len(sets), -0.1), xticks=(0, 0.5, 1))
    axes.set_yticks([top + FULL / 2 for top in range(len(sets))], list(sets))
    axes.tick_params(axis="y", length=0, pad=10)
    axes.spines.left.set_visible(False)
