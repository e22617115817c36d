"""Processes that start others: when one has to end, so do all of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil

GRACE = 2.0  # seconds that processes which were killed are waited for


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process and all that it started, and wait until they have ended."""
    import psutil  # takes 30 ms, and is seldom needed

    family: set[psutil.Process] = set()
    with contextlib.suppress(psutil.Error):
        family = _stopped(psutil.Process(process.pid))
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    process.kill()
    process.wait()
    psutil.wait_procs(family, timeout=GRACE)


def _stopped(root: psutil.Process) -> set[psutil.Process]:
    """Return a process and all that it started, each of them stopped, so that they start nothing more."""
    import psutil

    family: set[psutil.Process] = set()
    while new := {root, *root.children(recursive=True)} - family:
        for member in new:
            with contextlib.suppress(psutil.Error):
                member.suspend()
        family |= new
    return family


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command; where waiting for it is interrupted, it ends with all that it started.

    Its input stays open, and empty, as long as it is waited for: this process may be killed. Raises OSError where
    there is no such command.
    """
    reading, writing = os.pipe()
    try:
        pipes: dict[str, Any] = {"stdin": reading, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        with subprocess.Popen(
            command, **pipes, text=True, errors="replace", start_new_session=True
        ) as process:
            try:
                out, err = process.communicate()
            except BaseException:
                end(process)
                raise
    finally:
        os.close(reading)
        os.close(writing)
    return subprocess.CompletedProcess(command, process.returncode, out, err)
