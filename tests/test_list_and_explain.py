"""`build.py list` and `build.py explain`: how figures stand, and why."""

import re

import pytest

from tests.conftest import Sandbox

pytestmark = pytest.mark.heavy


def test_list_tells_how_each_figure_stands(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.figure("two")
    lecture.make("one", "two")
    lecture.edit("figures/two.py", "number=2", "number=3")
    lecture.figure("zero", "def compute(:")
    lecture.figure("new")
    capsys.readouterr()
    assert lecture.build("list") == 1
    lines = dict(
        re.split(r"\s+", line, maxsplit=1) for line in capsys.readouterr().out.splitlines() if "→" not in line
    )
    assert lines["one"] == "fresh   Twice a number."
    assert lines["two"].startswith("stale")
    assert lines["new"].startswith("new")
    assert lines["zero"].startswith("broken  figures/zero.py, line 1: syntax error")


def test_explain_names_what_changed(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.make("one")
    lecture.build("explain", "one")
    said = capsys.readouterr().out
    assert said.startswith("one is fresh\n  compute: nothing changed of\n    code")
    lecture.edit("figures/one.py", "number=2", "number=3")
    lecture.edit("figures/one.py", "figsize=(2, 1)", "figsize=(3, 1)")
    lecture.build("explain", "one")
    said = capsys.readouterr().out
    assert "one is stale" in said
    assert "compute: has to run, since\n    parameter number: 2 → 3" in said
    assert "draw: to be seen once compute has run" in said


def test_explain_an_unknown_figure(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert lecture.build("explain", "oen") == 1
    assert "did you mean 'one'" in capsys.readouterr().err
