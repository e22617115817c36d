"""Ablation: heads or MLPs write something that does not depend on the prompt, to see what is lost.

What is lost shows that they were needed. What is not lost does not show that they do nothing: others may
compensate for them. What they write instead decides the result, and has to be named: zero (Olsson et al. 2022) and the
mean over everything push later layers off the distribution that they know; the mean over prompts that differ only in
what is asked, at the same position (Wang et al. 2022), takes away only that; so does the value on another prompt, for
each prompt anew (Chan et al. 2022).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import Enum

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.interventions.paths import MLP, check_parts
from mechinterp.model.language_model import TapFor
from mechinterp.model.transformer import Cache, Tap, Transformer

Instead = Mapping[str, Tensor]  # by hook point, what all heads of a layer, or its MLP, write instead


class Ablation(Enum):
    """What heads and MLPs write instead, where it comes from the prompts themselves."""

    ZERO = "zero"
    MEAN = "its mean over all prompts and positions"
    POSITION = "its mean over all prompts, at the same position"
    RESAMPLE = "its value on another of the prompts, drawn at random, at the same position"


@torch.no_grad()
def instead_of(
    transformer: Transformer, tokens: Int[Tensor, "prompt pos"], how: Ablation, seed: int = 0
) -> Instead:
    """Return what heads and MLPs write instead of what they write on these prompts.

    A mean at a position, and what is written on another prompt, are of use where prompts differ only in what is asked,
    with the same words at the same positions.
    """
    own = transformer.cache(tokens, _outputs(transformer))
    return {name: _replaced(x, how, seed) for name, x in own.items()}


@torch.no_grad()
def mean_over(transformer: Transformer, versions: Int[Tensor, "version prompt pos"]) -> Instead:
    """Return what heads and MLPs write on average over versions of each prompt, position by position."""
    names = _outputs(transformer)
    total = transformer.cache(versions[0], names)
    for tokens in versions[1:]:
        for name, x in transformer.cache(tokens, names).items():
            total[name] = total[name] + x
    return {name: x / len(versions) for name, x in total.items()}


def narrow(instead: Instead, some: Int[Tensor, " some"], n_positions: int) -> Instead:
    """Return what is written instead for some of the prompts, at their first positions."""
    return {name: x[some, :n_positions] for name, x in instead.items()}


def without(transformer: Transformer, removed: Iterable[Head | MLP], instead: Instead) -> Tap:
    """Return the tap that ablates some heads or MLPs; raises ValueError where the model has no such head or layer."""
    removed = list(removed)
    check_parts(transformer, removed)
    heads: dict[str, list[int]] = {}
    for part in removed:
        if isinstance(part, Head):
            heads.setdefault(f"blocks.{part.layer}.attn.hook_z", []).append(part.index)
    mlps = {f"blocks.{part.layer}.hook_mlp_out" for part in removed if isinstance(part, MLP)}

    def tap(name: str, x: Tensor) -> Tensor:
        if name in heads:
            x = x.clone()
            x[:, :, heads[name]] = instead[name][:, :, heads[name]]
        return instead[name] if name in mlps else x

    return tap


def without_of(
    transformer: Transformer, removed: Iterable[Head | MLP], instead: Instead, n_positions: int
) -> TapFor:
    """Return what gives the tap that ablates some heads or MLPs in a run of some of the prompts."""
    removed = list(removed)
    return lambda some: without(transformer, removed, narrow(instead, some, n_positions))


@torch.no_grad()
def run_without(
    transformer: Transformer,
    tokens: Int[Tensor, "prompt pos"],
    removed: Iterable[Head | MLP],
    instead: Instead,
) -> tuple[Float[Tensor, "prompt pos d_vocab"], Cache]:
    """Return the logits and all activations of a run with some heads or MLPs ablated; with none, of the run itself.

    Raises ValueError where the model has no such head or layer.
    """
    ablate, cache = without(transformer, removed, instead), Cache()

    def tap(name: str, x: Tensor) -> Tensor:
        cache[name] = ablate(name, x)
        return cache[name]

    return transformer.forward(tokens, tap), cache


def _outputs(transformer: Transformer) -> list[str]:
    layers = range(transformer.config.n_layers)
    return [f"blocks.{layer}.{point}" for layer in layers for point in ("attn.hook_z", "hook_mlp_out")]


def _replaced(x: Float[Tensor, "prompt pos *parts"], how: Ablation, seed: int) -> Tensor:
    if how is Ablation.ZERO:
        return torch.zeros_like(x)
    if how is Ablation.MEAN:
        return x.mean((0, 1), keepdim=True).expand_as(x)
    if how is Ablation.POSITION:
        return x.mean(0, keepdim=True).expand_as(x)
    # A random cycle: each prompt gets another one's value, and each value is used once.
    order = torch.randperm(len(x), generator=torch.Generator().manual_seed(seed))
    other = torch.empty_like(order)
    other[order] = order.roll(1)
    return x[other]
