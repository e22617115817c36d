"""What a block computes from its weights, without hook points and by the fastest products there are (products.py)."""

from __future__ import annotations

from dataclasses import replace

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mechinterp.model.transformer import ACTIVATIONS, Block, Config, Norm
from mechinterp.numerics.products import linear

AT_ONCE = 512  # positions of an MLP whose activations then stay in the processor's cache


def contiguous_columns(block: Block) -> Block:
    """Return a block with the same weights, each column contiguous in memory, as `linear` wants it."""
    return replace(
        block,
        W_Q=_outputs_first(block.W_Q),
        W_K=_outputs_first(block.W_K),
        W_V=_outputs_first(block.W_V),
        W_O=_outputs_first(block.W_O.flatten(0, 1)).unflatten(0, block.W_O.shape[:2]),
        W_in=_outputs_first(block.W_in),
        W_out=_outputs_first(block.W_out),
        W_gate=None if block.W_gate is None else _outputs_first(block.W_gate),
    )


def normalized(
    x: Float[Tensor, "*batch d_model"], norm: Norm, config: Config
) -> Float[Tensor, "*batch d_model"]:
    """Return what Norm.forward does, in one pass over memory in place of one for each operation."""
    if config.normalization == "rms":
        scaled = functional.rms_norm(x, x.shape[-1:], norm.w, config.eps)
        return scaled if norm.b is None else scaled + norm.b
    return functional.layer_norm(x, x.shape[-1:], norm.w, norm.b, config.eps)


def project(x: Tensor, W: Float[Tensor, "head d_model d_head"], b: Float[Tensor, "head d_head"]) -> Tensor:
    """Return queries, keys or values, (…, head, d_head), of all heads in one product."""
    flat = W.transpose(1, 2).flatten(0, 1).T
    return linear(x, flat, b.flatten()).unflatten(-1, b.shape)


def attn_out(z: Float[Tensor, "*batch head d_head"], block: Block) -> Float[Tensor, "*batch d_model"]:
    """Return what all heads together write."""
    return linear(z.flatten(-2), block.W_O.flatten(0, 1), block.b_O)


def mlp_out(
    x: Float[Tensor, "*batch d_model"], block: Block, config: Config
) -> Float[Tensor, "*batch d_model"]:
    """Return what the MLP writes, having read the normalised residual stream x."""
    return torch.cat([_mlp(rows, block, config) for rows in x.flatten(0, -2).split(AT_ONCE)]).view(x.shape)


def _mlp(x: Float[Tensor, "row d_model"], block: Block, config: Config) -> Float[Tensor, "row d_model"]:
    activation = ACTIVATIONS[config.activation]
    post = linear(x, block.W_in, block.b_in)
    post = activation(post) if block.W_gate is None else post * activation(linear(x, block.W_gate))
    return linear(post, block.W_out, block.b_out)


def _outputs_first(W: Tensor) -> Tensor:
    return W.mT.contiguous().mT
