"""A key changes exactly when something that can change the result does."""

from collections.abc import Callable

import pytest

from lectern.errors import FigureError
from lectern.making.request import Request
from lectern.sources.keys import changes
from tests.conftest import Sandbox

FIGURE = '''
"""A claim."""
from pathlib import Path
import numpy as np
from matplotlib.figure import Figure
from helpers.near import scaled
from helpers.looks import COLOR

FILES = ("data/*.csv",)

def compute(n=2, table=Path("table.txt")):
    return {"n": scaled(n), "text": table.read_text()}

def draw(data, width=3):
    figure = Figure(figsize=(width, 1))
    figure.subplots().plot(data["n"], color=COLOR)
    return figure
'''


@pytest.fixture
def project(sandbox: Sandbox) -> Sandbox:
    sandbox.figure("plot", FIGURE)
    sandbox.write("helpers/__init__.py", "")
    sandbox.write(
        "helpers/near.py", "from helpers import far\n\ndef scaled(n):\n    return [far.FACTOR * n]\n"
    )
    sandbox.write("helpers/far.py", "FACTOR = 2\n")
    sandbox.write("helpers/looks.py", "COLOR = 'black'\n")
    sandbox.write("helpers/unused.py", "X = 1\n")
    sandbox.write("table.txt", "table")
    sandbox.write("data/a.csv", "a")
    return sandbox


def parts(project: Sandbox, **overrides: object) -> tuple[dict[str, str], dict[str, str]]:
    state = project.workshop().states.of(Request("plot", tuple(sorted(overrides.items()))))
    assert state.compute
    draw = project.workshop().states.keys.draw(state.script, state.parameters, "0" * 16)
    return dict(state.compute.parts), dict(draw.parts)


EDITS: dict[str, tuple[Callable[[Sandbox], object], list[str], list[str]]] = {
    "comment in the script": (
        lambda p: p.edit("figures/plot.py", "def draw", "# a comment\ndef draw"),
        [],
        [],
    ),
    "docstring": (lambda p: p.edit("figures/plot.py", "A claim", "Another"), [], []),
    "compute": (lambda p: p.edit("figures/plot.py", "scaled(n)", "scaled(n + 1)"), ["code"], []),
    "draw": (lambda p: p.edit("figures/plot.py", "subplots()", "subplots(1, 1)"), [], ["code"]),
    "default of a parameter": (lambda p: p.edit("figures/plot.py", "n=2", "n=3"), ["parameter n"], []),
    "default in draw": (lambda p: p.edit("figures/plot.py", "width=3", "width=4"), [], ["parameter width"]),
    "imported module": (lambda p: p.edit("helpers/near.py", "* n]", "* n, 1]"), ["helpers/near.py"], []),
    "its docstring": (
        lambda p: p.edit("helpers/near.py", "def scaled(n):", 'def scaled(n):\n    """Doc."""'),
        [],
        [],
    ),
    "module imported by a module": (lambda p: p.edit("helpers/far.py", "2", "3"), ["helpers/far.py"], []),
    "package": (
        lambda p: p.write("helpers/__init__.py", "X = 1"),
        ["helpers/__init__.py"],
        ["helpers/__init__.py"],
    ),
    "module that only draw uses": (
        lambda p: p.edit("helpers/looks.py", "black", "red"),
        [],
        ["helpers/looks.py"],
    ),
    "module nobody imports": (lambda p: p.edit("helpers/unused.py", "1", "2"), [], []),
    "parameter's file": (lambda p: p.edit("table.txt", "table", "chair"), ["file table.txt"], []),
    "declared file": (lambda p: p.edit("data/a.csv", "a", "b"), ["file data/a.csv"], ["file data/a.csv"]),
    "another declared file": (lambda p: p.write("data/b.csv", "b"), ["file data/b.csv"], ["file data/b.csv"]),
    "file beside them": (lambda p: p.write("data/b.txt", "b"), [], []),
    "module that shadows a library": (lambda p: p.write("numpy.py", "X = 1"), ["numpy.py"], ["numpy.py"]),
}


@pytest.mark.parametrize(("edit", "compute", "draw"), EDITS.values(), ids=EDITS)
def test_an_edit_changes_the_parts_it_should(
    project: Sandbox, edit: Callable[[Sandbox], object], compute: list[str], draw: list[str]
) -> None:
    if edit is EDITS["module that shadows a library"][0]:
        project.edit("figures/plot.py", "scaled(n)", "scaled(np.abs(n))")
        draw = []
    before = parts(project)
    edit(project)
    after = parts(project)
    for old, new, expected in zip(before, after, (compute, draw), strict=True):
        assert [said.split(":")[0] for said in changes(old, new)] == expected


def test_an_override_changes_its_own_part(project: Sandbox) -> None:
    assert changes(parts(project)[0], parts(project, n=5)[0]) == ["parameter n: 2 → 5"]
    assert changes(parts(project)[1], parts(project, width=5)[1]) == ["parameter width: 3 → 5"]


def test_changes_say_what_came_and_went() -> None:
    assert changes({"a": "1", "b": "2"}, {"b": "3", "c": "4"}) == ["a: removed", "b: 2 → 3", "c: added"]
    assert changes({"code": "0" * 16}, {"code": "1" * 16}) == ["code: changed"]


def test_a_missing_file_is_named(project: Sandbox) -> None:
    (project.root / "table.txt").unlink()
    with pytest.raises(
        FigureError, match=r"figures/plot\.py: parameter 'table': there is no file table\.txt"
    ):
        parts(project)
    project.write("table.txt", "")
    (project.root / "data/a.csv").unlink()
    with pytest.raises(FigureError, match=r"FILES: nothing matches 'data/\*\.csv'"):
        parts(project)


def test_a_syntax_error_in_a_module_is_placed(project: Sandbox) -> None:
    project.write("helpers/far.py", "FACTOR = 2\nX = = 3")
    with pytest.raises(FigureError, match=r"helpers/far\.py, line 2: syntax error"):
        parts(project)
