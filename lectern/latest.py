"""A function of items, remembered from one sequence to the next, of which most items stay the same.

The slides of a deck are such sequences: for their checks (marp) and for the preview.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Generic, TypeVar

Item = TypeVar("Item", bound=Hashable)
Found = TypeVar("Found")


class Latest(Generic[Item, Found]):
    """A function of an item, applied to sequences: items that were in the last sequence are not computed again."""

    def __init__(self, function: Callable[[Item], Found]) -> None:
        self._function = function
        self._known: dict[Item, Found] = {}

    def __call__(self, items: Sequence[Item]) -> list[Found]:
        """Return the function's value for each item."""
        before, now = self._known, {}
        for item in items:
            if item not in now:
                now[item] = before[item] if item in before else self._function(item)
        self._known = now
        return [now[item] for item in items]
