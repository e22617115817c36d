"""`build.py exercises`: a notebook for students of each exercise, and its solution, executed."""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.errors import ExerciseError, Place, UsageError, reason
from lectern.exercises import notebook, solutions
from lectern.exercises.execution import execute
from lectern.exercises.key import key
from lectern.exercises.notebook import Standing
from lectern.progress import Progress
from lectern.project import Project
from lectern.sources.digests import Digests

NOTEBOOKS, SOLUTIONS = "notebooks", "notebooks/solutions"


@dataclass(frozen=True, eq=False)
class Exercise:
    """The source of an exercise, with what its solution's outputs depend on."""

    path: Path
    text: str
    key: str


def exercises(options: argparse.Namespace, project: Project) -> int:
    """Write the notebooks that are stale, students' first; one that somebody has worked in is kept."""
    progress = Progress()
    digests = Digests(project.cache / "digests", progress.tell)
    found = [_read(path, project, digests) for path in _sources(project)]
    for exercise in found:
        _write_for_students(exercise, project, options)
    for exercise in found:
        _write_solution(exercise, project, options)
    digests.save()
    return 0


def _sources(project: Project) -> list[Path]:
    found = sorted(p for p in project.exercises.glob("*.py") if not p.name.startswith(("_", ".")))
    if not found:
        where = f"{project.shown(project.exercises)}/NAME.py"
        raise UsageError(
            "there are no exercises", remedy=f"write one, in jupytext's percent format, as {where}"
        )
    return found


def _read(path: Path, project: Project, digests: Digests) -> Exercise:
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        place = Place(project.shown(path))
        raise ExerciseError(f"cannot be read: {reason(error)}", place, "save it as UTF-8 text") from error
    solutions.check(text, project.shown(path))
    return Exercise(path, text, key(text, path, project, digests))


def _write_for_students(exercise: Exercise, project: Project, options: argparse.Namespace) -> None:
    target = project.exercises / NOTEBOOKS / f"{exercise.path.stem}.ipynb"
    made = notebook.read(exercise.text, solutions.removed)
    if _is_wanted(target, made, "", project, options):
        notebook.write(target, made, "")
        _say(options, f"{project.shown(target)}  written")


def _write_solution(exercise: Exercise, project: Project, options: argparse.Namespace) -> None:
    target = project.exercises / SOLUTIONS / f"{exercise.path.stem}.ipynb"
    made = notebook.read(exercise.text, solutions.unmarked)
    if _is_wanted(target, made, exercise.key, project, options):
        started = time.monotonic()
        execute(made, project.exercises / NOTEBOOKS, project.shown(exercise.path), project)
        notebook.write(target, made, exercise.key)
        _say(options, f"{project.shown(target)}  executed in {time.monotonic() - started:.1f} s")


def _is_wanted(target: Path, made: Any, its_key: str, project: Project, options: argparse.Namespace) -> bool:
    """Whether a notebook has to be written: it is stale, or, with --force, it is nobody's work."""
    found = notebook.standing(target, made, its_key)
    if found is Standing.EDITED:
        again = "to get a new one, rename it or delete it"
        _say(options, f"{project.shown(target)}  kept, since its cells were edited; {again}")
        return False
    if found is Standing.FRESH and not options.force:
        _say(options, f"{project.shown(target)}  fresh")
        return False
    return True


def _say(options: argparse.Namespace, line: str) -> None:
    if not options.quiet:
        print(line, flush=True)
