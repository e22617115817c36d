"""Executes a notebook from top to bottom, in a Python of its own."""

from __future__ import annotations

import asyncio
import os
import re
from pathlib import Path
from typing import Any

from lectern.errors import ExerciseError, Place
from lectern.exercises.absent import needs
from lectern.project import Project

TIME_LIMIT = 600  # seconds that a cell may take
ANSI = re.compile(r"\x1b\[[0-9;]*m")


def execute(notebook: Any, folder: Path, place: str, project: Project) -> None:
    """Execute a notebook as if it lay in a folder, and put outputs into it; the same each time, with one thread.

    Raises ExerciseError, with the cell and what it said, where a cell fails or takes longer than the time limit;
    SetupError where the libraries for notebooks are not installed.
    """
    with needs("nbclient"):
        from nbclient import NotebookClient
        from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
    client = NotebookClient(
        notebook,
        timeout=TIME_LIMIT,
        record_timing=False,
        coalesce_streams=True,  # how prints are cut into messages differs from run to run
        extra_arguments=["--log-level=ERROR"],  # the kernel warns of local connections that are not encrypted
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        asyncio.run(client.async_execute(env=_environment(project)))
    except (CellExecutionError, CellTimeoutError, DeadKernelError) as error:
        raise ExerciseError(_said(notebook, error), Place(place), "correct the solution") from error
    notebook.metadata.language_info = {"name": "python"}


def _environment(project: Project) -> dict[str, str]:
    """Return an environment in which the project's modules are found; outputs are then the same each time."""
    path = [*map(str, project.search_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "TZ": "UTC"}


def _said(notebook: Any, error: Exception) -> str:
    """Return which cell failed, and the last line of what it said."""
    executed = [i for i, cell in enumerate(notebook.cells, start=1) if cell.get("execution_count")]
    lines = [line for line in ANSI.sub("", str(error)).splitlines() if line.strip()]
    return f"cell {executed[-1] if executed else 1} of the solution failed: {lines[-1] if lines else error!r}"
