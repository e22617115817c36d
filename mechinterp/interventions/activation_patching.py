"""Activation patching: how the metric changes when activations of one run replace those of another, place by place.

The *base* run is the one that is patched, the *source* run the one that activations are taken from. Denoising puts
clean activations into the corrupted run (base corrupted, source clean) and shows what suffices; noising is the
reverse and shows what is needed. Prompts are compared one by one, token by token; both runs have the same length.
Sources: Meng et al. 2022; Wang et al. 2022; Heimersheim and Nanda 2024 on the two directions.

patched_runs.py defines these functions by loops over whole runs: read that first. Here the same numbers come from one
sweep over the layers (patched_sweep.py). A patch before the first token in which two prompts differ changes nothing,
and is not computed.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.interventions.ablation import Instead
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import Part, Place, Source, Tokens
from mechinterp.interventions.patched_sweep import Stage, Start, Sweep, for_each_head, keys_name
from mechinterp.interventions.run_pair import RunPair, ablated_pairs, run_pairs
from mechinterp.interventions.sweep_jobs import jobs_by_first_difference, jobs_by_position, run_jobs
from mechinterp.model.transformer import Config, Transformer, attn_scores


@torch.no_grad()
def patch_positions(
    transformer: Transformer,
    base: Tokens,
    source: Source,
    place: Place,
    metric: Metric,
    memory: int | None = None,
    positions: Int[Tensor, "prompt chosen"] | None = None,
) -> Float[Tensor, "prompt layer pos"]:
    """Return the metric with one place patched at one position of one layer, for each of them.

    With `positions`, only patches there are computed; elsewhere the metric is the base run's.
    Raises ValueError where the prompts differ in shape, a prompt is the same in both runs, the metric reads positions
    that do not exist, the model has no such place, or `memory`, in bytes, does not hold the patches of one layer.
    """
    if place is Place.RESID_MID and transformer.config.parallel:
        raise ValueError(
            "this model has no residual stream between attention and MLP: both read the same residual stream"
        )
    memory = memory or transformer.memory
    shape = (*base.shape[:1], transformer.config.n_layers, base.shape[1])
    found = transformer.W_E.new_empty(shape)
    for some, pair in run_pairs(transformer, base, source, metric, memory):
        found[some] = pair.base_metric[:, None, None]
        jobs = jobs_by_position(pair, 1, memory, positions if positions is None else positions[some])
        for job, metrics in run_jobs(jobs, partial(_start_at, pair, place=place)):
            found[some[job.sweep.prompts], job.layers.start : job.layers.stop, job.sweep.first] = metrics.T
    return found


@torch.no_grad()
def patch_heads(
    transformer: Transformer,
    base: Tokens,
    source: Source,
    part: Part,
    metric: Metric,
    memory: int | None = None,
) -> Float[Tensor, "prompt layer head"]:
    """Return the metric with one part of one head patched at all positions, for each head.

    Raises ValueError as patch_positions does.
    """
    memory = memory or transformer.memory
    return _each_head(
        transformer, len(base), run_pairs(transformer, base, source, metric, memory), part, memory
    )


@torch.no_grad()
def ablate_heads(
    transformer: Transformer, tokens: Tokens, instead: Instead, metric: Metric, memory: int | None = None
) -> Float[Tensor, "prompt layer head"]:
    """Return the metric with one head ablated, for each head: patched with what it writes instead.

    Raises ValueError where the metric reads positions that do not exist, or `memory`, in bytes, does not hold the
    patches of one layer.
    """
    memory = memory or transformer.memory
    pairs = ablated_pairs(transformer, tokens, instead, metric, memory)
    return _each_head(transformer, len(tokens), pairs, Part.Z, memory)


def _each_head(
    transformer: Transformer,
    n_prompts: int,
    pairs: Iterable[tuple[Int[Tensor, " some"], RunPair]],
    part: Part,
    memory: int,
) -> Float[Tensor, "prompt layer head"]:
    config = transformer.config
    found = transformer.W_E.new_empty(n_prompts, config.n_layers, config.n_heads)
    for some, pair in pairs:
        found[some] = pair.base_metric[:, None, None]
        jobs = jobs_by_first_difference(pair, config.n_heads, memory)
        for job, metrics in run_jobs(jobs, partial(_start_of_heads, pair, part=part)):
            metrics = metrics.T.unflatten(1, (len(job.layers), config.n_heads))
            found[some[job.sweep.prompts], job.layers.start : job.layers.stop] = metrics
    return found


@torch.no_grad()
def patch_heads_and_positions(
    transformer: Transformer,
    base: Tokens,
    source: Source,
    part: Part,
    metric: Metric,
    memory: int | None = None,
) -> Float[Tensor, "prompt layer head pos"]:
    """Return the metric with one part of one head patched at one position, for each head and position.

    The position of a query or of a row of the pattern is the one that attends; that of a key or a value, the one that
    is attended to. Raises ValueError as patch_positions does.
    """
    config, memory = transformer.config, memory or transformer.memory
    shape = (len(base), config.n_layers, config.n_heads, base.shape[1])
    found = transformer.W_E.new_empty(shape)
    for some, pair in run_pairs(transformer, base, source, metric, memory):
        found[some] = pair.base_metric[:, None, None, None]
        start = partial(_start_of_heads, pair, part=part, at_first=True)
        for job, metrics in run_jobs(jobs_by_position(pair, config.n_heads, memory), start):
            metrics = metrics.T.unflatten(1, (len(job.layers), config.n_heads))
            layers = slice(job.layers.start, job.layers.stop)
            found[some[job.sweep.prompts], layers, :, job.sweep.first] = metrics
    return found


def _start_at(pair: RunPair, sweep: Sweep, layer: int, place: Place) -> Start:
    """Return the base run's residual stream with one place of one layer patched at the sweep's first position."""
    stage, stream = {
        Place.RESID_PRE: (Stage.PRE, "hook_resid_pre"),
        Place.RESID_MID: (Stage.MID, "hook_resid_mid"),
        Place.ATTN_OUT: _after_attention(pair.transformer),
    }.get(place, (Stage.POST, "hook_resid_post"))
    name = f"blocks.{layer}.{place.value}"
    resid = pair.base[f"blocks.{layer}.{stream}"][sweep.prompts, sweep.span].clone()
    resid[:, 0] += (pair.source[name] - pair.base[name])[sweep.prompts, sweep.first]
    return Start(stage, resid[None])


def _start_of_heads(pair: RunPair, sweep: Sweep, layer: int, part: Part, at_first: bool = False) -> Start:
    """Return residual streams, each with a part of one head of a layer patched: at the first position, or at all."""
    position = sweep.first if at_first else None
    stage, stream = _after_attention(pair.transformer)
    block = pair.transformer.blocks[layer]
    z = _patched_z(pair, sweep, layer, part, position)[:, sweep.span]
    change = z - pair.base[f"blocks.{layer}.attn.hook_z"][sweep.prompts, sweep.span]
    resid = pair.base[f"blocks.{layer}.{stream}"][sweep.prompts, sweep.span]
    return Start(stage, resid + torch.einsum("nahk,hkd->hnad", change, block.W_O))


def _patched_z(
    pair: RunPair, sweep: Sweep, layer: int, part: Part, position: int | None
) -> Float[Tensor, "prompt pos head d_head"]:
    """Return z of all heads of a layer, each with its own part patched: heads of one layer do not see each other."""
    config = pair.transformer.config

    def activation(name: str) -> Tensor:
        """Return an activation of the base run, or of the source run where it is patched."""
        full = f"blocks.{layer}.attn.{name}"
        base, source = pair.base[full][sweep.prompts], pair.source[full][sweep.prompts]
        if name != _name_in_use(part, config):
            return base
        if position is None:
            return source
        at = (slice(None), slice(None), position) if part is Part.PATTERN else (slice(None), position)
        base = base.clone()
        base[at] = source[at]
        return base

    if part is Part.Z:
        return activation("hook_z")
    pattern = activation("hook_pattern")
    if part in (Part.Q, Part.K):
        q = activation("hook_rot_q" if config.rotary_dims else "hook_q")
        k = for_each_head(activation(keys_name(config)), config)
        scores = attn_scores(torch.einsum("nqhk,nshk->nhqs", q, k), config)
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=scores.device).triu(1)
        pattern = scores.masked_fill(future, -torch.inf).softmax(-1)
    return torch.einsum("nhqs,nshk->nqhk", pattern, for_each_head(activation("hook_v"), config))


def _name_in_use(part: Part, config: Config) -> str:
    """Return the hook point of a part as attention uses it: queries and keys after rotation, where there is one."""
    name = part.value.removeprefix("attn.")
    return name.replace("hook_", "hook_rot_") if config.rotary_dims and part in (Part.Q, Part.K) else name


def _after_attention(transformer: Transformer) -> tuple[Stage, str]:
    """Return where what attention writes joins the residual stream."""
    return (Stage.POST, "hook_resid_post") if transformer.config.parallel else (Stage.MID, "hook_resid_mid")
