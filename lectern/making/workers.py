"""Run jobs, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import threading
import time
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from lectern import temporary
from lectern.making import memory
from lectern.making.job import Failure, Job, Outcome
from lectern.making.warm import forked

GRACE = 5.0  # seconds a worker that overran its limit has to say where it was
UNWATCHED = 0.5  # seconds before a worker's memory is looked at for the first time
EVERY = 0.2  # seconds between two looks


class Workers:
    """Runs jobs until it is closed. Safe to use from several threads."""

    def __init__(self, memory_bound: int | None = None) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._closed = False
        self._bound = memory_bound  # bytes; None: what suits the machine
        self._too_large: dict[int, int] = {}  # workers that were ended, with the bytes they had

    def run(self, job: Job, is_unwanted: Callable[[], bool] = lambda: False) -> Outcome | Failure:
        """Run `job` in a new process and return what it made, or why it made nothing.

        A job that overruns its time limit, takes too much memory, or dies, is a Failure that says so. One that
        is unwanted by now is killed.
        """
        with temporary.folder() as folder:
            log = folder / "printed"
            with forked(job.libraries, log) as (channel, report):
                pid = report.recv()
                with self._watched(pid):
                    with contextlib.suppress(OSError):
                        channel.send(job)
                    if not self._wait([channel, report], job.time_limit + GRACE, is_unwanted):
                        _kill(pid)
                    with contextlib.suppress(EOFError, OSError):
                        if channel.poll():
                            return channel.recv()
                    if (taken := self._too_large.pop(pid, None)) is not None:
                        return self._outgrown(job, taken)
                    return _died(job, report, log)

    def _wait(self, connections: list[Connection], seconds: float, is_unwanted: Callable[[], bool]) -> bool:
        """Wait for an answer or an end, and see meanwhile that the workers' memory stays within bounds.

        Returns False as soon as nobody wants the answer.
        """
        latest = time.monotonic() + seconds
        pause = UNWATCHED
        while not wait(connections, min(pause, latest - time.monotonic())) and time.monotonic() < latest:
            pause = EVERY
            self._bound_memory()
            if is_unwanted():
                return False
        return True

    def _bound_memory(self) -> None:
        with self._lock:
            self._bound = self._bound or memory.default_bound()
            if found := memory.largest(self._running, self._bound):
                pid, taken = found
                self._too_large[pid] = taken
                _kill(pid)

    def _outgrown(self, job: Job, taken: int) -> Failure:
        message = (
            f"{job.step} was ended when it had taken {_gigabytes(taken)} of memory, as all figures together may take "
            f"{_gigabytes(self._bound or 0)}"
        )
        remedy = "use smaller parameters, or fewer jobs at once (--jobs 1), or allow more: --memory-limit GB"
        return Failure(message, None, job.path, remedy)

    def close(self) -> None:
        """Kill what still runs, and whatever is about to start; whoever waits for it gets a Failure."""
        with self._lock:
            self._closed = True
            for pid in self._running:
                _kill(pid)

    @contextlib.contextmanager
    def _watched(self, pid: int) -> Iterator[None]:
        """Keep track of a worker; it has ended, or is killed, on leaving."""
        with self._lock:
            self._running.add(pid)
            if self._closed:
                _kill(pid)
        try:
            yield
        finally:
            with self._lock:
                self._running.discard(pid)
            _kill(pid)


def _kill(pid: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def _died(job: Job, report: Connection, log: Path) -> Failure:
    """Return the Failure of a worker that did not answer."""
    code = report.recv() if report.poll(GRACE) else None
    printed = log.read_text(errors="replace") if log.exists() else ""
    if "Timeout (" in printed or code is None:
        message = f"{job.step} ran longer than its {job.time_limit:g} s"
        line = _innermost_line(job.path, printed)
        return Failure(message, line, job.path, "make it faster, or raise TIME_LIMIT in the script")
    if code == -signal.SIGKILL:
        remedy = "most often the system ran out of memory: use smaller parameters, or fewer jobs (--jobs 1)"
        return Failure(f"{job.step} was killed by the system", None, job.path, remedy)
    return Failure(f"{job.step} died with exit code {code}", None, job.path, printed=printed)


def _innermost_line(path: str, printed: str) -> int | None:
    """Return the innermost line of `path` in faulthandler's stacks, which end what was printed.

    They begin with the innermost frame; stacks that the script printed itself are written otherwise.
    """
    stacks = printed[printed.rfind("Timeout (") :]
    found = re.search(rf'^  File "{re.escape(path)}", line (\d+) in ', stacks, re.MULTILINE)
    return int(found[1]) if found else None


def _gigabytes(number: int) -> str:
    return f"{number / 1e9:.1f} GB"
