"""A measurement of a model beside the bound that the lecture's model must meet."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from torch import Tensor


@dataclass(frozen=True)
class Behaviour:
    """A measurement: its mean and standard deviation over prompts, and the bound that the lecture's model must meet.

    What is measured but not asked has no bound.
    """

    name: str
    mean: float
    spread: float
    required: float | None
    at_least: bool = True
    where: str = ""
    n: int = 0  # prompts

    @property
    def holds(self) -> bool:
        """Whether the model meets the bound, if there is one."""
        if self.required is None:
            return True
        return self.mean >= self.required if self.at_least else self.mean <= self.required

    @property
    def bound(self) -> str:
        """The bound as shown in tables."""
        return "none" if self.required is None else f"{'≥' if self.at_least else '≤'} {self.required:g}"


def behaviour(
    name: str, values: Tensor, required: float | None, at_least: bool = True, where: str = ""
) -> Behaviour:
    """Return the mean and the standard deviation of values, one a prompt."""
    spread = values.std().item()
    return Behaviour(name, values.mean().item(), spread, required, at_least, where, len(values))


def table(found: list[Behaviour]) -> Table:
    """Return the measurements as a table for the terminal."""
    shown = Table(
        "measured on held-out prompts", "mean", "± over prompts", "prompts", "required", "head", "holds"
    )
    for one in found:
        verdict = "" if one.required is None else "yes" if one.holds else "no"
        numbers = (f"{one.mean:.3f}", f"{one.spread:.3f}", str(one.n))
        shown.add_row(one.name, *numbers, one.bound, one.where, verdict)
    return shown
