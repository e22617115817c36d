"""Checkpoints of one training run, in the order in which it made them. Nothing is loaded here.

They are given as a list: folders, or models of the hub with a revision, of which some publish one for many steps.
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


def find(value: str) -> tuple[str, list[Path]]:
    """Return a name for a list of checkpoints that can serve as a folder's, and their files; none for «none».

    Raises ValueError where one is not there, as for a model, or the list is none of a training run.
    """
    listed = load(value)
    if listed is None:
        return NONE, []
    found = [checkpoints.find(checkpoint.name) for checkpoint in listed.all]
    (first, _), (last, _) = found[0], found[-1]
    return f"{first}-to-{last}-in-{len(found)}", [path for _, files in found for path in files]


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
    told = [step for step in map(_step, names) if step is not None]
    in_steps = len(told) == len(names)
    if in_steps and len(set(told)) < len(told):
        raise ValueError(f"expected checkpoints of different steps, got the steps {sorted(told)}")
    steps = told if in_steps else range(1, len(names) + 1)
    found = [Checkpoint(step, name) for step, name in zip(steps, names, strict=True)]
    return Checkpoints(tuple(sorted(found, key=lambda checkpoint: checkpoint.step)), in_steps)


def _step(name: str) -> int | None:
    """Return the step that a revision, or else a folder's name, tells; None where it tells none."""
    _, _, revision = name.rpartition("@")
    told = STEP.search(revision if "@" in name else Path(name).name)
    return int(told[1]) if told else None
