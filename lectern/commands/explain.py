"""`build.py explain NAME`: why a figure is stale or fresh."""

from __future__ import annotations

import argparse

from lectern.making.request import Request
from lectern.making.state import State
from lectern.progress import Progress
from lectern.project import Project
from lectern.sources.catalogue import canonical, check_acyclic
from lectern.sources.keys import Key
from lectern.workshop import open_workshop


def explain(options: argparse.Namespace, project: Project) -> int:
    """Print what each step of the figure depends on, and what of it changed."""
    name = canonical(options.name)
    with open_workshop(project, Progress(), jobs=1) as workshop:
        check_acyclic({name}, workshop.catalogue)
        state = workshop.states.of(Request(name))
    print(f"{name} is {'fresh' if state.fresh else 'stale'}")
    for step, key in state.steps.items():
        print(f"  {step}: {_reason(state, step, key)}")
    return 0


def _reason(state: State, step: str, key: Key | None) -> str:
    if step in state.stale:
        kept = {"compute": state.computed, "report": state.reported}
        is_kept = kept.get(step) is not None
        said = (
            "was kept from an earlier build and has to be put back, since" if is_kept else "has to run, since"
        )
        return said + "\n    " + "\n    ".join(state.stale[step])
    if key is None:
        return "to be seen once compute has run"
    return "nothing changed of\n    " + "\n    ".join(key.parts)
