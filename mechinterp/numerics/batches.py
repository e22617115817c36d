"""Prompts in batches that fit into memory, those of a similar length together."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from jaxtyping import Int
from torch import Tensor


def batches(
    lengths: Int[Tensor, " prompt"], bytes_for: Callable[[int], int], memory: int
) -> Iterator[tuple[Int[Tensor, " some"], int]]:
    """Yield the indices of prompts in batches, shortest prompts first, and the greatest length in each.

    `bytes_for` says what one prompt of a length takes; where that is more than the memory, it is run alone.
    """
    order = lengths.argsort(stable=True)
    ordered = lengths[order].tolist()
    start = 0
    while start < len(order):
        stop = start + 1
        while stop < len(order) and (stop + 1 - start) * bytes_for(ordered[stop]) <= memory:
            stop += 1
        yield order[start:stop], ordered[stop - 1]
        start = stop
