"""Jupyter notebooks as figure scripts: the code cells are the script."""

from __future__ import annotations

import io
import json
import re
import tokenize
from pathlib import Path

from lectern.errors import FigureError, Place

# Cell magics whose cell is Python that runs in the notebook; the text of others is no Python, or runs elsewhere.
PYTHON_CELLS = {"time", "capture"}
TIMED = re.compile(r"^(\s*)%time\s+(?=\S)")


def cells_of(text: str, path: Path) -> list[str]:
    """Return the notebook's code cells, with lines that are magics (`%…`, `!…`) blanked."""
    try:
        cells = json.loads(text)["cells"]
        code = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except (ValueError, KeyError, TypeError) as error:
        raise FigureError("not a Jupyter notebook", Place(path.name), "save it again from Jupyter") from error
    return [_plain(cell) for cell in code]


def join_cells(cells: list[str]) -> str:
    """Return one script of all cells, in order."""
    return "\n".join(cells)


def _plain(cell: str) -> str:
    """Return a cell without its magics, its lines where they were."""
    lines = cell.split("\n")
    first = next((line for line in lines if line.strip()), "")
    if first.startswith("%%") and first[2:].split()[:1] and first[2:].split()[0] not in PYTHON_CELLS:
        return "\n" * (len(lines) - 1)
    for number, line in enumerate(lines):
        if line.lstrip().startswith(("%", "!")) and _begins_a_statement(lines[:number]):
            lines[number] = TIMED.sub(r"\1", line) if TIMED.match(line) else ""
    return "\n".join(lines)


def _begins_a_statement(before: list[str]) -> bool:
    """Whether the line after these begins a statement: not within brackets, in a string or after a backslash."""
    if before and before[-1].rstrip().endswith("\\"):
        return False
    try:
        tokens = list(tokenize.generate_tokens(io.StringIO("\n".join(before) + "\n").readline))
    except (tokenize.TokenError, SyntaxError):
        return False
    return not any(token.type == tokenize.ERRORTOKEN and token.string.strip() for token in tokens)


def cell_and_line(cells: list[str], line: int) -> tuple[int, int]:
    """Return the number of the cell, and the line in it, of a line of the joined script; all from 1."""
    for number, cell in enumerate(cells, start=1):
        height = cell.count("\n") + 1
        if line <= height:
            return number, line
        line -= height
    return len(cells), line
