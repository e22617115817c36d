"""Words as outlines."""

import pytest
from matplotlib.colors import to_hex

from figures.style.letters import letters
from figures.style.look import ACCENT, SEMIBOLD


def test_the_ink_begins_where_it_is_said_and_runs_downward() -> None:
    word = letters("hola", SEMIBOLD, 40, left=100, top=30, color=ACCENT)
    box = word.get_path().get_extents()
    assert (box.x0, box.y0) == pytest.approx((100, 30))
    assert 20 < box.height < 40  # the ascender of the l, no descender
    assert to_hex(word.get_facecolor()) == ACCENT
    twice = letters("hola", SEMIBOLD, 80, left=100, top=30, color=ACCENT).get_path().get_extents()
    assert twice.width == pytest.approx(2 * box.width)


def test_letters_stand_upright_where_y_runs_downward() -> None:
    """Of a «p» the bowl, which has more ink on the right, is above the descender."""
    vertices = letters("p", SEMIBOLD, 100, left=0, top=0, color=ACCENT).get_path().vertices
    right = vertices[:, 0] > 0.6 * vertices[:, 0].max()
    assert vertices[right, 1].max() < 0.9 * vertices[:, 1].max()
