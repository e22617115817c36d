"""The contract between a figure script and the build.

A script `figures/NAME.py` defines two or three functions:

`compute(…) -> data`
    asks for what it needs by parameter name. A keyword with a default is a parameter that the deck and the
    command line can override (a `Path` default is a project file, whose content counts); a name without a
    default is another figure, whose `Result` is passed in. It returns dicts, lists, strings, numbers and arrays.
    It never draws.
`report(data, …) -> Report`
    says what the data show: values for the prose, claims, and the picture's alt text. It may be left out;
    `compute` then returns a `Result`, the data and all that together.
`draw(data, …) -> matplotlib.figure.Figure`
    draws the data. It never calculates.

`report` and `draw` take the data as they were stored and read back, arrays as numpy's. Their keywords with defaults
are parameters too. Each step is cached by itself: rewording a claim computes nothing.

Optional constants: `TIME_LIMIT = 60` (seconds a step may take) and `FILES = ("data/*.csv",)` (project files it
reads, relative to the project's root).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, SupportsFloat


@dataclass(frozen=True)
class Claim:
    """A quantitative statement of the lecture: a measured number and the bounds it must keep.

    `text` names what is measured, in the lecture's language; at least one bound is given, both inclusive.
    Numbers of other libraries, such as arrays of one element, are taken as Python's.
    """

    text: str
    measured: float
    at_least: float | None = None
    at_most: float | None = None
    unit: str = ""

    def __post_init__(self) -> None:
        for name in ("measured", "at_least", "at_most"):
            object.__setattr__(self, name, _number(self.text, name, getattr(self, name)))
        if self.at_least is None and self.at_most is None:
            raise ValueError(f"claim {self.text!r} has no bound: give at_least, at_most or both")

    @property
    def holds(self) -> bool:
        """Whether the measured number keeps the bounds; not-a-number keeps none."""
        low = self.at_least is None or self.measured >= self.at_least
        high = self.at_most is None or self.measured <= self.at_most
        return low and high

    def __str__(self) -> str:
        bounds = [f"at least {self.at_least:g}"] if self.at_least is not None else []
        bounds += [f"at most {self.at_most:g}"] if self.at_most is not None else []
        verdict = "holds" if self.holds else "FAILS"
        return f"{self.text} = {self.measured:.6g}{self.unit}, claimed {' and '.join(bounds)}: {verdict}"


def either(high: str, low: str, text: str, measured: float, bound: float, unit: str = "") -> dict[str, Claim]:
    """Return the one of two claims that holds, by its name: `high` from the bound on, `low` below it.

    For a deck that says one thing or the other: [% if "high" in figures.NAME.claims %] … [% else %] … [% endif %].
    """
    if _number(text, "measured", measured) >= bound:  # type: ignore[operator]
        return {high: Claim(text, measured, at_least=bound, unit=unit)}
    return {low: Claim(text, measured, at_most=bound, unit=unit)}


def _number(claim: str, name: str, value: Any) -> float | None:
    """Return a number of any library as Python's; raise TypeError for what is none."""
    if value is None and name != "measured":
        return None
    number = _python(value)
    if number is None:
        raise TypeError(f"claim {claim!r}: {name} is {value!r}, which is no number")
    if number != number and name != "measured":
        raise ValueError(f"claim {claim!r}: {name} is not a number that anything could reach")
    return number if name != "measured" else float(number)


def _python(value: Any) -> int | float | None:
    """Return a number, or an array's only one, as Python's; None for anything else."""
    try:
        value = value.item() if hasattr(value, "item") else value
        return value if isinstance(value, int) else float(value) if isinstance(value, SupportsFloat) else None
    except (TypeError, ValueError, RuntimeError):  # an array of several numbers, or of none
        return None


@dataclass(frozen=True, eq=False)
class Report:
    """What `report` returns: values for the prose, claims, and the picture's alt text."""

    values: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    alt: str = ""


@dataclass(frozen=True, eq=False)
class Result:
    """Data with their report: what `compute` returns where there is no `report`, and what other figures are given."""

    data: Mapping[str, Any]
    values: Mapping[str, Any] = field(default_factory=dict)
    claims: Mapping[str, Claim] = field(default_factory=dict)
    alt: str = ""


def stored(data: Mapping[str, Any] | Result) -> dict[str, Any]:
    """Return the data that `compute` returned as `report` and `draw` get it in a build; for notebooks."""
    from lectern.making.data import decode, encode

    return decode(encode(data.data if isinstance(data, Result) else data))
