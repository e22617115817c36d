"""Checkpoints of a training: their order, what is refused, and what is measured along them."""

from __future__ import annotations

import json
import shutil
import weakref
from pathlib import Path

import pytest

from figures.induction_emergence import compute, report
from mechinterp.evaluation import measure as module
from mechinterp.evaluation.checkpoints import Checkpoints, find, load
from mechinterp.evaluation.measure import along, lasting, measured
from mechinterp.model.checkpoints import WEIGHTS
from mechinterp.model.checkpoints import find as find_model
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model

TWO = "bundled,bundled-seed-2"


def listed(value: str) -> tuple[list[tuple[int, str]], bool]:
    found = load(value)
    assert found is not None
    return [(one.step, one.name) for one in found.all], found.in_steps


@pytest.mark.parametrize(
    ("value", "steps"),
    [
        ("run/step1000,run/step64", [64, 1000]),
        ("out/checkpoint-500, out/checkpoint-1000", [500, 1000]),
        ("a/pythia-70m@step512,a/pythia-70m@step1,a/pythia-70m@step64", [1, 64, 512]),
        ("/runs/step5/checkpoint_20,/runs/step5/checkpoint_10", [10, 20]),
    ],
)
def test_names_tell_their_steps_and_the_order(value: str, steps: list[int]) -> None:
    found, in_steps = listed(value)
    assert in_steps
    assert [step for step, _ in found] == steps
    assert {name for _, name in found} == {name.strip() for name in value.split(",")}
    assert all(str(step) in name for step, name in found)


def test_where_one_tells_none_the_order_is_that_of_the_list() -> None:
    assert listed("run/step64,run/final,run/step1") == (
        [(1, "run/step64"), (2, "run/final"), (3, "run/step1")],
        False,
    )
    assert not listed("a/step1@main,a/step2@main")[1]  # of a revision, no other part of the name counts


@pytest.mark.parametrize("value", ["bundled", "bundled,", "", ","])
def test_one_checkpoint_shows_no_training(value: str) -> None:
    with pytest.raises(
        ValueError, match=r"at least two checkpoints, with commas between them, got '.*': name"
    ):
        find(value)


def test_a_step_twice_is_refused() -> None:
    with pytest.raises(ValueError, match=r"of different steps, got the steps \[5, 5, 7\]"):
        find("a/step5,b/step5,b/step7")


def test_the_files_of_all_of_them_count() -> None:
    assert find("none")[:2] == ("none", [])
    name, files, *_ = find(TWO)
    assert name == "bundled-to-bundled-seed-2-in-2"
    assert files == find_model("bundled").files + find_model("bundled-seed-2").files
    with pytest.raises(ValueError, match="there is no folder not/there/step2"):
        find("bundled,not/there/step2")


def test_their_place_is_found_from_any_folder_and_keeps_the_steps(tmp_path: Path) -> None:
    for name in ("step20", "step3"):
        shutil.copytree(WEIGHTS, tmp_path / name, ignore=shutil.ignore_patterns("*seed*", "without*"))
    found = find(f"{tmp_path}/step20,{tmp_path}/step3,7={tmp_path}/step3")
    assert found.place == f"3={tmp_path}/step3,7={tmp_path}/step3,20={tmp_path}/step20"
    again = load(found.place)
    assert again
    assert [checkpoint.step for checkpoint in again.all] == [3, 7, 20]


def test_each_is_measured_with_no_other_in_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    alive: list[weakref.ref[Model]] = []

    def counted(name: str) -> Model:
        assert not [model for model in alive if model() is not None]
        model = load_model(name)
        alive.append(weakref.ref(model))
        return model

    monkeypatch.setattr(module, "load_model", counted)
    monkeypatch.setattr(module, "N_PROMPTS", 8)
    found = load(TWO)
    assert found is not None
    rows = along(found)
    assert [row["step"] for row in rows] == [1, 2]
    for row, name in zip(rows, TWO.split(","), strict=True):
        assert row == {"step": row["step"], **measured(load_model(name), 8)}
    assert rows[0]["induction_score"] != rows[1]["induction_score"]


def test_lasting_is_from_when_it_is_never_below_again() -> None:
    rows = [{"step": 10 * i, "x": x} for i, x in enumerate((0.1, 0.6, 0.4, 0.5, 0.9), 1)]
    assert lasting(rows, "x", 0.5) == 40
    assert lasting(rows, "x", 0.05) == 10
    assert lasting(rows, "x", 0.95) is None
    assert lasting(rows[:3], "x", 0.5) is None


def data(induction: list[float], right: list[float], loss: list[float]) -> dict:
    """What the figure computes of three checkpoints."""
    rows = [
        {"step": 10**i, "repetition_loss": z, "induction_score": x, "ioi_accuracy": y}
        for i, (x, y, z) in enumerate(zip(induction, right, loss, strict=True))
    ]
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr("figures.induction_emergence.along", lambda _: rows)
        return compute(Checkpoints((), in_steps=True))


@pytest.mark.parametrize(
    ("induction", "right", "loss", "claims"),
    [
        ([0.0, 0.6, 0.9], [0.5, 0.5, 1.0], [9.0, 1.0, 0.5], {"drop", "order"}),
        ([0.0, 0.0, 0.9], [0.5, 0.9, 1.0], [9.0, 8.0, 7.0], {"steady", "earlier"}),
        ([0.6, 0.6, 0.9], [0.5, 0.5, 0.6], [1.0, 1.0, 1.0], {"steady", "unlearned"}),
        ([0.0, 0.6, 0.4], [0.5, 0.5, 0.6], [9.0, 1.0, 0.5], {"absent", "unlearned"}),
        ([0.0, 0.1, 0.4], [0.5, 0.5, 1.0], [9.0, 1.0, 0.5], {"absent"}),
    ],
)
def test_what_is_claimed_is_what_happened(
    induction: list[float], right: list[float], loss: list[float], claims: set[str]
) -> None:
    found = report(data(induction, right, loss))
    assert set(found.claims) == claims
    assert all(claim.holds for claim in found.claims.values())
    assert ("induction" in found.values) == ("absent" not in claims)
    assert not found.values["is_ours"]
    assert "repeating" not in found.values


def test_the_lectures_own_training_is_read_and_not_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("figures.induction_emergence.along", lambda _: pytest.fail("it measures"))
    history = WEIGHTS / "history.json"
    found = compute(None, history=Path(history))
    rows = json.loads(history.read_text())
    assert found["step"] == [row["step"] for row in rows]
    assert found["right"] == [row["handwritten_accuracy"] for row in rows]
    assert report(found).values["is_ours"]
