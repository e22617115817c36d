"""build.py exercises: what is written from a source, when it is written again, and what is never overwritten."""

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import psutil
import pytest

from lectern.cli import INTERRUPTED
from lectern.errors import ExerciseError
from lectern.exercises import solutions
from tests.conftest import Sandbox

SOURCE = '''
# %% [markdown]
# # Uno
#
# Suma dos números.

# %%
from numbers_of_ours import TWO


def add(a, b):
    """a + b"""
    ### BEGIN SOLUTION: escribe «la suma»
    total = a + b
    return total
    ### END SOLUTION


# %%
print(add(TWO, 3))
print("fin")
'''


@pytest.fixture
def course(sandbox: Sandbox) -> Sandbox:
    sandbox.write("exercises/sums.py", SOURCE)
    sandbox.write("numbers_of_ours.py", "TWO = 2\n")
    return sandbox


def made(course: Sandbox, path: str = "sums.ipynb") -> dict[str, Any]:
    return json.loads((course.root / "exercises/notebooks" / path).read_text(encoding="utf-8"))


def code(notebook: dict[str, Any]) -> list[str]:
    return ["".join(cell["source"]) for cell in notebook["cells"] if cell["cell_type"] == "code"]


def said(course: Sandbox, capsys: pytest.CaptureFixture[str], rc: int = 0) -> list[str]:
    capsys.readouterr()
    assert course.build("exercises") == rc
    out, err = capsys.readouterr()
    return (err if rc else out).splitlines()


def test_a_solution_becomes_an_error_that_says_what_to_write() -> None:
    cell = "def f():\n    ### BEGIN SOLUTION: escribe «x»\n    y = 1\n    return y\n    ### END SOLUTION\n\n\nz = 2"
    assert solutions.removed(cell) == 'def f():\n    raise NotImplementedError("escribe «x»")\n\n\nz = 2'
    assert solutions.unmarked(cell) == "def f():\n    y = 1\n    return y\n\n\nz = 2"


def test_each_solution_of_a_cell_is_removed() -> None:
    cell = "### BEGIN SOLUTION: uno\na = 1\n### END SOLUTION\nb = 2\n### BEGIN SOLUTION: dos\nc = 3\n### END SOLUTION"
    assert solutions.removed(cell).count("NotImplementedError") == 2
    assert "b = 2" in solutions.removed(cell)
    assert "= 1" not in solutions.removed(cell)
    assert "= 3" not in solutions.removed(cell)


@pytest.mark.parametrize(
    ("text", "line", "message"),
    [
        ("### BEGIN SOLUTION\n### END SOLUTION", 1, "does not say what the student is told"),
        ("### BEGIN SOLUTION:  \n### END SOLUTION", 1, "does not say what the student is told"),
        ("x = 1\n### END SOLUTION", 2, "begin and end in turn"),
        ("### BEGIN SOLUTION: a\n### BEGIN SOLUTION: b\n### END SOLUTION", 2, "begin and end in turn"),
        ("### BEGIN SOLUTION: a\n# %%\n### END SOLUTION", 2, "begin and end in turn"),
        ("x = 1\n### BEGIN SOLUTION: a", 2, "does not end"),
        ("## BEGIN SOLUTION: a\n### END SOLUTION", 1, "not understood"),
        ("### BEGIN SOLUTION: a\n### END SOLUTION of a", 2, "not understood"),
    ],
)
def test_markers_that_are_wrong_are_refused(text: str, line: int, message: str) -> None:
    with pytest.raises(ExerciseError, match=message) as caught:
        solutions.check(text, "sums.py")
    assert str(caught.value).startswith(f"sums.py, line {line}: ")
    assert "→ write ### BEGIN SOLUTION: what to write" in str(caught.value)


