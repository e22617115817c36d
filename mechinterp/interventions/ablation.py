"""Ablation: the outputs of heads or MLPs are replaced by something independent of the prompt, to see what is lost.

What is lost shows that they were needed. What is not lost does not show that they do nothing: others may
compensate for them. Sources: Olsson et al. 2022 (zero); Wang et al. 2022 (mean); Chan et al. 2022 (resample).
"""

from __future__ import annotations

from collections.abc import Iterable
from enum import Enum

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.model.transformer import Cache, Transformer


class Ablation(Enum):
    """What the output of a head or an MLP is replaced by."""

    ZERO = "zero"
    MEAN = "its mean over all prompts and positions"
    RESAMPLE = "its value on another of the prompts, drawn at random, at the same position"


@torch.no_grad()
def run_without(
    transformer: Transformer,
    tokens: Int[Tensor, "prompt pos"],
    heads: Iterable[Head],
    how: Ablation = Ablation.MEAN,
    seed: int = 0,
) -> tuple[Float[Tensor, "prompt pos d_vocab"], Cache]:
    """Return the logits and all activations of a run with some heads ablated; with none, of the run itself.

    Raises ValueError where the model has no such head.
    """
    removed: dict[str, list[int]] = {}
    for head in heads:
        if not (
            0 <= head.layer < transformer.config.n_layers and 0 <= head.index < transformer.config.n_heads
        ):
            raise ValueError(
                f"expected a head of {transformer.config.n_layers} layers of {transformer.config.n_heads} heads, "
                f"got {head}"
            )
        removed.setdefault(f"blocks.{head.layer}.attn.hook_z", []).append(head.index)
    own = transformer.cache(tokens)
    replaced = {name: _replacement(own[name], how, seed) for name in removed}
    cache: Cache = {}

    def tap(name: str, x: Tensor) -> Tensor:
        if name in removed:
            x = x.clone()
            x[:, :, removed[name]] = replaced[name][:, :, removed[name]]
        cache[name] = x
        return x

    return transformer.forward(tokens, tap), cache


@torch.no_grad()
def run_without_mlps(
    transformer: Transformer,
    tokens: Int[Tensor, "prompt pos"],
    layers: Iterable[int],
    how: Ablation = Ablation.RESAMPLE,
    seed: int = 0,
) -> Float[Tensor, "prompt pos d_vocab"]:
    """Return the logits of a run in which the MLPs of some layers are ablated at all positions.

    Resampled, they write what they do on another of the prompts: choose prompts that differ only in what is asked, with
    the same words at the same positions. Raises ValueError where the model has no such layer.
    """
    names = [f"blocks.{layer}.hook_mlp_out" for layer in layers]
    own = transformer.cache(tokens, names)
    replaced = {name: _replacement(own[name], how, seed) for name in names}
    return transformer.run_with_hooks(tokens, {name: lambda _, name=name: replaced[name] for name in names})


def _replacement(z: Float[Tensor, "prompt pos *parts"], how: Ablation, seed: int) -> Tensor:
    if how is Ablation.ZERO:
        return torch.zeros_like(z)
    if how is Ablation.MEAN:
        return z.mean((0, 1), keepdim=True).expand_as(z)
    # A random cycle: each prompt gets another one's value, and each value is used once.
    order = torch.randperm(len(z), generator=torch.Generator().manual_seed(seed))
    other = torch.empty_like(order)
    other[order] = order.roll(1)
    return z[other]
