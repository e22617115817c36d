"""Executes a notebook from top to bottom, in a Python of its own."""

from __future__ import annotations

import asyncio
import os
import signal
from pathlib import Path
from typing import Any

from lectern.errors import ExerciseError, Place
from lectern.exercises.absent import needs
from lectern.project import Project

TIME_LIMIT = 600  # seconds that a cell may take
SIGNALS = (signal.SIGINT, signal.SIGTERM)


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
        extra_arguments=[
            "--log-level=CRITICAL"
        ],  # it warns of local connections, and complains when it is ended
        resources={"metadata": {"path": str(folder)}},
    )
    try:
        _run(client, _environment(project))
    except CellExecutionError as error:
        raise _failed(notebook, f"{error.ename}: {error.evalue}", place) from error
    except (CellTimeoutError, DeadKernelError) as error:
        raise _failed(notebook, str(error).strip().splitlines()[0], place) from error
    notebook.metadata.language_info = {"name": "python"}


def _run(client: Any, environment: dict[str, str]) -> None:
    """Run a client; interrupted, it ends its kernel, and the interruption goes on.

    Its own handlers of signals end the kernel alone, and leave the process without those that it had.
    """
    handlers = {number: signal.getsignal(number) for number in SIGNALS}
    received = []

    async def execute() -> None:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()

        def interrupt(number: int) -> None:
            received.append(number)
            task.cancel()  # type: ignore[union-attr]

        def started(notebook: Any) -> None:
            for number in SIGNALS:
                loop.add_signal_handler(number, interrupt, number)

        client.on_notebook_start = started
        await client.async_execute(env=environment)

    try:
        asyncio.run(execute())
    except BaseException as error:
        if received:  # the client takes being cancelled for a kernel that died
            raise KeyboardInterrupt from error
        raise
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)


def _environment(project: Project) -> dict[str, str]:
    """Return an environment in which the project's modules are found; outputs are then the same each time."""
    path = [*map(str, project.search_path), *filter(None, [os.environ.get("PYTHONPATH")])]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(path), "OMP_NUM_THREADS": "1", "TZ": "UTC"}


def _failed(notebook: Any, said: str, place: str) -> ExerciseError:
    executed = [i for i, cell in enumerate(notebook.cells, start=1) if cell.get("execution_count")]
    message = f"cell {executed[-1] if executed else 1} of the solution failed: {said}"
    return ExerciseError(message, Place(place), "correct the solution")
