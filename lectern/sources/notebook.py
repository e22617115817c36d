"""Jupyter notebooks as figure scripts: the code cells are the script."""

from __future__ import annotations

import json
from pathlib import Path

from lectern.errors import FigureError, Place


def cells_of(text: str, path: Path) -> list[str]:
    """Return the notebook's code cells, lines with magics (`%…`, `!…`) blanked."""
    try:
        cells = json.loads(text)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise FigureError("not a Jupyter notebook", Place(path.name), "save it again from Jupyter") from error
    return ["\n".join(_plain(line) for line in cell.split("\n")) for cell in code]


def join_cells(cells: list[str]) -> str:
    """Return one script of all cells, in order."""
    return "\n".join(cells)


def _plain(line: str) -> str:
    return "" if line.lstrip().startswith(("%", "!")) else line


def cell_and_line(cells: list[str], line: int) -> tuple[int, int]:
    """Return the number of the cell, and the line in it, of a line of the joined script; all from 1."""
    for number, cell in enumerate(cells, start=1):
        height = cell.count("\n") + 1
        if line <= height:
            return number, line
        line -= height
    return len(cells), line
