"""The exercises themselves: solutions run from top to bottom and agree with the lecture; students stop at task 1."""

import re
from pathlib import Path
from typing import Any

import pytest

from lectern.errors import ExerciseError
from lectern.exercises import notebook, solutions
from lectern.exercises.execution import execute
from lectern.making.sidecar import read_sidecar
from lectern.project import ENGINE_ROOT, Project

NAMES = ("induccion", "ioi", "sae")
PROJECT = Project(ENGINE_ROOT)


def text_of(name: str) -> str:
    return (ENGINE_ROOT / f"exercises/{name}.py").read_text(encoding="utf-8")


def printed(made: Any) -> str:
    outputs = [output for cell in made.cells for output in cell.get("outputs", ())]
    assert not [output for output in outputs if output.get("name") == "stderr"]
    return "".join(output["text"] for output in outputs if output["output_type"] == "stream")


def value(figure: str, name: str) -> Any:
    sidecar = read_sidecar(ENGINE_ROOT / "img" / f"{figure}.json")
    assert sidecar
    return sidecar.values[name]


def comma(x: float) -> str:
    return f"{x:.2f}".replace(".", ",").replace("-", "−")


def solved(name: str, folder: Path) -> str:
    made = notebook.read(text_of(name), solutions.unmarked)
    execute(made, folder, name, PROJECT)
    said = printed(made)
    tasks = re.findall(r"^checks\.(\w+)\(", text_of(name), re.MULTILINE)
    assert said.count("✓") == len(tasks) >= 5
    return said


@pytest.mark.parametrize("name", NAMES)
def test_each_task_says_how_hard_it_is_and_is_checked(name: str) -> None:
    text = text_of(name)
    solutions.check(text, name)
    tasks = text.split("# ## Tarea ")[1:]
    assert len(tasks) >= 5
    for number, task in enumerate(tasks, start=1):
        assert task.startswith(f"{number}. ")
        assert len(re.findall("[●○]", task)) == 10
        assert re.search(r"Dificultad ●+○* · Importancia ●+○* · \d+ minutos", task)
        assert f"### BEGIN SOLUTION: Tarea {number}: escribe " in task
        assert "checks." in task.split("### END SOLUTION")[-1] or "checks." in task
        if "def " in task.split("### BEGIN SOLUTION")[0]:
            assert "<details><summary>Pista" in task


@pytest.mark.heavy
def test_induction_heads_are_those_of_the_lecture(tmp_path: Path) -> None:
    said = solved("induccion", tmp_path)
    assert f"✓ induction_head: {value('repeated_seq', 'head')}" in said
    assert f"✓ stripe_head: {value('positional_qk', 'head')}" in said
    first, second = (comma(value("repeated_seq", half)) for half in ("first", "second"))
    assert f"primera mitad {first} nats, segunda {second} nats" in said


@pytest.mark.heavy
def test_the_heads_that_ioi_needs_are_those_of_the_lecture(tmp_path: Path) -> None:
    said = solved("ioi", tmp_path)
    assert f"diferencia media: {comma(value('ablations', 'whole'))} logits" in said
    worst, second = sorted((value("ablations", "worst"), value("ablations", "second")))
    assert f"✓ needed_heads: {worst}, {second}" in said


@pytest.mark.heavy
def test_an_sae_explains_most_and_some_features_have_a_label(tmp_path: Path) -> None:
    said = solved("sae", tmp_path)
    unexplained, fire = re.search(r"FVU (\S+), (\S+) activas", said).groups()  # type: ignore[union-attr]
    assert float(unexplained.replace(",", ".")) < 0.12
    assert fire == "8,0"
    labelled = re.findall(r"F1 (\S+)  (\w+)[\w ]*: ", said)
    assert len(labelled) >= 5
    assert {kind for _, kind in labelled} >= {"palabra", "clase"}


@pytest.mark.heavy
@pytest.mark.parametrize("name", NAMES)
def test_a_students_notebook_stops_at_the_first_task(name: str, tmp_path: Path) -> None:
    made = notebook.read(text_of(name), solutions.removed)
    with pytest.raises(ExerciseError, match=r"NotWritten: Tarea 1: escribe .* pista en la celda de arriba"):
        execute(made, tmp_path, name, PROJECT)
    assert "✓" not in printed(made)
