"""Activation patching: activations of one run put into another, one place at a time, and what becomes of the metric.

The *base* run is the one that is patched, the *source* run the one that activations are taken from. Denoising puts
clean activations into the corrupted run (base corrupted, source clean) and shows what suffices; noising is the
reverse and shows what is needed. Prompts are compared one by one, token by token; both runs have the same length.
Sources: Meng et al. 2022; Wang et al. 2022; Heimersheim and Nanda 2024 on the two directions.

All patches are computed exactly, in one sweep over the layers (patched_sweep.py), positions before the first token in
which two prompts differ not at all: a patch there changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.interventions import patched_sweep
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_sweep import Stage, Start, Sweep
from mechinterp.model.transformer import Cache, Config, Transformer

MEMORY = 2**30  # bytes that the activations of patched runs may take, unless told otherwise

Tokens = Int[Tensor, "prompt pos"]
Source = Int[Tensor, "source_prompt source_pos"]  # the same shape, which is checked, and said, here


class Place(Enum):
    """What is patched at a position of a layer."""

    RESID_PRE = "hook_resid_pre"
    RESID_MID = "hook_resid_mid"
    RESID_POST = "hook_resid_post"
    ATTN_OUT = "hook_attn_out"
    MLP_OUT = "hook_mlp_out"


class Part(Enum):
    """What is patched of a head."""

    Z = "attn.hook_z"  # what it is about to write
    Q = "attn.hook_q"
    K = "attn.hook_k"
    V = "attn.hook_v"
    PATTERN = "attn.hook_pattern"


@dataclass(frozen=True, eq=False)
class Pair:
    """Two runs of a model on prompts of the same shape, and the metric of the base run."""

    transformer: Transformer
    base: Cache
    source: Cache
    first: Int[Tensor, " prompt"]  # the first position at which two prompts differ
    metric: Metric
    measured: Float[Tensor, " prompt"]
    memory: int

    @property
    def n_positions(self) -> int:
        """How long the prompts are."""
        return self.base["hook_embed"].shape[1]

    def concerned(self, reached: Bool[Tensor, " all"], first: int) -> Int[Tensor, " some"]:
        """Return those of the prompts reached in which a change from position `first` on can reach the metric."""
        return (reached & (self.metric.positions.max(1).values >= first)).nonzero().flatten()

    def rows_at_once(self, first: int, more: int = 0) -> int:
        """Return how many runs changed from position `first` on, each with so many bytes more, the memory holds.

        Raises ValueError where it does not hold one.
        """
        config = self.transformer.config
        width = (
            8 * config.d_model + 2 * config.d_mlp + 3 * config.n_heads * self.n_positions
        )  # numbers a position
        row = 4 * (self.n_positions - first) * width + more
        if row > self.memory:
            raise ValueError(
                f"expected memory for one patched run, {row / 2**20:.1f} MiB, got {self.memory / 2**20:.1f} MiB"
            )
        return self.memory // row


@torch.no_grad()
def patch_positions(
    transformer: Transformer, base: Tokens, source: Source, place: Place, metric: Metric, memory: int = MEMORY
) -> Float[Tensor, "prompt layer pos"]:
    """Return the metric with one position of one layer patched, for all of them.

    Raises ValueError where the prompts differ in shape or not at all, the metric reads positions that are not there,
    the model has no such place, or `memory` does not hold the runs that one layer begins.
    """
    pair = pair_of(transformer, base, source, metric, memory)
    if place is Place.RESID_MID and transformer.config.parallel:
        raise ValueError(
            "this model has no residual stream between attention and MLP: they read the same one"
        )
    found = pair.measured[:, None, None].repeat(1, transformer.config.n_layers, pair.n_positions)
    jobs = _jobs_by_position(pair, per_layer=1)
    for job, metrics in _done(pair, jobs, lambda sweep, layer: _start_at(pair, sweep, layer, place)):
        found[job.sweep.prompts, job.layers.start : job.layers.stop, job.sweep.first] = metrics.T
    return found


@torch.no_grad()
def patch_heads(
    transformer: Transformer, base: Tokens, source: Source, part: Part, metric: Metric, memory: int = MEMORY
) -> Float[Tensor, "prompt layer head"]:
    """Return the metric with one part of one head patched at all positions; raises as patch_positions."""
    pair = pair_of(transformer, base, source, metric, memory)
    config = transformer.config
    found = pair.measured[:, None, None].repeat(1, config.n_layers, config.n_heads)
    firsts = pair.first.unique().tolist()
    jobs = (job for first in firsts for job in _jobs(pair, pair.first == first, first, config.n_heads))
    for job, metrics in _done(pair, jobs, lambda sweep, layer: _start_of_heads(pair, sweep, layer, part)):
        metrics = metrics.T.unflatten(1, (len(job.layers), config.n_heads))
        found[job.sweep.prompts, job.layers.start : job.layers.stop] = metrics
    return found


@torch.no_grad()
def patch_heads_and_positions(
    transformer: Transformer, base: Tokens, source: Source, part: Part, metric: Metric, memory: int = MEMORY
) -> Float[Tensor, "prompt layer head pos"]:
    """Return the metric with one part of one head patched at one position; raises as patch_positions.

    The position of a pattern or a query is the one that looks, that of a key or a value the one looked at.
    """
    pair = pair_of(transformer, base, source, metric, memory)
    config = transformer.config
    found = pair.measured[:, None, None, None].repeat(1, config.n_layers, config.n_heads, pair.n_positions)
    jobs = _jobs_by_position(pair, per_layer=config.n_heads)

    def start(sweep: Sweep, layer: int) -> Start:
        return _start_of_heads(pair, sweep, layer, part, sweep.first)

    for job, metrics in _done(pair, jobs, start):
        metrics = metrics.T.unflatten(1, (len(job.layers), config.n_heads))
        found[job.sweep.prompts, job.layers.start : job.layers.stop, :, job.sweep.first] = metrics
    return found


def _start_at(pair: Pair, sweep: Sweep, layer: int, place: Place) -> Start:
    """Return the base run's residual stream with one place of one layer, at the sweep's first position, patched."""
    stage, stream = {
        Place.RESID_PRE: (Stage.PRE, "hook_resid_pre"),
        Place.RESID_MID: (Stage.MID, "hook_resid_mid"),
        Place.ATTN_OUT: _after_attention(pair.transformer),
    }.get(place, (Stage.POST, "hook_resid_post"))
    name = f"blocks.{layer}.{place.value}"
    resid = pair.base[f"blocks.{layer}.{stream}"][sweep.prompts, sweep.first :].clone()
    resid[:, 0] += (pair.source[name] - pair.base[name])[sweep.prompts, sweep.first]
    return Start(stage, resid[None])


def _start_of_heads(pair: Pair, sweep: Sweep, layer: int, part: Part, position: int | None = None) -> Start:
    """Return residual streams with a part of each head of a layer patched: at one position, or at all."""
    stage, stream = _after_attention(pair.transformer)
    block = pair.transformer.blocks[layer]
    z = _z_with(pair, sweep, layer, part, position)[:, sweep.first :]
    change = z - pair.base[f"blocks.{layer}.attn.hook_z"][sweep.prompts, sweep.first :]
    resid = pair.base[f"blocks.{layer}.{stream}"][sweep.prompts, sweep.first :]
    return Start(stage, resid + torch.einsum("nahk,hkd->hnad", change, block.W_O))


def _z_with(
    pair: Pair, sweep: Sweep, layer: int, part: Part, position: int | None
) -> Float[Tensor, "prompt pos head d_head"]:
    """Return what heads are about to write, each with one part of its own patched."""
    config = pair.transformer.config

    def of(name: str) -> Tensor:
        """Return an activation of the base run, or of the source run where it is patched."""
        full = f"blocks.{layer}.attn.{name}"
        own, other = pair.base[full][sweep.prompts], pair.source[full][sweep.prompts]
        if name != _used(part, config):
            return own
        if position is None:
            return other
        at = (slice(None), slice(None), position) if part is Part.PATTERN else (slice(None), position)
        own = own.clone()
        own[at] = other[at]
        return own

    if part is Part.Z:
        return of("hook_z")
    pattern = of("hook_pattern")
    if part in (Part.Q, Part.K):
        q = of("hook_rot_q" if config.rotary_dims else "hook_q")
        k = patched_sweep.for_each_head(of(patched_sweep.keys_name(config)), config)
        scores = torch.einsum("nqhk,nshk->nhqs", q, k) / config.d_head**0.5
        future = torch.ones(scores.shape[-2:], dtype=torch.bool).triu(1)
        pattern = scores.masked_fill(future, -torch.inf).softmax(-1)
    return torch.einsum("nhqs,nshk->nqhk", pattern, patched_sweep.for_each_head(of("hook_v"), config))


def _used(part: Part, config: Config) -> str:
    """Return the hook point of a part as attention uses it: queries and keys after they are rotated."""
    name = part.value.removeprefix("attn.")
    return name.replace("hook_", "hook_rot_") if config.rotary_dims and part in (Part.Q, Part.K) else name


def _after_attention(transformer: Transformer) -> tuple[Stage, str]:
    """Return where what attention writes joins the residual stream."""
    return (Stage.POST, "hook_resid_post") if transformer.config.parallel else (Stage.MID, "hook_resid_mid")


def pair_of(transformer: Transformer, base: Tokens, source: Source, metric: Metric, memory: int) -> Pair:
    """Run both sets of prompts; raises ValueError as patch_positions does."""
    if base.shape != source.shape:
        raise ValueError(
            f"expected prompts of the same shape, got {tuple(base.shape)} and {tuple(source.shape)}"
        )
    if metric.positions.min() < 0 or metric.positions.max() >= base.shape[1]:
        raise ValueError(
            f"expected a metric that reads positions below {base.shape[1]}, got {metric.positions.max()}"
        )
    differs = base != source
    if not differs.any(1).all():
        same = (~differs.any(1)).nonzero().flatten().tolist()
        raise ValueError(f"clean and corrupted prompts {same} are the same: there is nothing to patch")
    both = transformer.cache(torch.cat((base, source)))
    kept = {name: x[: len(base)] for name, x in both.items()}
    other = {name: x[len(base) :] for name, x in both.items()}
    last = kept[f"blocks.{transformer.config.n_layers - 1}.hook_resid_post"]
    rows = torch.arange(len(base))
    measured = metric.measure(transformer, last[rows[:, None], metric.positions], rows)
    return Pair(transformer, kept, other, differs.int().argmax(1), metric, measured, memory)


@dataclass(frozen=True, eq=False)
class Job:
    """A sweep, and the layers whose patches begin in it."""

    sweep: Sweep
    layers: range
    share: float  # of the memory


def _jobs_by_position(pair: Pair, per_layer: int) -> Iterator[Job]:
    """Yield the sweeps that begin at each position, of the prompts that differ there or before."""
    for position in range(pair.n_positions):
        yield from _jobs(pair, pair.first <= position, position, per_layer)


def _jobs(pair: Pair, reached: Bool[Tensor, " prompt"], first: int, per_layer: int) -> Iterator[Job]:
    """Yield sweeps of the prompts reached, each of as many prompts and layers as the memory holds.

    Raises ValueError where it does not hold the patches of one prompt that begin at one layer.
    """
    prompts, n_layers = pair.concerned(reached, first), pair.transformer.config.n_layers
    most = pair.rows_at_once(first)
    if most < per_layer:
        raise ValueError(f"expected memory for {per_layer} patched runs at once, got for {most}")
    for layers in _ranges(n_layers, min(n_layers, most // per_layer)):
        rows = len(layers) * per_layer  # of a prompt
        for some in _ranges(len(prompts), most // rows):
            sweep = Sweep(pair.transformer, pair.base, prompts[some.start : some.stop], first, pair.metric)
            yield Job(sweep, layers, share=rows * len(some) / most)


def _ranges(n: int, size: int) -> Iterator[range]:
    return (range(i, min(i + size, n)) for i in range(0, n, size))


def _done(
    pair: Pair, jobs: Iterable[Job], start: Callable[[Sweep, int], Start]
) -> Iterator[tuple[Job, Float[Tensor, "cell prompt"]]]:
    """Yield jobs and the metric of their cells, those together done side by side that the memory holds."""
    n_layers = pair.transformer.config.n_layers

    def starts(job: Job) -> Iterator[list[Start]]:
        return ([start(job.sweep, x)] if x in job.layers else [] for x in range(n_layers))

    for group in _groups(jobs):
        metrics = patched_sweep.run_together([(job.sweep, starts(job)) for job in group])
        yield from zip(group, metrics, strict=True)


def _groups(jobs: Iterable[Job]) -> Iterator[list[Job]]:
    """Yield jobs in groups whose shares of the memory sum to one at most."""
    group: list[Job] = []
    for job in jobs:
        if group and sum(x.share for x in group) + job.share > 1:
            yield group
            group = []
        group.append(job)
    if group:
        yield group
