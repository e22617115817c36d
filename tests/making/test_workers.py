"""Jobs in processes of their own."""

import threading
from dataclasses import replace
from pathlib import Path

import pytest

from lectern.making.job import Failure, Job, Outcome
from lectern.making.warm import environment
from lectern.making.workers import Workers

HANGING = """
def compute():
    import threading
    threading.Event().wait()

def draw(data): ...
"""


@pytest.fixture
def hanging(tmp_path: Path) -> Job:
    path = str(tmp_path / "figures/one.py")
    empty: frozenset[str] = frozenset()
    return Job(
        "one", "compute", path, HANGING, (str(tmp_path),), frozenset({path}), empty, empty, {}, time_limit=10
    )


def test_a_job_that_starts_when_all_is_closed_is_killed_at_once(hanging: Job) -> None:
    workers = Workers()
    workers.close()
    answer = workers.run(hanging)
    assert isinstance(answer, Failure)
    assert "was killed" in answer.message


def test_a_job_that_runs_when_all_is_closed_is_killed(hanging: Job) -> None:
    workers = Workers()
    answers = []
    asked = threading.Event()

    def is_unwanted() -> bool:
        asked.set()  # it is asked about while it runs
        return False

    thread = threading.Thread(target=lambda: answers.append(workers.run(hanging, is_unwanted)))
    thread.start()
    assert asked.wait(10)
    workers.close()
    thread.join(10)
    assert "was killed" in answers[0].message


def test_a_job_may_take_nearly_all_its_time(hanging: Job) -> None:
    takes_long = HANGING.replace("wait()", "wait(1.2)\n    return {}")
    assert isinstance(Workers().run(replace(hanging, source=takes_long, time_limit=4)), Outcome)


def test_a_job_that_nobody_wants_is_killed(hanging: Job) -> None:
    answer = Workers().run(hanging, lambda: True)
    assert isinstance(answer, Failure)
    assert "was killed" in answer.message


def test_a_worker_learns_where_caches_are_and_no_token(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_HOME", "HF_TOKEN", "HF_TOKEN_PATH", "HUGGINGFACE_TOKEN", "TORCH_HOME", "ANYTHING_ELSE"):
        monkeypatch.setenv(name, "x")
    given = environment()
    assert {name for name, value in given.items() if value == "x"} == {"HF_HOME", "TORCH_HOME"}