@pytest.mark.heavy
def test_a_source_gives_two_notebooks(course: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(course, capsys)
    assert lines[0] == "exercises/notebooks/sums.ipynb  written"
    assert lines[1].startswith("exercises/notebooks/solutions/sums.ipynb  executed in ")
    student, solution = made(course), made(course, "solutions/sums.ipynb")
    assert (
        'def add(a, b):\n    """a + b"""\n    raise NotImplementedError("escribe «la suma»")'
        in code(student)[0]
    )
    assert "total" not in json.dumps(student)
    assert student["cells"][0] == {
        "cell_type": "markdown",
        "id": "cell-1",
        "metadata": {},
        "source": "# Uno\n\nSuma dos números.",
    }
    assert [cell["outputs"] for cell in student["cells"][1:]] == [[], []]
    assert solution["cells"][-1]["outputs"] == [
        {"name": "stdout", "output_type": "stream", "text": "5\nfin\n"}
    ]
    assert "SOLUTION" not in json.dumps(solution)
    assert "    total = a + b\n    return total" in code(solution)[0]


@pytest.mark.heavy
def test_what_is_fresh_is_left_and_what_is_made_again_is_the_same(
    course: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    said(course, capsys)
    paths = [course.root / "exercises/notebooks" / name for name in ("sums.ipynb", "solutions/sums.ipynb")]
    before = [path.read_bytes() for path in paths]
    assert [line.split("  ")[1] for line in said(course, capsys)] == ["fresh", "fresh"]
    assert course.build("--force", "exercises") == 0
    assert "executed in" in capsys.readouterr().out
    assert [path.read_bytes() for path in paths] == before


@pytest.mark.heavy
def test_a_solution_is_executed_again_when_a_module_changed(
    course: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    said(course, capsys)
    course.write("numbers_of_ours.py", "TWO = 4  # changed\n")
    lines = said(course, capsys)
    assert lines[0].endswith("sums.ipynb  fresh")
    assert "executed in" in lines[1]
    assert made(course, "solutions/sums.ipynb")["cells"][-1]["outputs"][0]["text"] == "7\nfin\n"


@pytest.mark.heavy
def test_a_students_work_is_never_overwritten(course: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    said(course, capsys)
    path = course.root / "exercises/notebooks/sums.ipynb"
    work = made(course)
    work["cells"][1]["source"] = ["# mine\n", "x = 1"]
    path.write_text(json.dumps(work), encoding="utf-8")
    course.edit("exercises/sums.py", "Suma dos", "Suma siempre dos")
    mine = path.read_bytes()
    line = said(course, capsys)[0]
    assert line.startswith(
        "exercises/notebooks/sums.ipynb  kept, since its cells were edited; to get a new one"
    )
    assert path.read_bytes() == mine
    course.build("--force", "exercises")
    assert path.read_bytes() == mine


@pytest.mark.heavy
def test_a_notebook_that_was_only_run_is_not_somebodys_work(
    course: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    said(course, capsys)
    path = course.root / "exercises/notebooks/sums.ipynb"
    run = made(course)
    run["cells"][1]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": "x"}]
    run["cells"][1]["source"] = run["cells"][1]["source"].splitlines(keepends=True)  # as JupyterLab saves it
    path.write_text(json.dumps(run), encoding="utf-8")
    assert said(course, capsys)[0].endswith("fresh")
    course.edit("exercises/sums.py", "Suma dos", "Suma siempre dos")
    assert said(course, capsys)[0].endswith("written")


@pytest.mark.heavy
def test_a_solution_that_fails_is_reported_and_nothing_is_written(
    course: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    course.edit("exercises/sums.py", "total = a + b", "total = a + b + nothing")
    lines = said(course, capsys, rc=1)
    assert lines[0] == (
        "error: exercises/sums.py: cell 3 of the solution failed: NameError: name 'nothing' is not defined"
    )
    assert lines[1] == "  → correct the solution"
    assert not (course.root / "exercises/notebooks/solutions/sums.ipynb").exists()


@pytest.mark.heavy
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_ends_what_executes(number: signal.Signals, course: Sandbox) -> None:
    waits = 'import os, threading\nopen("pipe", "w").write(str(os.getpid()))\nthreading.Event().wait(60)'
    course.edit("exercises/sums.py", 'print("fin")', waits)
    (course.root / "exercises/notebooks").mkdir()
    pipe = course.root / "exercises/notebooks/pipe"
    os.mkfifo(pipe)
    running = course.command("exercises")
    kernel = int(pipe.read_text())
    running.send_signal(number)
    assert running.wait(60) == INTERRUPTED
    assert "interrupted: the outputs are unchanged" in running.communicate()[1]
    assert not psutil.pid_exists(kernel)
    assert not (course.root / "exercises/notebooks/solutions/sums.ipynb").exists()


def test_a_file_that_is_no_notebook_is_not_overwritten(
    course: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    path = course.write("exercises/notebooks/sums.ipynb", "my notes")
    assert said(course, capsys, rc=1)[0].endswith("this is no notebook, and is not overwritten")
    assert path.read_text() == "my notes"


def test_a_syntax_error_names_the_line(course: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    course.edit("exercises/sums.py", "total = a + b", "total = a +")
    assert said(course, capsys, rc=1)[0].startswith("error: exercises/sums.py, line 13: syntax error")


def test_without_exercises_it_says_what_to_write(
    sandbox: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = said(sandbox, capsys, rc=1)
    assert lines[0] == "error: there are no exercises"
    assert "exercises/NAME.py" in lines[1]


@pytest.mark.parametrize("library", ["jupytext", "nbclient"])
def test_without_the_libraries_it_says_what_installs_them(
    library: str, course: Sandbox, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, library, None)
    lines = said(course, capsys, rc=1)
    assert lines[0].startswith(f"error: exercises need the Python package {library}, and {library} is not")
    assert lines[1] == "  → run `make exercises`, which installs it"


def test_quietly_nothing_is_printed(course: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    course.write("exercises/sums.py", "# %% [markdown]\n# Nada\n")
    assert course.build("--quiet", "exercises") == 0
    assert capsys.readouterr().out == ""
    assert Path(course.root / "exercises/notebooks/sums.ipynb").exists()
