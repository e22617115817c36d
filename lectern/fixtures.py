"""What `compute` may ask for by name besides parameters and other figures: objects loaded where they are needed.

A model that is loaded from a folder may be one. A fixture has a value, which the command line can set, and two
functions that the project names as "module:function": `find` returns what the value stands for, as the fields of
`Found`, without loading anything, though it may fetch files first, and shows that it does unless it is called with
`quiet`; `load` loads it, in the worker. A value may stand for no files, and load as None: then the figures that ask for
it do without.
"""

from __future__ import annotations

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lectern.errors import UsageError


@dataclass(frozen=True)
class Found:
    """What a fixture's value stands for."""

    name: str  # fit for a folder
    files: Sequence[Path]  # whose content counts
    exact: str  # the value that means these files for good, such as a commit for a branch: it is recorded
    place: str  # the value by which `load` finds them in whatever folder and environment it runs


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
    quiet: bool = False  # whether nothing is to be shown of what takes long
    # "module:function" that takes the value, and by name what `find` returns of all fixtures, and refuses what does
    # not fit them.
    fits: str | None = None

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
            return Found(*function(self.find)(self.value, quiet=self.quiet))
        except ValueError as error:
            raise UsageError(str(error)) from error


def refuse_misfits(fixtures: Mapping[str, Fixture]) -> None:
    """Raise UsageError for a value other than the lecture's own that does not fit those of the other fixtures."""
    for fixture in fixtures.values():
        if fixture.fits and not fixture.is_default:
            found = {name: (other.found.name, other.found.files) for name, other in fixtures.items()}
            try:
                function(fixture.fits)(fixture.value, found)
            except ValueError as error:
                raise UsageError(str(error)) from error


def function(path: str) -> Callable[..., Any]:
    """Return the function that «module:function» means."""
    module, _, name = path.partition(":")
    return getattr(importlib.import_module(module), name)


def device_of(fixture: str) -> str:
    """Return how a sidecar calls the device that a fixture computes on, beside the versions of libraries."""
    return f"device of {fixture}"
