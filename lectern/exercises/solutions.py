"""Solutions within a source: marked as nbgrader marks them, each with what the student is told in its place.

The lines between `### BEGIN SOLUTION: what to write, and where the hint is` and `### END SOLUTION`, indented alike.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator

from lectern.errors import ExerciseError, Place

BEGIN = re.compile(r"^(\s*)### BEGIN SOLUTION(?::\s*(.*?))?\s*$")
END = re.compile(r"^\s*### END SOLUTION\s*$")
ANY = re.compile(r"#+\s*(BEGIN|END) SOLUTION")


def check(text: str, path: str) -> None:
    """Raise ExerciseError, with the line, where markers do not come in pairs or a solution has no message."""
    began = None
    for number, line in enumerate(text.splitlines(), start=1):
        begin, end = BEGIN.match(line), END.match(line)
        if ANY.search(line) and not (begin or end):
            raise _error("this marker is not understood", path, number)
        if begin and not begin[2]:
            raise _error("a solution does not say what the student is told in its place", path, number)
        if (begin and began) or (end and not began) or (line.startswith("# %%") and began):
            raise _error("solutions have to begin and end in turn, each within a cell", path, number)
        began = number if begin else None if end else began
    if began:
        raise _error("a solution begins and does not end", path, began)


def removed(code: str) -> str:
    """Return a cell's code in which each solution is an error that says what to write."""
    return "\n".join(_lines(code, keep=False))


def unmarked(code: str) -> str:
    """Return a cell's code with its solutions, without the markers."""
    return "\n".join(_lines(code, keep=True))


def _lines(code: str, keep: bool) -> Iterator[str]:
    inside = False
    for line in code.split("\n"):
        if begin := BEGIN.match(line):
            inside = True
            if not keep:
                yield f"{begin[1]}raise NotImplementedError({json.dumps(begin[2], ensure_ascii=False)})"
        elif END.match(line):
            inside = False
        elif keep or not inside:
            yield line


def _error(message: str, path: str, line: int) -> ExerciseError:
    remedy = "write ### BEGIN SOLUTION: what to write, then the solution, then ### END SOLUTION"
    return ExerciseError(message, Place(path, line), remedy)
