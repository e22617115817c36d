"""`build.py figure`: one figure for another talk."""

import json
from pathlib import Path

import pytest

from tests.conftest import Sandbox

pytestmark = pytest.mark.heavy


def test_a_figure_with_its_sidecar(
    lecture: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lecture.build("figure", "one", "-o", f"{tmp_path}/talk/") == 0
    assert capsys.readouterr().out.strip() == str(tmp_path / "talk/one.svg")
    assert json.loads((tmp_path / "talk/one.json").read_text())["values"] == {"twice": 4}


def test_other_parameters_and_formats(lecture: Sandbox, tmp_path: Path) -> None:
    arguments = ("figure", "one", "-p", "number=5", "-p", "color=red")
    assert lecture.build(*arguments, "--format", "png", "-o", f"{tmp_path}/a.png") == 0
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")
    assert json.loads((tmp_path / "a.json").read_text())["values"] == {"twice": 10}
    assert lecture.build(*arguments, "--format", "pdf", "-o", f"{tmp_path}/a.pdf") == 0
    assert (tmp_path / "a.pdf").read_bytes().startswith(b"%PDF")


def test_without_a_place_it_stays_in_img(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert lecture.build("figure", "one") == 0
    assert capsys.readouterr().out.strip() == str(lecture.root / "img/one.svg")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("oen",), "there is no figure 'oen'\n  → did you mean 'one'?"),
        (("one", "-p", "colour=red"), "has no parameter 'colour'\n  → did you mean 'color'?"),
        (("one", "-p", "number"), "cannot read parameter 'number'"),
        (("one", "-p", "number=x"), "parameter 'number' cannot be 'x'"),
        (("one", "-o", "picture.pdf"), "picture.pdf does not end in .svg"),
    ],
)
def test_bad_usage(
    lecture: Sandbox, arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lecture.build("figure", *arguments) == 1
    assert message in capsys.readouterr().err
