"""Processes that start others: when one has to end, so do all of them."""

from __future__ import annotations

import contextlib
import os
import subprocess
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import psutil  # takes 30 ms, and is rarely needed

GRACE = 2.0  # seconds to wait for killed processes


def end(process: subprocess.Popen[Any]) -> None:
    """Kill a process and all that it started, and wait until they have ended."""
    import psutil

    family: set[psutil.Process] = set()
    try:
        with contextlib.suppress(psutil.Error):
            _stop(psutil.Process(process.pid), family)
    finally:  # also where that was interrupted
        process.kill()
        kill(family)
    process.wait()


def started_by(process: subprocess.Popen[Any]) -> set[psutil.Process]:
    """Return what a process started, and what that did."""
    import psutil

    try:
        return set(psutil.Process(process.pid).children(recursive=True))
    except psutil.Error:
        return set()


def kill(family: set[psutil.Process]) -> None:
    """Kill processes, and wait until they have ended; those that have already ended are skipped."""
    if not family:
        return
    import psutil

    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    latest = time.monotonic() + GRACE
    while any(map(_runs, family)) and time.monotonic() < latest:
        time.sleep(0.01)


def _runs(process: psutil.Process) -> bool:
    """Whether a killed process has not ended yet; a zombie, whose parent has not waited for it, has."""
    import psutil

    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.Error:
        return False


def _stop(root: psutil.Process, family: set[psutil.Process]) -> None:
    """Stop a process and all that it started, so that they start nothing more, and add them to `family`."""
    import psutil

    while new := {root, *root.children(recursive=True)} - family:
        family |= new
        for member in new:
            with contextlib.suppress(psutil.Error):
                member.suspend()


def run(command: Sequence[str]) -> subprocess.CompletedProcess[str]:
    """Run a command; where waiting for it is interrupted, it ends with all that it started.

    Its input stays open and empty until it ends, so that it notices when this process is killed. Raises OSError where
    there is no such command.
    """
    reading, writing = os.pipe()
    pipes: dict[str, Any] = {"stdin": reading, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    try:
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
