"""Notebooks of an exercise: the same bytes for the same source, and none written over somebody's work."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from enum import Enum
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.errors import ExerciseError, Place
from lectern.exercises.absent import needs

RECORD = "lectern"  # in a notebook's metadata: what it was made from, and what its cells then were


def read(text: str, edit: Callable[[str], str]) -> Any:
    """Return the notebook of a source in jupytext's percent format, its code cells edited.

    Raises SetupError where the libraries for notebooks are not installed.
    """
    with needs("jupytext"):
        import jupytext
    notebook = jupytext.reads(text, fmt="py:percent")
    notebook.nbformat, notebook.nbformat_minor = 4, 5
    for number, cell in enumerate(notebook.cells, start=1):
        cell.id = f"cell-{number}"
        cell.metadata = {}
        if cell.cell_type == "code":
            cell.source = edit(cell.source)
    python = {"display_name": "Python 3", "language": "python", "name": "python3"}
    notebook.metadata = {"kernelspec": python, "language_info": {"name": "python"}}
    return notebook


class Standing(Enum):
    """How the notebook at a path stands to the one that would be written there."""

    STALE = "it is made from something else, or not there"
    FRESH = "it is made from the same"
    EDITED = "somebody has changed the text of its cells since it was written"


def standing(path: Path, notebook: Any, key: str) -> Standing:
    """Return how the notebook at a path stands; outputs do not count as somebody's work.

    Raises ExerciseError for a file that is no notebook.
    """
    found = _found(path)
    if found is None:
        return Standing.STALE
    record = found["metadata"].get(RECORD, {})
    if record.get("cells") != _digest(found):
        return Standing.EDITED
    return Standing.FRESH if record == {"key": key, "cells": _digest(notebook)} else Standing.STALE


def write(path: Path, notebook: Any, key: str) -> None:
    """Write a notebook with a record of what it was made from; raises OutputError where that cannot be done."""
    notebook.metadata[RECORD] = {"key": key, "cells": _digest(notebook)}
    text = json.dumps(notebook, ensure_ascii=False, indent=1, sort_keys=True)
    atomic.write(path, f"{text}\n".encode())


def _found(path: Path) -> Any:
    """Return the notebook at a path, or None where there is nothing."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if isinstance(found["cells"], list) and isinstance(found["metadata"], dict):
            return found
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError):
        pass
    raise ExerciseError("this is no notebook, and is not overwritten", Place(path), "move it, or delete it")


def _digest(notebook: Any) -> str:
    """Return a digest of what the cells say, however their lines are stored."""
    said = [[cell["cell_type"], "".join(cell["source"])] for cell in notebook["cells"]]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
