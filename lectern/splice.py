"""The difference of two sequences of which most is the same: of a deck sent to Node, of slides sent to a page."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def splice(before: Sequence[Any], after: Sequence[Any]) -> tuple[int, int, list[Any]]:
    """Return how many items are equal at the beginning, how many at the end, and the items of `after` between them."""
    most = min(len(before), len(after))
    first = next((i for i in range(most) if before[i] is not after[i] and before[i] != after[i]), most)
    most -= first
    last = next((i for i in range(most) if before[-1 - i] != after[-1 - i]), most)
    return first, last, list(after[first : len(after) - last])
