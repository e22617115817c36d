"""Figures made in the background while the preview runs: the visible ones first; a newer save stops an older job."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from lectern.errors import BuildError
from lectern.making.request import Request
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import Workshop, open_workshop


@dataclass(frozen=True)
class Ended:
    """A job that was not stopped has ended; `inputs` identifies what the figure was to be made from."""

    request: Request
    inputs: str
    error: BuildError | None


class _Steps(Progress):
    """Records the step that runs, and since when."""

    def __init__(self, changed: Callable[[], None]) -> None:
        super().__init__()
        self.now: tuple[str, float] | None = None
        self._changed = changed

    def started(self, figure: str, step: str) -> None:
        self.now = step, time.time()
        self._changed()


class _Job(threading.Thread):
    """One figure that is being made."""

    def __init__(
        self, project: Project, request: Request, inputs: str, steps: _Steps, end: Callable[[_Job], None]
    ) -> None:
        super().__init__(name=f"figure {request.stem}", daemon=True)
        self.request, self.inputs, self.steps = request, inputs, steps
        self.error: BuildError | None = None
        self._project, self._end = project, end
        self._lock = threading.Lock()
        self._stopped = False
        self._workshop: Workshop | None = None

    def run(self) -> None:
        """Make the figure, in a workshop of its own, which sees the files as they are now."""
        try:
            with open_workshop(self._project, self.steps, jobs=1) as workshop:
                with self._lock:
                    self._workshop = workshop
                if not self._stopped:
                    workshop.maker.make([self.request])
        except BuildError as error:
            self.error = error
        except Exception as error:  # whatever a script or a half-written file does, the preview continues
            self.error = BuildError(f"{type(error).__name__}: {error}")
        finally:
            self._end(self)

    def stop(self) -> None:
        """Kill what runs; its result is no longer wanted."""
        with self._lock:
            self._stopped = True
            if self._workshop:
                self._workshop.workers.close()


class Jobs:
    """Makes the figures that are wanted, at most `at_once` at a time."""

    def __init__(
        self, project: Project, at_once: int, ended: Callable[[Ended], None], moved: Callable[[], None]
    ) -> None:
        self._project, self._at_once = project, at_once
        self._ended, self._moved = ended, moved
        self._lock = threading.Lock()
        self._waiting: dict[Request, str] = {}
        self._running: dict[Request, _Job] = {}
        self._all: set[_Job] = set()  # also those that were stopped and have not ended yet
        self._visible: frozenset[str] = frozenset()

    def want(self, stale: Mapping[Request, str]) -> None:
        """Make these figures from their inputs; stop jobs for other figures, or from other inputs."""
        with self._lock:
            for request, job in list(self._running.items()):
                if stale.get(request) != job.inputs:
                    del self._running[request]
                    job.stop()
            self._waiting = {r: inputs for r, inputs in stale.items() if r not in self._running}
            self._start()

    def prefer(self, stems: frozenset[str]) -> None:
        """From now on begin with the figures of these stems, which are in view."""
        with self._lock:
            self._visible = stems

    def steps(self) -> dict[Request, tuple[str, float] | None]:
        """Return for each figure its present step, and since when; None for one that waits."""
        with self._lock:
            running = {request: job.steps.now for request, job in self._running.items()}
            return running | dict.fromkeys(self._waiting)

    def close(self) -> None:
        """Stop everything, and wait until it has ended."""
        with self._lock:
            self._waiting, running = {}, list(self._all)
            self._running = {}
        for job in running:
            job.stop()
        for job in running:
            job.join()

    def _start(self) -> None:
        """Start what may start; the lock must be held."""
        while self._waiting and len(self._running) < self._at_once:
            request = min(self._waiting, key=lambda r: r.stem not in self._visible)
            job = _Job(self._project, request, self._waiting.pop(request), _Steps(self._moved), self._end)
            self._running[request] = job
            self._all.add(job)
            job.start()

    def _end(self, job: _Job) -> None:
        with self._lock:
            self._all.discard(job)
            awaited = self._running.get(job.request) is job
            if awaited:
                del self._running[job.request]
                self._start()
        if awaited:
            self._ended(Ended(job.request, job.inputs, job.error))
