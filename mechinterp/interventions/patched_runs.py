"""What patching computes, one run at a time: the specification of this room, and the file to read first.

A patch is a run of the model on the *base* prompts in which one activation is replaced, at some indices, by its value
in the run on the *source* prompts; a map of patches is a loop over such runs. activation_patching.py returns the same
numbers, up to rounding, many times faster; its tests compare it with the functions of the same names here. Paths are
in path_runs.py. Source: Meng et al. 2022.
"""

from __future__ import annotations

from dataclasses import replace
from enum import Enum
from itertools import product
from types import EllipsisType

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.interventions.metrics import Metric
from mechinterp.model.transformer import Cache, Transformer

Tokens = Int[Tensor, "prompt pos"]
# Of the same shape, but named apart: a difference gets an error message of its own.
Source = Int[Tensor, "source_prompt source_pos"]
Index = tuple[int | slice | EllipsisType, ...]

ALL = slice(None)


class Place(Enum):
    """What is patched at a position of a layer."""

    RESID_PRE = "hook_resid_pre"
    RESID_MID = "hook_resid_mid"
    RESID_POST = "hook_resid_post"
    ATTN_OUT = "hook_attn_out"
    MLP_OUT = "hook_mlp_out"


class Part(Enum):
    """What is patched of a head."""

    Z = "attn.hook_z"  # the mix of values that W_O then writes into the residual stream
    Q = "attn.hook_q"
    K = "attn.hook_k"
    V = "attn.hook_v"
    PATTERN = "attn.hook_pattern"


@torch.no_grad()
def patched_metric(
    transformer: Transformer, base: Tokens, source_run: Cache, name: str, at: Index, metric: Metric
) -> Float[Tensor, " prompt"]:
    """Return the metric of a run on `base` in which activation `name` has, at `at`, its value in the source run."""

    def patch(x: Tensor) -> Tensor:
        x = x.clone()
        x[at] = source_run[name][at]
        return x

    return metric_of(transformer.run_with_hooks(base, {name: patch}), metric)


def patch_positions(
    transformer: Transformer, base: Tokens, source: Tokens, place: Place, metric: Metric
) -> Float[Tensor, "prompt layer pos"]:
    """Return the metric with one place patched at one position of one layer, for each of them."""
    source_run, layers, positions = transformer.cache(source), len(transformer.blocks), base.shape[1]
    found = transformer.W_E.new_empty(len(base), layers, positions)
    for layer, position in product(range(layers), range(positions)):
        name = f"blocks.{layer}.{place.value}"
        found[:, layer, position] = patched_metric(
            transformer, base, source_run, name, (ALL, position), metric
        )
    return found


def patch_heads(
    transformer: Transformer, base: Tokens, source: Tokens, part: Part, metric: Metric
) -> Float[Tensor, "prompt layer head"]:
    """Return the metric with one part of one head patched at all positions, for each head."""
    transformer = unshared(transformer)
    source_run, layers, heads = transformer.cache(source), len(transformer.blocks), transformer.config.n_heads
    found = transformer.W_E.new_empty(len(base), layers, heads)
    for layer, head in product(range(layers), range(heads)):
        name, at = f"blocks.{layer}.{part.value}", _index(part, head, ALL)
        found[:, layer, head] = patched_metric(transformer, base, source_run, name, at, metric)
    return found


def patch_heads_and_positions(
    transformer: Transformer, base: Tokens, source: Tokens, part: Part, metric: Metric
) -> Float[Tensor, "prompt layer head pos"]:
    """Return the metric with one part of one head patched at one position, for each head and position."""
    transformer = unshared(transformer)
    source_run, heads, positions = transformer.cache(source), transformer.config.n_heads, base.shape[1]
    found = transformer.W_E.new_empty(len(base), len(transformer.blocks), heads, positions)
    for layer, head, position in product(range(len(transformer.blocks)), range(heads), range(positions)):
        name, at = f"blocks.{layer}.{part.value}", _index(part, head, position)
        found[:, layer, head, position] = patched_metric(transformer, base, source_run, name, at, metric)
    return found


def metric_of(logits: Float[Tensor, "prompt pos d_vocab"], metric: Metric) -> Float[Tensor, " prompt"]:
    """Return the metric of a run, given all its logits."""
    prompts = torch.arange(len(logits))
    return metric.of_logits(logits[prompts[:, None], metric.positions], prompts)


def unshared(transformer: Transformer) -> Transformer:
    """Return the same transformer with keys and values of each head's own, where heads share them.

    So a key or a value can be patched for one head alone.
    """
    n_heads = transformer.config.n_heads

    def for_each(weight: Tensor) -> Tensor:
        return weight.repeat_interleave(n_heads // len(weight), dim=0)

    blocks = [
        replace(
            block,
            W_K=for_each(block.W_K),
            W_V=for_each(block.W_V),
            b_K=for_each(block.b_K),
            b_V=for_each(block.b_V),
        )
        for block in transformer.blocks
    ]
    return replace(transformer, blocks=blocks)


def _index(part: Part, head: int, position: int | slice) -> Index:
    """Return where in the activation of all heads one head's part is; of a pattern, `position` is the query's."""
    return (ALL, head, position) if part is Part.PATTERN else (ALL, position, head)
