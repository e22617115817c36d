"""Prompts in batches: all of them, once, as many as fit."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from mechinterp.numerics.batches import batches

LENGTHS = st.lists(st.integers(1, 12), max_size=12)


def test_the_shortest_come_first_and_none_is_longer_than_its_batch_says() -> None:
    found = list(batches(torch.tensor([5, 2, 4, 2]), lambda length: length, memory=9))
    assert [(some.tolist(), length) for some, length in found] == [([1, 3], 2), ([2], 4), ([0], 5)]


def test_a_prompt_that_does_not_fit_is_run_alone() -> None:
    found = list(batches(torch.tensor([9, 8]), lambda length: length, memory=1))
    assert [some.tolist() for some, _ in found] == [[1], [0]]


@given(LENGTHS, st.integers(1, 60))
def test_every_prompt_is_in_one_batch_and_batches_keep_to_the_memory(lengths: list[int], memory: int) -> None:
    found = list(batches(torch.tensor(lengths, dtype=torch.long), lambda length: length**2, memory))
    assert sorted(i for some, _ in found for i in some.tolist()) == list(range(len(lengths)))
    for some, length in found:
        assert length == max(lengths[i] for i in some.tolist())
        assert len(some) == 1 or len(some) * length**2 <= memory
