"""Sweeps are divided so that the memory holds them: nothing is left out, nothing done twice, nothing exceeds it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

import pytest
import torch

from mechinterp.interventions.metrics import logit_diff
from mechinterp.interventions.patched_sweep import Stage, Start, Sweep
from mechinterp.interventions.run_pair import RunPair, run_pair
from mechinterp.interventions.sweep_jobs import (
    Job,
    groups,
    jobs_by_first_difference,
    jobs_by_position,
    rows_in_memory,
    run_jobs,
)
from tests.mechinterp.random_models import random_transformer

N_LAYERS, PER_LAYER = 3, 4
MEMORIES = [60_000, 200_000, 2**30]


@pytest.fixture(scope="module")
def pair() -> RunPair:
    base = torch.randint(0, 20, (5, 6), generator=torch.Generator().manual_seed(0))
    source = base.clone()
    at = torch.arange(5), torch.tensor([0, 1, 1, 3, 4])
    source[at] = (base[at] + 1) % 20
    end = torch.full((5,), 5)
    return run_pair(random_transformer(), base, source, logit_diff(end, end + 1, end))


def all_jobs(pair: RunPair, memory: int) -> Iterator[Job]:
    yield from jobs_by_position(pair, PER_LAYER, memory)
    yield from jobs_by_first_difference(pair, PER_LAYER, memory)


@pytest.mark.parametrize("memory", MEMORIES)
def test_each_prompt_is_patched_once_at_each_layer_and_position(pair: RunPair, memory: int) -> None:
    done = Counter(
        (prompt, layer, job.sweep.first)
        for job in jobs_by_position(pair, PER_LAYER, memory)
        for prompt in job.sweep.prompts.tolist()
        for layer in job.layers
    )
    first = pair.first_difference.tolist()
    assert done == Counter(
        (prompt, layer, position)
        for prompt in range(5)
        for layer in range(N_LAYERS)
        for position in range(first[prompt], 6)
    )


def test_nothing_is_computed_after_what_the_metric_reads(pair: RunPair) -> None:
    end = torch.tensor([5, 2, 5, 3, 4])
    read = replace(pair, metric=logit_diff(end, end + 1, end))
    jobs = list(all_jobs(read, 2**30))
    assert {job.sweep.span.stop for job in jobs} == {3, 4, 5, 6}
    for job in jobs:
        assert set(end[job.sweep.prompts].tolist()) == {job.sweep.span.stop - 1}


@pytest.mark.parametrize("memory", MEMORIES)
def test_jobs_that_run_together_fit_into_the_memory(pair: RunPair, memory: int) -> None:
    """Each takes its rows' share of it, whatever it says itself."""
    for group in groups(all_jobs(pair, memory)):
        taken = sum(
            len(job.sweep.prompts)
            * len(job.layers)
            * PER_LAYER
            / rows_in_memory(pair, job.sweep.first, memory)
            for job in group
        )
        assert taken <= 1 + 1e-9


def test_jobs_run_together_where_they_fit_and_apart_where_not(pair: RunPair) -> None:
    assert len(list(groups(jobs_by_position(pair, PER_LAYER, 2**30)))) == 1
    few = [list(groups(jobs_by_position(pair, PER_LAYER, memory))) for memory in MEMORIES[:2]]
    assert len(few[0]) > len(few[1]) > 1
    for one in few:  # none could have taken the next one's first job
        for group, after in pairwise(one):
            assert sum(job.share for job in group) + after[0].share > 1


def test_a_row_takes_less_the_later_it_begins_and_more_with_what_else_it_holds(pair: RunPair) -> None:
    memory = 10**7
    rows = [rows_in_memory(pair, first, memory) for first in range(6)]
    assert rows == sorted(rows)
    assert rows[5] == pytest.approx(6 * rows[0], rel=0.01)
    assert rows_in_memory(pair, 0, 2 * memory) == pytest.approx(2 * rows[0], abs=1)
    assert rows_in_memory(pair, 0, memory, extra=memory // rows[0]) == pytest.approx(rows[0] / 2, abs=1)


def test_the_memory_holds_every_tensor_of_a_sweep(pair: RunPair, monkeypatch: pytest.MonkeyPatch) -> None:
    """The largest tensors, of attention and MLP, over all rows that run together, in single precision."""
    memory, taken = 200_000, []
    for name in ("_attention", "_mlp"):
        method = getattr(Sweep, name)

        def measured(sweep: Sweep, block, layer: int, resid: torch.Tensor, method=method) -> torch.Tensor:
            taken.append(4 * resid.numel())
            return method(sweep, block, layer, resid)

        monkeypatch.setattr(Sweep, name, measured)

    def start(sweep: Sweep, layer: int) -> Start:
        resid = pair.base[f"blocks.{layer}.hook_resid_pre"][sweep.prompts, sweep.first :]
        return Start(Stage.PRE, resid.expand(PER_LAYER, -1, -1, -1))

    found = list(run_jobs(jobs_by_position(pair, PER_LAYER, memory), start))
    assert len(found) == len(list(jobs_by_position(pair, PER_LAYER, memory)))
    for job, metrics in found:
        unpatched = pair.base_metric[job.sweep.prompts].expand(len(job.layers) * PER_LAYER, -1)
        torch.testing.assert_close(metrics, unpatched)
    assert 0 < max(taken) < memory / 4


def fits(pair: RunPair, memory: int) -> bool:
    try:
        return rows_in_memory(pair, 0, memory) > 0
    except ValueError:
        return False


def test_too_little_memory_is_refused(pair: RunPair) -> None:
    with pytest.raises(ValueError, match=r"expected memory for one patched run, 0\.0 MiB"):
        rows_in_memory(pair, 0, 1000)
    one = next(memory for memory in range(1000, 100_000, 100) if fits(pair, memory))
    with pytest.raises(ValueError, match=r"memory for 4 patched runs at once, got for [123]"):
        list(jobs_by_position(pair, PER_LAYER, one))
