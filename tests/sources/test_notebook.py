import json
from pathlib import Path

import pytest

from lectern.errors import FigureError
from lectern.making.request import Request
from lectern.sources.notebook import cells_of
from tests.conftest import FIGURE, Sandbox


def notebook(*cells: str) -> str:
    found = [{"cell_type": "code", "source": cell.splitlines(keepends=True)} for cell in cells]
    return json.dumps({"cells": [{"cell_type": "markdown", "source": ["# Title"]}, *found]})


def split() -> list[str]:
    head, compute = FIGURE.strip().split("def compute", 1)
    compute, draw = compute.split("def draw", 1)
    return [
        head,
        "%matplotlib inline\n!pip list",
        "def compute" + compute,
        "def draw" + draw,
        "draw(compute().data)",
    ]


def test_a_notebook_is_a_figure_and_its_demonstrations_do_not_run(sandbox: Sandbox) -> None:
    sandbox.write("figures/one.ipynb", notebook(*split(), "raise SystemExit"))
    script = sandbox.workshop().catalogue.script("one")
    assert script.summary == "Twice a number."
    sandbox.write("figures/one.ipynb", notebook(*split()))
    assert sandbox.make("one") == [("one", "compute"), ("one", "draw")]


def test_an_error_is_placed_in_its_cell(sandbox: Sandbox) -> None:
    cells = split()
    cells[2] = cells[2].replace("return Result", "number / 0\n    return Result")
    sandbox.write("figures/one.ipynb", notebook(*cells))
    with pytest.raises(FigureError, match=r"figures/one\.ipynb, cell 3, line 2: .*ZeroDivisionError"):
        sandbox.workshop().maker.make([Request("one")])


def test_a_file_that_is_no_notebook_is_refused(sandbox: Sandbox) -> None:
    sandbox.write("figures/one.ipynb", "not JSON")
    with pytest.raises(FigureError, match=r"one\.ipynb: not a Jupyter notebook"):
        sandbox.workshop().catalogue.script("one")


@pytest.mark.parametrize(
    ("cell", "script"),
    [
        ("%matplotlib inline\nx = 1", "\nx = 1"),
        ("!ls\nx = 1", "\nx = 1"),
        ("x = (7\n% 4)", "x = (7\n% 4)"),
        ("x = 7 \\\n  % 4", "x = 7 \\\n  % 4"),
        ('x = """\n% d\n!\n"""', 'x = """\n% d\n!\n"""'),
        ("if x:\n    %time y = f()", "if x:\n    y = f()"),
        ("%%time\nx = 1", "\nx = 1"),
        ("%%bash\nls\n", "\n\n"),
        ("\n%%bash\nls", "\n\n"),
        ("# %d\n%timeit f()", "# %d\n"),
    ],
)
def test_only_magics_are_left_out(cell: str, script: str) -> None:
    (found,) = cells_of(notebook(cell), Path("one.ipynb"))
    assert found == script
