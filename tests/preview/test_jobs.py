import contextlib
import queue
import threading
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace

import pytest

from lectern.errors import BuildError
from lectern.making.request import Request
from lectern.preview.jobs import Ended, Jobs
from lectern.progress import Progress
from lectern.project import Project

A, B, C = Request("a"), Request("b"), Request("c")


class Making:
    """Figures that are made when the test says so."""

    def __init__(self) -> None:
        self.begun: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self.killed: queue.SimpleQueue[Request] = queue.SimpleQueue()
        self._release: dict[Request, queue.SimpleQueue[Exception | None]] = {}

    @contextlib.contextmanager
    def workshop(self, project: Project, steps: Progress, jobs: int) -> Iterator[SimpleNamespace]:
        made: list[Request] = []

        def make(requests: list[Request]) -> None:
            made.extend(requests)
            self._release[made[0]] = queue.SimpleQueue()
            steps.started(made[0].name, "compute")
            self.begun.put(made[0])
            if error := self._release[made[0]].get(timeout=20):
                raise error

        def close() -> None:
            for request in made:
                self.killed.put(request)
                self._release[request].put(BuildError("killed"))

        yield SimpleNamespace(maker=SimpleNamespace(make=make), workers=SimpleNamespace(close=close))

    def end(self, request: Request, error: Exception | None = None) -> None:
        self._release[request].put(error)


@pytest.fixture
def making(monkeypatch: pytest.MonkeyPatch) -> Making:
    making = Making()
    monkeypatch.setattr("lectern.preview.jobs.open_workshop", making.workshop)
    return making


class Desk:
    def __init__(self, at_once: int) -> None:
        self.ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
        self.moved = threading.Event()
        self.jobs = Jobs(Project(Path("/nowhere")), at_once, self.ended.put, self.moved.set)


@pytest.fixture
def desk() -> Iterator[Desk]:
    desk = Desk(1)
    yield desk
    desk.jobs.close()


def test_what_is_wanted_is_made_one_after_the_other(making: Making, desk: Desk) -> None:
    desk.jobs.want({A: "1", B: "1"})
    assert making.begun.get(timeout=20) == A
    steps = desk.jobs.steps()
    assert steps[B] is None
    assert steps[A]
    assert steps[A][0] == "compute"
    assert desk.moved.is_set()
    making.end(A)
    assert desk.ended.get(timeout=20) == Ended(A, "1", None)
    assert making.begun.get(timeout=20) == B
    making.end(B)
    assert desk.ended.get(timeout=20) == Ended(B, "1", None)
    assert desk.jobs.steps() == {}


def test_as_many_as_allowed_are_made_at_once(making: Making) -> None:
    desk = Desk(2)
    desk.jobs.want({A: "1", B: "1", C: "1"})
    assert {making.begun.get(timeout=20), making.begun.get(timeout=20)} == {A, B}
    assert making.begun.empty()
    desk.jobs.close()


def test_the_visible_are_made_first(making: Making, desk: Desk) -> None:
    desk.jobs.prefer(frozenset({"c"}))
    desk.jobs.want({A: "1", B: "1", C: "1"})
    assert making.begun.get(timeout=20) == C
    desk.jobs.prefer(frozenset({"b"}))
    making.end(C)
    assert making.begun.get(timeout=20) == B


def test_a_job_goes_on_while_its_inputs_stay(making: Making, desk: Desk) -> None:
    desk.jobs.want({A: "1"})
    making.begun.get(timeout=20)
    desk.jobs.want({A: "1", B: "1"})
    making.end(A)
    assert desk.ended.get(timeout=20).request == A
    assert making.killed.empty()


@pytest.mark.parametrize("newer", [{A: "2"}, {B: "1"}])
def test_a_job_from_other_inputs_is_stopped_and_not_told_of(
    making: Making, desk: Desk, newer: dict[Request, str]
) -> None:
    desk.jobs.want({A: "1"})
    making.begun.get(timeout=20)
    desk.jobs.want(newer)
    assert making.killed.get(timeout=20) == A
    (request,) = newer
    assert making.begun.get(timeout=20) == request
    making.end(request)
    assert desk.ended.get(timeout=20) == Ended(request, newer[request], None)
    assert desk.ended.empty()


@pytest.mark.parametrize("error", [BuildError("line 3: no"), ValueError("no")])
def test_whatever_a_job_raises_is_told_as_its_error(making: Making, desk: Desk, error: Exception) -> None:
    desk.jobs.want({A: "1"})
    making.begun.get(timeout=20)
    making.end(A, error)
    told = desk.ended.get(timeout=20)
    assert isinstance(told.error, BuildError)
    assert "no" in str(told.error)


def test_closing_stops_all_and_waits(making: Making) -> None:
    desk = Desk(2)
    desk.jobs.want({A: "1", B: "1", C: "1"})
    making.begun.get(timeout=20)
    making.begun.get(timeout=20)
    desk.jobs.close()
    assert {making.killed.get(), making.killed.get()} == {A, B}
    assert desk.jobs.steps() == {}
    assert desk.ended.empty()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("figure ")]
