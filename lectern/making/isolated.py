"""Run a job in a process of its own, forked from a warm parent.

The parent has imported the libraries that jobs need, and no module of the project; so a job starts in
milliseconds, and always with the project's code as it is on disk. Where the system cannot fork, jobs start cold.
"""

from __future__ import annotations

import contextlib
import faulthandler
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
from collections.abc import Iterable
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, TextIO

from lectern.making.job import Failure, Job, Outcome

# One thread a worker: sums come out the same whatever the machine and the number of jobs, and on small
# models one thread is faster than two. No screen, and the same order of sets in every run.
ENVIRONMENT = {
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
}
GRACE = 5.0  # seconds a worker that overran its limit has to say where it was

_running: dict[int, BaseProcess] = {}
_lock = threading.Lock()
_stopping = threading.Event()


def warm_up(libraries: Iterable[str]) -> None:
    """Get ready for jobs: the parent, when it starts with the first of them, imports these libraries."""
    _stopping.clear()
    context = _context()
    if context.get_start_method() == "forkserver":
        context.set_forkserver_preload(["lectern.making.worker", *sorted(libraries)])


def _context() -> Any:  # the kinds of context have no common type that has all of their parts
    can_fork = "forkserver" in multiprocessing.get_all_start_methods()
    return multiprocessing.get_context("forkserver" if can_fork else "spawn")


def isolated(job: Job) -> Outcome | Failure:
    """Run `job` in a new process and return what it made, or why it made nothing.

    A job that overruns its time limit, or dies, is a Failure that says so. Safe to call from several threads.
    """
    with tempfile.TemporaryDirectory(prefix="lectern-") as folder:
        log = Path(folder) / "printed"
        receiver, sender = _context().Pipe(duplex=False)
        process = _context().Process(target=_serve, args=(job, sender, str(log)), name=str(job))
        with _lock, _environment():
            process.start()
            _running[process.pid or 0] = process
        if _stopping.is_set():
            process.kill()
        sender.close()
        try:
            return _outcome(job, process, receiver, log)
        finally:
            process.kill()
            process.join()
            _running.pop(process.pid or 0, None)


def stop_all() -> None:
    """Kill every job, also those about to start, until `warm_up` is called again; their callers get a Failure."""
    _stopping.set()
    for process in list(_running.values()):
        process.kill()


@contextlib.contextmanager
def _environment():  # noqa: ANN202
    """Set what the parent of the workers, started with the first of them, must inherit."""
    before = dict(os.environ)
    os.environ.update(ENVIRONMENT)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _outcome(job: Job, process: BaseProcess, receiver: Connection, log: Path) -> Outcome | Failure:
    wait([receiver, process.sentinel], timeout=job.time_limit + GRACE)
    with contextlib.suppress(EOFError, OSError):
        if receiver.poll():
            return receiver.recv()
    process.join(GRACE)
    printed = log.read_text(errors="replace") if log.exists() else ""
    if "Timeout (" in printed or process.exitcode is None:
        line = _last_line_in(job.path, printed)
        message = f"{job.step} ran longer than its {job.time_limit:g} s"
        return Failure(message, line, job.path, "mend it, or raise TIME_LIMIT in the script")
    if process.exitcode == -signal.SIGKILL:
        remedy = "most often the system ran out of memory: use smaller parameters, or fewer jobs (--jobs 1)"
        return Failure(f"{job.step} was killed by the system", None, job.path, remedy)
    return Failure(
        f"{job.step} died with exit code {process.exitcode}", None, job.path, None, printed=printed
    )


def _last_line_in(path: str, stacks: str) -> int | None:
    """Return the innermost line of `path` in faulthandler's stacks, which list the innermost frame first."""
    for entry in stacks.splitlines():
        if f'File "{path}", line ' in entry:
            return int(entry.split(", line ")[1].split(" ")[0])
    return None


def _serve(job: Job, sender: Connection, log: str) -> None:
    """Run in the worker: answer through `sender`, with everything printed going to `log`."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_die_with_parent, daemon=True).start()
    from lectern.making.worker import run

    with Path(log).open("w", buffering=1) as file:
        for stream in (1, 2):
            os.dup2(file.fileno(), stream)
        faulthandler.dump_traceback_later(job.time_limit, exit=True, file=file)
        answer = run(job)
        faulthandler.cancel_dump_traceback_later()
        _flush(sys.stdout, sys.stderr)
    sender.send(_with_printed(answer, Path(log).read_text(errors="replace")))


def _with_printed(answer: Outcome | Failure, printed: str) -> Outcome | Failure:
    return type(answer)(**{**vars(answer), "printed": printed})


def _flush(*streams: TextIO) -> None:
    for stream in streams:
        with contextlib.suppress(OSError, ValueError):
            stream.flush()


def _die_with_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
