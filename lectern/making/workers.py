"""Run jobs, each in a process of its own."""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import threading
from collections.abc import Iterator
from multiprocessing.connection import Connection, wait
from pathlib import Path

from lectern.making.job import Failure, Job, Outcome
from lectern.making.warm import forked

GRACE = 5.0  # seconds a worker that overran its limit has to say where it was


class Workers:
    """Runs jobs until it is closed. Safe to use from several threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running: set[int] = set()
        self._closed = False

    def run(self, job: Job) -> Outcome | Failure:
        """Run `job` in a new process and return what it made, or why it made nothing.

        A job that overruns its time limit, or dies, is a Failure that says so.
        """
        with tempfile.TemporaryDirectory(prefix="lectern-") as folder:
            log = Path(folder) / "printed"
            with forked(job.libraries, log) as (channel, report), self._watched(report.recv()):
                with contextlib.suppress(OSError):
                    channel.send(job)
                wait([channel, report], job.time_limit + GRACE)
                with contextlib.suppress(EOFError, OSError):
                    if channel.poll():
                        return channel.recv()
                return _died(job, report, log)

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
        return Failure(message, line, job.path, "mend it, or raise TIME_LIMIT in the script")
    if code == -signal.SIGKILL:
        remedy = "most often the system ran out of memory: use smaller parameters, or fewer jobs (--jobs 1)"
        return Failure(f"{job.step} was killed by the system", None, job.path, remedy)
    return Failure(f"{job.step} died with exit code {code}", None, job.path, printed=printed)


def _innermost_line(path: str, stacks: str) -> int | None:
    """Return the innermost line of `path` in faulthandler's stacks, which begin with the innermost frame."""
    for entry in stacks.splitlines():
        if f'File "{path}", line ' in entry:
            return int(entry.split(", line ")[1].split(" ")[0])
    return None
