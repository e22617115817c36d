"""What `compute` may ask for by name besides parameters and other figures: objects loaded where they are needed.

A model that is loaded from a folder may be one. A fixture has a value, which the command line can set, and two
functions that the project names as "module:function": `find` returns the files that the value stands for and what to
call it, without loading anything; `load` loads it, in the worker.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lectern.errors import UsageError


@dataclass(frozen=True)
class Found:
    """What a fixture's value stands for: the files whose content counts, and a name fit for a folder."""

    name: str
    files: tuple[Path, ...]


@dataclass(frozen=True)
class Option:
    """What `load` takes by name besides the value: it says how figures are made, and not what they show.

    It is one of the `choices`, or, where there are none, a number above 0.
    """

    default: float | str
    metavar: str
    help: str
    choices: tuple[str, ...] = ()


@dataclass(frozen=True)
class Fixture:
    """A fixture of a project, with its default value, or the value that it has in this run."""

    find: str
    load: str
    default: str
    help: str
    chosen: str | None = None
    options: Mapping[str, Option] = field(default_factory=dict)
    given: Mapping[str, float | str] = field(default_factory=dict)  # the options' values in this run

    @property
    def value(self) -> str:
        """The value in this run."""
        return self.default if self.chosen is None else self.chosen

    @property
    def is_default(self) -> bool:
        """Whether the value is the lecture's own."""
        return self.value == self.default

    @functools.cached_property
    def found(self) -> Found:
        """What the value stands for; raises UsageError where `find` refuses it."""
        try:
            name, files = function(self.find)(self.value)
        except ValueError as error:
            raise UsageError(str(error)) from error
        return Found(name, tuple(files))


def function(path: str) -> Callable[..., Any]:
    """Return the function that «module:function» means."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def device_of(fixture: str) -> str:
    """Return how a sidecar calls the device that a fixture computes on, beside the versions of libraries."""
    return f"device of {fixture}"
