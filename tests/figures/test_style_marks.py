"""What the figures' shared marks draw."""

import numpy as np
import pytest
from matplotlib.colors import CenteredNorm, to_hex
from matplotlib.figure import Figure

from figures.style.bars import bars_with_intervals
from figures.style.grids import shaded_table, words_on_both_sides
from figures.style.heads import heads_map, logits_map
from figures.style.look import INK, bare, titled
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
    shaded_table(axes, [["uno", "dos"], ["tres", "cuatro"]], np.array([[0.1, 0.9], [0.6, 0.61]]))
    assert texts(axes) == {(0, 0): "uno", (1, 0): "dos", (0, 1): "tres", (1, 1): "cuatro"}
    assert colors(axes) == {"uno": INK, "dos": "#ffffff", "tres": INK, "cuatro": "#ffffff"}
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


def test_a_map_of_heads_labels_what_is_notable(axes) -> None:
    values = np.array([[0.04, -0.9, 0.2], [0.1, 0.0, -0.3]])
    heads_map(axes, values, CenteredNorm(halfrange=1), notable=0.2, decimals=2)
    assert texts(axes) == {(1, 0): "−0,90", (2, 0): "0,20", (2, 1): "−0,30"}
    assert colors(axes) == {"−0,90": "#ffffff", "0,20": INK, "−0,30": INK}
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("cabeza", "capa")


@pytest.mark.parametrize(("most", "range_"), [(0.4, 1.0), (3.0, 3.0)])
def test_a_map_of_logits_never_blows_up_what_is_small(axes, most: float, range_: float) -> None:
    logits_map(axes, np.array([[0.19, most], [-0.2, 0.0]]), "logits")
    assert axes.images[0].get_clim() == (-range_, range_)
    assert set(texts(axes)) == {(1, 0), (0, 1)}
    assert axes.get_title() == "logits"
    assert len(axes.figure.axes) == 2  # with the colour bar


def test_a_mean_is_written_with_its_spread() -> None:
    assert plus_minus(0.954, 0.02) == "0,95 ± 0,02"
