"""Vectors as strips, and few marks in one."""

import numpy as np
import pytest
from matplotlib.collections import LineCollection
from matplotlib.figure import Figure

from figures.style.strips import HIGH, LOW, WIDTH, cells, marks


def test_the_first_cell_is_the_uppermost_and_colours_are_centred_on_zero() -> None:
    axes = Figure().subplots()
    cells(axes, 2.0, np.array([3.0, -1.0, 0.5]), 4.0, "título", "tres números")
    (image,) = axes.images
    drawn = image.get_array()
    assert drawn is not None
    assert drawn[:, 0].tolist() == [3, -1, 0.5]
    assert image.origin == "upper"
    assert image.get_clim() == (-4, 4)
    assert tuple(image.get_extent()) == (2, 2 + WIDTH, LOW, HIGH)
    title, below = axes.texts
    assert below.get_position()[1] < LOW < HIGH < title.get_position()[1]


def test_a_mark_is_where_its_number_is_and_as_long_as_it_is_great() -> None:
    axes = Figure().subplots()
    marks(axes, 1.0, 8, [(0, 2.0, "uno", "n.º 0"), (7, 4.0, "", "n.º 7")], "2 de 8")
    bars = [drawn for drawn in axes.collections if isinstance(drawn, LineCollection)]
    (first,), (last,) = (bar.get_segments() for bar in bars)
    assert first[:, 0] == pytest.approx((1, 1 + WIDTH / 2))
    assert last[:, 0] == pytest.approx((1, 1 + WIDTH))
    assert HIGH - first[0, 1] == pytest.approx(last[0, 1] - LOW)
    assert HIGH - first[0, 1] == pytest.approx((HIGH - LOW) / 16)
    assert [text.get_text() for text in axes.texts if text.get_text()] == ["2 de 8", "uno", "n.º 0", "n.º 7"]


def test_of_many_marks_only_those_with_a_line_have_a_place_beside() -> None:
    axes = Figure().subplots()
    marks(axes, 1.0, 8, [(0, 2.0, "uno", "n.º 0"), (3, 1.0, "", ""), (7, 4.0, "dos", "n.º 7")], "3 de 8")
    assert len([drawn for drawn in axes.collections if isinstance(drawn, LineCollection)]) == 3
    ends = [line.get_ydata()[-1] for line in axes.lines]  # type: ignore[index]
    assert ends == pytest.approx((HIGH - (HIGH - LOW) / 4, LOW + (HIGH - LOW) / 4))
    assert [text.get_text() for text in axes.texts] == ["3 de 8", "uno", "n.º 0", "dos", "n.º 7"]


def test_where_nothing_fires_the_strip_is_empty() -> None:
    axes = Figure().subplots()
    marks(axes, 1.0, 8, [], "0 de 8")
    assert not axes.collections
    assert not axes.lines
