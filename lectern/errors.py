"""Errors that the person who builds can correct.

Each error says what is wrong, where, and what to do. The command line prints these as one paragraph;
any other exception is a bug and keeps its traceback.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Place:
    """Where to look: a file, a line of it, a slide of the deck."""

    path: Path | str | None = None
    line: int | None = None
    slide: int | None = None

    def __str__(self) -> str:
        parts = [str(self.path)] if self.path else []
        parts += [f"line {self.line}"] if self.line else []
        parts += [f"slide {self.slide}"] if self.slide else []
        return ", ".join(parts)


class BuildError(Exception):
    """Base of all errors that the person who builds can correct."""

    def __init__(self, message: str, place: Place | None = None, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.place = place
        self.remedy = remedy

    def __str__(self) -> str:
        where = f"{self.place}: " if self.place and str(self.place) else ""
        remedy = f"\n  → {self.remedy}" if self.remedy else ""
        return f"{where}{self.message}{remedy}"


class UsageError(BuildError):
    """The command line has to be corrected."""


class SetupError(BuildError):
    """The machine has to be corrected: something is missing, too old or has died."""


class FigureError(BuildError):
    """A figure script has to be corrected."""


class DeckError(BuildError):
    """The deck, its theme, its images or its bibliography has to be corrected."""


class ExerciseError(BuildError):
    """The source of an exercise has to be corrected, or a file that lies where its notebook goes moved."""


class OutputError(BuildError):
    """The outputs cannot be written."""


class SeveralErrors(BuildError):  # noqa: N818
    """Several independent errors of one build, so that all can be corrected at once."""

    def __init__(self, errors: Sequence[BuildError]) -> None:
        super().__init__("\n".join(str(error) for error in errors))
        self.errors = tuple(errors)


def raise_all(errors: Sequence[BuildError]) -> None:
    """Raise the error if it is one, or several as one, without repetitions; do nothing without any."""
    errors = list({str(error): error for error in errors}.values())
    if len(errors) == 1:
        raise errors[0]
    if errors:
        raise SeveralErrors(errors)


def reason(error: Exception) -> str:
    """Return the reason that the system gives, without the path, which may be long."""
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)


def nearest(name: str, known: Iterable[str]) -> str | None:
    """Return «did you mean …?», or what exists, or None where nothing does."""
    names = sorted(known)
    close = difflib.get_close_matches(name, names, n=1, cutoff=0.5)
    if close:
        return f"did you mean {close[0]!r}?"
    return f"there is: {', '.join(names)}" if names else None
