"""What the figures' shared marks draw."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from matplotlib.colors import CenteredNorm, to_hex, to_rgb
from matplotlib.figure import Figure

from figures.style.bars import bars_with_intervals, grouped_bars, ranked_bars
from figures.style.grids import shaded_table, words_on_both_sides
from figures.style.heads import labelled_map
from figures.style.look import ACCENT, CATEGORIES, INK, MUTED, PALE, bare, ink_on, titled
from figures.style.spanish import plus_minus


@pytest.fixture
def axes():
    return Figure().subplots()


def texts(axes) -> dict[tuple[float, float], str]:
    return {text.get_position(): text.get_text() for text in axes.texts}


def colors(axes) -> dict[str, str]:
    return {text.get_text(): to_hex(text.get_color()) for text in axes.texts}


def test_bars_reach_their_means_and_whiskers_the_ends(axes) -> None:
    bars_with_intervals(axes, {"a": np.array([1, 0.5, 2], np.float32), "b": (-2.0, -2.5, -1.0)}, "red")
    assert [bar.get_height() for bar in axes.patches] == [1.0, -2.0]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    segments = axes.collections[0].get_segments()
    assert [segment[:, 1].tolist() for segment in segments] == [[0.5, 2.0], [-2.5, -1.0]]


def test_a_table_writes_each_word_on_its_ground_the_first_row_below(axes) -> None:
    shaded_table(axes, [["uno", "dos"], ["tres", "cuatro"]], np.array([[0.1, 0.9], [0.6, 0.8]]))
    assert texts(axes) == {(0, 0): "uno", (1, 0): "dos", (0, 1): "tres", (1, 1): "cuatro"}
    assert colors(axes) == {"uno": "#000000", "dos": "#ffffff", "tres": "#000000", "cuatro": "#ffffff"}
    assert axes.images[0].get_clim() == (0, 1)
    bottom, top = axes.get_ylim()
    assert bottom < top


def test_words_name_rows_and_columns(axes) -> None:
    words_on_both_sides(axes, ["ana", "luis"], fontsize=10)
    for labels in (axes.get_xticklabels(), axes.get_yticklabels()):
        assert [label.get_text() for label in labels] == ["ana", "luis"]
        assert {label.get_fontsize() for label in labels} == {10}


def test_bare_axes_have_no_frame(axes) -> None:
    bare(axes)
    assert not any(spine.get_visible() for spine in axes.spines.values())


def test_a_title_comes_with_other_settings(axes) -> None:
    titled(axes, "título", xlabel="capa", ylim=(0, 2))
    assert (axes.get_title(), axes.get_xlabel(), axes.get_ylim()) == ("título", "capa", (0, 2))
    assert axes.title.get_fontweight() == 600


def test_a_map_labels_what_is_notable(axes) -> None:
    values = np.array([[0.04, -0.9, 0.2], [0.1, 0.0, -0.3]])
    labelled_map(axes, values, CenteredNorm(halfrange=1), notable=0.2, decimals=2)
    assert texts(axes) == {(1, 0): "−0,90", (2, 0): "0,20", (2, 1): "−0,30"}
    assert colors(axes) == {"−0,90": "#ffffff", "0,20": "#000000", "−0,30": "#000000"}


def test_ranked_bars_stand_out_from_a_size_on_and_end_with_the_others(axes) -> None:
    ranked_bars(axes, {"L1H0": (-2.0, -3, -1), "L0H1": (0.4, 0.3, 0.5)}, others=0.1, counts=1)
    assert [bar.get_height() for bar in axes.patches] == [-2.0, 0.4, 0.1]
    assert [to_hex(bar.get_facecolor()) for bar in axes.patches] == [CATEGORIES[0], PALE, PALE]


def test_grouped_bars_stand_side_by_side_at_their_names(axes) -> None:
    intervals = {"uno": np.array([[0, 1], [2, 3]]), "dos": np.array([[2, 3], [4, 5]])}
    grouped_bars(axes, ["a", "b"], {"uno": (1, 2), "dos": (3, 4)}, intervals=intervals)
    assert [bar.get_height() for bar in axes.patches] == [1, 2, 3, 4]
    centres = [bar.get_x() + bar.get_width() / 2 for bar in axes.patches]
    assert centres == pytest.approx([-0.2, 0.8, 0.2, 1.2])
    assert [label.get_text() for label in axes.get_xticklabels()] == ["a", "b"]
    assert [segment[:, 1].tolist() for segment in axes.collections[1].get_segments()] == [[2, 4], [3, 5]]
    assert axes.get_legend_handles_labels()[1] == ["uno", "dos"]


def contrast(one, other) -> float:
    def luminance(color) -> float:
        linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in to_rgb(color)]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


@given(st.tuples(*[st.floats(0, 1)] * 3))
def test_one_of_two_inks_can_be_read_on_any_ground(ground: tuple[float, float, float]) -> None:
    assert contrast(ground, ink_on(ground)) >= 4.5


def test_colours_can_be_seen_on_white_and_those_of_words_be_read() -> None:
    assert all(contrast(color, "white") >= 3 for color in (*CATEGORIES, PALE))
    assert all(
        contrast(color, "white") >= 4.5 for color in (*CATEGORIES[:3], CATEGORIES[5], INK, MUTED, ACCENT)
    )


def test_a_mean_is_written_with_its_spread() -> None:
    assert plus_minus(0.954, 0.02) == "0,95 ± 0,02"
