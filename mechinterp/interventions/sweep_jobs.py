"""How many patches are computed at once: sweeps are cut into jobs, and jobs grouped, so that memory holds them.

A *row* is one prompt with one patch. A job is a sweep of some prompts with the patches of some layers; jobs that fit
into memory together run side by side, so that they share each layer's weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.interventions.patched_sweep import Start, Sweep, run_together
from mechinterp.interventions.run_pair import RunPair


@dataclass(frozen=True, eq=False)
class Job:
    """A sweep, and the layers whose patches begin in it."""

    sweep: Sweep
    layers: range
    share: float  # of the memory, from 0 to 1


def rows_in_memory(pair: RunPair, first: int, memory: int, extra: int = 0) -> int:
    """Return how many rows that change from position `first` on fit into `memory` bytes.

    A row takes 4 bytes a number, as in single precision, and `extra` bytes. Raises ValueError where not even one fits.
    """
    config = pair.transformer.config
    numbers = 8 * config.d_model + 2 * config.d_mlp + 3 * config.n_heads * pair.n_positions  # a position
    row = 4 * max(1, pair.n_positions - first) * numbers + extra
    if row > memory:
        raise ValueError(
            f"expected memory for one patched run, {row / 2**20:.1f} MiB, got {memory / 2**20:.1f} MiB"
        )
    return memory // row


def jobs_by_position(
    pair: RunPair, per_layer: int, memory: int, positions: Int[Tensor, "prompt chosen"] | None = None
) -> Iterator[Job]:
    """Yield the sweeps that begin at each position, of the prompts that differ there or earlier, and have it chosen."""
    for position in range(pair.n_positions):
        prompts = pair.first_difference <= position
        if positions is not None:
            prompts = prompts & (positions == position).any(1)
        yield from jobs(pair, prompts, position, per_layer, memory)


def jobs_by_first_difference(pair: RunPair, per_layer: int, memory: int) -> Iterator[Job]:
    """Yield the sweeps of the prompts that first differ at each position, beginning there."""
    for first in pair.first_difference.unique().tolist():
        yield from jobs(pair, pair.first_difference == first, first, per_layer, memory)


def jobs(
    pair: RunPair, prompts: Bool[Tensor, " prompt"], first: int, per_layer: int, memory: int
) -> Iterator[Job]:
    """Yield sweeps from position `first` on, each of as many prompts and layers as the memory holds.

    Each layer begins `per_layer` patches. Raises ValueError where the memory does not hold those of one prompt.
    """
    n_layers = pair.transformer.config.n_layers
    most = rows_in_memory(pair, first, memory)
    if most < per_layer:
        raise ValueError(f"expected memory for {per_layer} patched runs at once, got for {most}")
    for layers in _ranges(n_layers, min(n_layers, most // per_layer)):
        rows = len(layers) * per_layer  # of one prompt
        for affected in pair.affected(prompts, first):
            for some in affected.split(most // rows):
                sweep = Sweep(pair.transformer, pair.base, some, first, pair.metric)
                yield Job(sweep, layers, share=rows * len(some) / most)


def run_jobs(
    jobs: Iterable[Job], start: Callable[[Sweep, int], Start]
) -> Iterator[tuple[Job, Float[Tensor, "patch prompt"]]]:
    """Yield each job with the metric of its patches; `start` gives the patches of a sweep that begin at a layer."""

    def starts(job: Job) -> Iterator[list[Start]]:
        for layer in range(job.sweep.transformer.config.n_layers):
            yield [start(job.sweep, layer)] if layer in job.layers else []

    for group in groups(jobs):
        metrics = run_together([(job.sweep, starts(job)) for job in group])
        yield from zip(group, metrics, strict=True)


def groups(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield jobs, in their order, in groups whose shares of the memory sum to one at most."""
    group: list[Job] = []
    for job in jobs:
        if group and sum(x.share for x in group) + job.share > 1:
            yield group
            group = []
        group.append(job)
    if group:
        yield group


def _ranges(n: int, size: int) -> Iterator[range]:
    return (range(i, min(i + size, n)) for i in range(0, n, size))
