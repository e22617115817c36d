"""The package's commands, run as a user runs them: in processes of their own, to the end or until Ctrl-C."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from lectern.project import ENGINE_ROOT

# On busy cores, threads that wait for each other take longer than the work.
ENVIRONMENT = {**os.environ, "COLUMNS": "100", "OMP_NUM_THREADS": "1"}


def finished(module: str, arguments: Sequence[str]) -> str:
    """Run `python -m module` to the end, which has to be a good one; return what it said."""
    command = [sys.executable, "-m", module, *arguments]
    done = subprocess.run(
        command, cwd=ENGINE_ROOT, env=ENVIRONMENT, capture_output=True, text=True, check=True
    )
    return done.stdout


def interrupted(module: str, arguments: Sequence[str], line: str) -> tuple[int, str]:
    """Interrupt `python -m module` after its first line, which has to hold `line`; return exit code and errors."""
    command = [sys.executable, "-m", module, *arguments]
    running = subprocess.Popen(
        command, cwd=ENGINE_ROOT, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert line in running.stdout.readline()
    running.send_signal(signal.SIGINT)
    _, errors = running.communicate(timeout=120)
    return running.returncode, errors


def refused(module: str, arguments: Sequence[str], folder: Path) -> str:
    """Run `python -m module` in a folder to an end that is not a good one; return what it said of it."""
    command = [sys.executable, "-m", module, *arguments]
    environment = {**ENVIRONMENT, "PYTHONPATH": str(ENGINE_ROOT)}
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stdout == ""
    return done.stderr
