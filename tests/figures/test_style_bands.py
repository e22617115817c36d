"""Sets of numbers, a band for each."""

import numpy as np
from matplotlib.figure import Figure

from figures.style.bands import bands


def test_each_set_has_a_band_below_the_one_before_its_greatest_on_top() -> None:
    axes = Figure().subplots()
    bands(axes, {"uno": ([0.2, 0.9, 0.5], None), "dos": ([1, 0], None)}, "al azar")
    first, second = axes.lines
    (x, y), (x_below, y_below) = (np.asarray(line.get_data()) for line in (first, second))
    assert x.tolist() == [0.9, 0.5, 0.2]
    assert x_below.tolist() == [1, 0]
    assert (np.diff([*y, *y_below]) > 0).all()
    assert y.max() < 1 <= y_below.min()
    assert axes.yaxis_inverted()
    assert [label.get_text() for label in axes.get_yticklabels()] == ["uno", "dos"]


def test_a_line_stands_at_each_reference_and_says_once_what_it_is() -> None:
    axes = Figure().subplots()
    bands(axes, {"uno": ([1], 0.3), "dos": ([1], 0.6), "tres": ([1], None)}, "al azar")
    dashed = [line for line in axes.lines if line.get_linestyle() == "--"]
    assert [np.asarray(line.get_xdata()).tolist() for line in dashed] == [[0.3, 0.3], [0.6, 0.6]]
    assert [text.get_text() for text in axes.texts] == ["al azar"]
