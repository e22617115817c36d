"""Workers forked from one warm process, started with the first of them and shared by all of this process."""

from __future__ import annotations

import atexit
import contextlib
import json
import os
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Iterable, Iterator
from multiprocessing.connection import Connection, Pipe
from pathlib import Path

from lectern.project import ENGINE_ROOT

# One thread a worker: sums come out the same whatever the machine and the number of jobs, and on small
# models one thread is faster than two. No screen, and the same order of sets, language and time zone in every run.
ENVIRONMENT = {
    "LC_ALL": "C.UTF-8",
    "TZ": "UTC",
    "OMP_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "PYTHONHASHSEED": "0",
    "MPLBACKEND": "Agg",
}

# What a figure is given of a person's own environment: where programs, libraries and their caches are. No token is.
PASSED_ON = re.compile(
    r"PATH|HOME|USER|LOGNAME|TMPDIR|TEMP|TMP|SYSTEMROOT|VIRTUAL_ENV|(LD|DYLD)_\w+|XDG_CACHE_HOME|MPLCONFIGDIR|PYTHON\w+"
    r"|(HF|HUGGINGFACE|TRANSFORMERS|CUDA|NVIDIA|OPENBLAS|PYTORCH|TORCH)_(?!\w*TOKEN)\w+|\w+_proxy|\w+_PROXY|SSL_CERT_\w+|\w+_CA_BUNDLE"
)

_lock = threading.Lock()
_parent: tuple[subprocess.Popen[bytes], socket.socket] | None = None


@contextlib.contextmanager
def forked(libraries: Iterable[str], log: Path) -> Iterator[tuple[Connection, Connection]]:
    """Fork a worker whose parent has imported `libraries`, and whose output goes to `log`.

    Yields two connections: one for its job and answer, the other with its pid and, when it ends, its exit code.
    """
    channel, theirs = Pipe()
    report, reporting = Pipe(duplex=False)
    request = json.dumps({"libraries": sorted(libraries), "log": str(log)}).encode()
    with channel, report:
        with theirs, reporting, _lock:
            socket.send_fds(_connected(), [request], [theirs.fileno(), reporting.fileno()])
            report.poll(None)  # the parent takes one request at a time
        yield channel, report


def _connected() -> socket.socket:
    """Return the socket to the parent. It closes with this process, however that ends, and then the parent ends."""
    global _parent
    if _parent is None:
        control, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", "lectern.making.parent", str(theirs.fileno())],
                cwd=ENGINE_ROOT,
                env=environment(),
                pass_fds=[theirs.fileno()],
                start_new_session=True,  # Ctrl-C reaches this process, which ends workers in order
            )
        _parent = process, control
        atexit.register(_end)
    return _parent[1]


def environment() -> dict[str, str]:
    """Return the environment that figures are made in: the same for everybody, but for where things are."""
    return {name: value for name, value in os.environ.items() if PASSED_ON.fullmatch(name)} | ENVIRONMENT


def _end() -> None:
    if _parent is not None:
        process, control = _parent
        control.close()
        process.wait()
