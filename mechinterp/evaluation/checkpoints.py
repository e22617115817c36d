"""Checkpoints of one training run, in the order in which it made them. Nothing is loaded here.

They are given as a list: folders, or models of the hub with a revision, of which some publish one for many steps. A
step that the name does not tell can be written before it: 500=FOLDER.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from mechinterp.model import checkpoints

NONE = "none"  # the value that stands for no checkpoints
STEP = re.compile(r"(?:step|checkpoint)[-_]?(\d+)")  # in a revision's or a folder's name


@dataclass(frozen=True)
class Checkpoint:
    """A checkpoint with its step, or with its place in the list where not all names tell their steps."""

    step: int
    name: str  # a folder or a hub id, as load_model takes it


@dataclass(frozen=True)
class Checkpoints:
    """Checkpoints by step."""

    all: tuple[Checkpoint, ...]
    in_steps: bool  # whether `step` is one of the training, and not a place in the list


def find(value: str, quiet: bool = False) -> checkpoints.Checkpoint:
    """Return the files of a list of checkpoints, and names for them all as of one; no files for «none».

    Raises ValueError where one is not there, as for a model, or the list is none of a training run.
    """
    listed = load(value)
    if listed is None:
        return checkpoints.Checkpoint(NONE, [], NONE, NONE)
    found = [checkpoints.find(checkpoint.name, quiet) for checkpoint in listed.all]
    step = [f"{checkpoint.step}=" if listed.in_steps else "" for checkpoint in listed.all]
    exact, place = (
        ",".join(before + name for before, name in zip(step, names, strict=True))
        for names in ([one.exact for one in found], [one.place for one in found])
    )
    files = [path for one in found for path in one.files]
    return checkpoints.Checkpoint(f"{found[0].name}-to-{found[-1].name}-in-{len(found)}", files, exact, place)


def load(value: str) -> Checkpoints | None:
    """Return the checkpoints of a list with commas, None for «none»; no model is loaded.

    Raises ValueError for a list of fewer than two, or with a step twice.
    """
    if value == NONE:
        return None
    names = [name.strip() for name in value.split(",") if name.strip()]
    if len(names) < 2:
        raise ValueError(
            f"expected at least two checkpoints, with commas between them, got {value!r}: "
            "name folders, or models of the hub with a revision, such as EleutherAI/pythia-70m@step512"
        )
    steps, names = zip(*map(_step_and_name, names), strict=True)
    told = [step for step in steps if step is not None]
    in_steps = len(told) == len(names)
    if in_steps and len(set(told)) < len(told):
        raise ValueError(f"expected checkpoints of different steps, got the steps {sorted(told)}")
    steps = told if in_steps else range(1, len(names) + 1)
    found = [Checkpoint(step, name) for step, name in zip(steps, names, strict=True)]
    return Checkpoints(tuple(sorted(found, key=lambda checkpoint: checkpoint.step)), in_steps)


def _step_and_name(entry: str) -> tuple[int | None, str]:
    """Return the step that is written before a name, or that a revision, or a folder's name, tells, and the name."""
    step, written, name = entry.partition("=")
    if written and step.isdigit():
        return int(step), name
    _, _, revision = entry.rpartition("@")
    told = STEP.search(revision if "@" in entry else Path(entry).name)
    return (int(told[1]) if told else None), entry
