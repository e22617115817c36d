"""Whole panels."""

import pytest
from matplotlib.colors import to_hex
from matplotlib.figure import Figure
from matplotlib.offsetbox import AnnotationBbox

from figures.style.look import ACCENT, CATEGORIES
from figures.style.panels import numbered_texts, shaded_lines, signed_bars


def test_each_excerpt_has_a_line_of_its_own_the_first_on_top() -> None:
    axes = Figure().subplots()
    shaded_lines(axes, [(["uno", "dos"], [0, 1]), (["tres"], [0.5])])
    heights = [child.xy[1] for child in axes.get_children() if isinstance(child, AnnotationBbox)]
    assert heights == [0, 1]
    low, high = axes.get_ylim()
    assert high < 0 < 1 < low


def test_bars_go_to_the_side_of_their_sign_the_first_on_top() -> None:
    axes = Figure().subplots()
    signed_bars(axes, ["sube", "baja"], [2.0, -1.0])
    assert [bar.get_width() for bar in axes.patches] == [2.0, -1.0]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [ACCENT, CATEGORIES[0]]
    assert axes.yaxis_inverted()


def test_texts_stand_between_their_names_and_their_numbers() -> None:
    axes = Figure().subplots()
    numbered_texts(axes, "«A …»", "P(b)", {"abajo": (0.125, "uno\ufffd"), "arriba": (1, "dos")})
    rows: dict[float, list[tuple[float, str]]] = {}
    for text in axes.texts:
        x, y = text.get_position()
        rows.setdefault(y, []).append((x, text.get_text()))
    assert {y: [written for _, written in sorted(row)] for y, row in rows.items()} == {
        -1: ["«A …»", "P(b)"],
        0: ["abajo", "uno·", "0,12"],
        1: ["arriba", "dos", "1,00"],
    }
    assert axes.get_ylim() == pytest.approx((1.5, -1.6))
