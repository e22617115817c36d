"""`build.py list`: the figures, whether they are fresh, and what they claim."""

from __future__ import annotations

import argparse

from lectern.errors import FigureError
from lectern.making.request import Request
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import Workshop, open_workshop


def list_figures(options: argparse.Namespace, project: Project) -> int:
    """Print a line for each figure; for a script with a mistake, the mistake."""
    broken = False
    with open_workshop(project, Progress(), jobs=1) as workshop:
        names = list(workshop.catalogue)
        width = max((len(name) for name in names), default=0)
        for name in names:
            try:
                line = _line(name, workshop)
            except FigureError as error:
                line, broken = f"broken  {error}", True
            print(f"{name:{width}}  {line}")
    return 1 if broken else 0


def _line(name: str, workshop: Workshop) -> str:
    state = workshop.states.of(Request(name))
    standing = "fresh" if state.fresh else "new" if state.sidecar is None else "stale"
    return f"{standing:6}  {state.script.summary}"
