"""Directions in a plane."""

from matplotlib.figure import Figure

from figures.style.directions import spoke


def test_a_spoke_goes_from_the_origin_to_a_dot_at_its_tip() -> None:
    axes = Figure().subplots()
    spoke(axes, (0.5, -1.0), "#112233", markerfacecolor="white")
    line, dot = axes.lines
    assert (list(line.get_xdata()), list(line.get_ydata())) == ([0, 0.5], [0, -1.0])
    assert (list(dot.get_xdata()), list(dot.get_ydata())) == ([0.5], [-1.0])
    assert line.get_color() == dot.get_color() == "#112233"
    assert dot.get_marker() == "o"
    assert dot.get_markerfacecolor() == "white"
