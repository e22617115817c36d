"""A measurement of a model beside the bound that the lecture's model must meet."""

from __future__ import annotations

from dataclasses import dataclass

from rich.table import Table
from torch import Tensor


@dataclass(frozen=True)
class Behaviour:
    """A measurement: its mean and standard deviation over prompts, and the bound that the lecture's model must meet."""

    name: str
    mean: float
    spread: float
    required: float
    at_least: bool = True
    where: str = ""

    @property
    def holds(self) -> bool:
        """Whether the model meets the bound."""
        return self.mean >= self.required if self.at_least else self.mean <= self.required


def behaviour(
    name: str, values: Tensor, required: float, at_least: bool = True, where: str = ""
) -> Behaviour:
    """Return the mean and the standard deviation of values, one a prompt."""
    return Behaviour(name, values.mean().item(), values.std().item(), required, at_least, where)


def table(found: list[Behaviour]) -> Table:
    """Return the measurements as a table for the terminal."""
    shown = Table("measured on held-out prompts", "mean", "± over prompts", "required", "head", "holds")
    for one in found:
        required = f"{'≥' if one.at_least else '≤'} {one.required:g}"
        verdict = "yes" if one.holds else "no"
        shown.add_row(one.name, f"{one.mean:.3f}", f"{one.spread:.3f}", required, one.where, verdict)
    return shown
