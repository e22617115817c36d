"""Lines through means, and lines across."""

import numpy as np
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.style.lines import line_with_range, two_named_lines


def test_a_line_goes_through_the_means_and_bars_from_least_to_greatest() -> None:
    axes = Figure().subplots()
    x, y = np.array([[1.0, 4.0], [3.0, 4.0]]), np.array([[0.0, 5.0], [2.0, 9.0]])
    line_with_range(axes, x, y, "C0", "una")
    (line,) = axes.lines
    assert line.get_label() == "una"
    assert np.asarray(line.get_data()).tolist() == [[2, 4], [1, 7]]
    (bars,) = (drawn for drawn in axes.collections if isinstance(drawn, LineCollection))
    assert [np.asarray(bar).tolist() for bar in bars.get_segments()] == [[[2, 0], [2, 2]], [[4, 5], [4, 9]]]


def test_names_stand_on_both_sides_of_their_lines_even_where_these_are_one() -> None:
    axes = Figure().subplots()
    two_named_lines(axes, {"arriba": 0.5, "abajo": 0.5})
    assert [np.asarray(line.get_ydata()).tolist() for line in axes.lines] == [[0.5, 0.5]] * 2
    above, below = axes.texts
    assert (above.get_text(), above.get_verticalalignment()) == ("arriba", "bottom")
    assert (below.get_text(), below.get_verticalalignment()) == ("abajo", "top")
