"""What a worker is asked and what it answers: plain values only, so that a job can run anywhere."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Job:
    """One step of one figure."""

    figure: str
    step: str  # "compute", "report" or "draw"
    path: str  # of the script, for tracebacks
    source: str  # Python source of the script
    roots: tuple[str, ...]  # import search path; the first is the project
    reads: frozenset[str]  # the project files it may read
    folders: frozenset[str]  # the project folders it may list
    libraries: frozenset[str]  # what it imports besides
    parameters: Mapping[str, Any]
    fixtures: Mapping[str, tuple[str, str]] = field(default_factory=dict)  # who loads them, and from what
    given: Mapping[str, Mapping[str, float | str]] = field(
        default_factory=dict
    )  # by fixture, what else its loader takes
    results: Mapping[str, Any] = field(default_factory=dict)  # of other figures, their data as bytes
    reports: bool = False  # whether the figure has a step of its own that reports
    data: bytes = b""  # to report on, or to draw
    formats: tuple[str, ...] = ()
    time_limit: float = 600.0

    def __str__(self) -> str:
        return f"{self.step} of {self.figure}"


@dataclass(frozen=True)
class Outcome:
    """What a step made: `compute` data, `report` facts, or the first both; `draw` images."""

    seconds: float
    versions: Mapping[str, str]
    data: bytes = b""
    digest: str = ""  # of the data
    result: str = ""  # digest of data and facts together
    facts: Mapping[str, Any] = field(default_factory=dict)  # values, claims, alt
    images: Mapping[str, bytes] = field(default_factory=dict)  # by format
    printed: str = ""


@dataclass(frozen=True)
class Failure:
    """Why a step made nothing."""

    message: str
    line: int | None = None
    path: str | None = None
    remedy: str | None = None
    trace: str = ""  # the project's own frames
    fixture: str | None = None  # that could not be loaded; then it is no fault of the figure's
    printed: str = ""
