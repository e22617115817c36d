"""How axes are furnished."""

from matplotlib.colors import to_hex
from matplotlib.figure import Figure

from figures.style.axes import framed_map, named_ticks, thin_lines
from figures.style.look import FAINT


def test_thin_lines_stand_at_their_values_behind_the_data() -> None:
    axes = Figure().subplots()
    axes.plot((0, 9), (0, 9))
    thin_lines(axes, x=(1, 2), y=(5,))
    data, *lines = axes.lines
    assert [list(line.get_xdata()) for line in lines[:2]] == [[1, 1], [2, 2]]
    assert [list(line.get_ydata()) for line in lines[2:]] == [[5, 5]]
    assert all(line.get_zorder() < data.get_zorder() for line in lines)


def test_an_axis_has_the_named_ticks_and_no_others() -> None:
    axes = Figure().subplots()
    axes.set(xscale="log", xlim=(0.1, 100))
    assert len(axes.xaxis.get_minorticklocs())
    named_ticks(axes.xaxis, {"0,2": 0.2, "cinco": 5})
    assert list(axes.get_xticks()) == [0.2, 5]
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0,2", "cinco"]
    assert not len(axes.xaxis.get_minorticklocs())


def test_a_map_has_a_frame_all_round_and_no_numbers() -> None:
    axes = Figure().subplots()
    axes.spines["top"].set_visible(False)
    framed_map(axes, [[0, 1, 2]], -1, 4, interpolation="none")
    (image,) = axes.images
    assert image.get_clim() == (-1, 4)
    assert image.get_interpolation() == "none"
    assert not len(axes.get_xticks())
    assert not len(axes.get_yticks())
    assert all(spine.get_visible() for spine in axes.spines.values())
    assert {to_hex(spine.get_edgecolor()) for spine in axes.spines.values()} == {FAINT}
