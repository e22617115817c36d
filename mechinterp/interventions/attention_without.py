"""Where a head would look if its query did not read an earlier head."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.interventions.block_products import project
from mechinterp.interventions.patched_sweep import for_each_head, keys_name
from mechinterp.model.transformer import Cache, Transformer, attn_scores, no_tap, rotate


def attention_without(
    transformer: Transformer,
    cache: Cache,
    sender: Head,
    receiver: Head,
    positions: Int[Tensor, " prompt"],
    instead: Float[Tensor, " d_head"] | None = None,
) -> Float[Tensor, "prompt src_pos"]:
    """Return the receiver's attention from one position of each prompt if its query does not read the sender.

    The sender's z is replaced by `instead`, or else by its mean over these prompts, in the input of the query alone.
    The cache holds the hook points that `names_for_query` names. Raises ValueError where the sender's layer is not
    before the receiver's.
    """
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a sender of a layer before {receiver}, got {sender}")
    config, block = transformer.config, transformer.blocks[receiver.layer]
    rows = torch.arange(len(positions))
    z = cache[f"blocks.{sender.layer}.attn.hook_z"][rows, positions, sender.index]
    change = ((z.mean(0) if instead is None else instead) - z) @ transformer.blocks[sender.layer].W_O[
        sender.index
    ]
    resid = cache[f"blocks.{receiver.layer}.hook_resid_pre"][rows, positions] + change
    q = project(block.ln1.forward(resid, config, "", no_tap)[:, None], block.W_Q, block.b_Q)
    if config.rotary_dims:
        q = rotate(q, config, block.q_norm, positions[:, None])
    k = for_each_head(cache[f"blocks.{receiver.layer}.attn.{keys_name(config)}"], config)
    scores = attn_scores(torch.einsum("nqhk,nshk->nhqs", q, k), config)[:, receiver.index, 0]
    later = torch.arange(k.shape[1], device=k.device) > positions[:, None]
    return scores.masked_fill(later, -torch.inf).softmax(-1)


def names_for_query(transformer: Transformer, receiver: Head) -> list[str]:
    """Return the hook points that a receiver's attention without any of the heads before it is computed from."""
    name = f"blocks.{receiver.layer}"
    own = [f"{name}.hook_resid_pre", f"{name}.attn.{keys_name(transformer.config)}"]
    return own + [f"blocks.{layer}.attn.hook_z" for layer in range(receiver.layer)]
