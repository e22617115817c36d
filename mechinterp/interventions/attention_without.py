"""Where a head would look if its query did not read an earlier head."""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.interventions.block_products import project
from mechinterp.interventions.patched_sweep import for_each_head, keys_name
from mechinterp.logits.direct_attribution import written_by_heads
from mechinterp.model.transformer import Cache, Transformer, no_tap, rotate


def attention_without(
    transformer: Transformer, cache: Cache, sender: Head, receiver: Head, positions: Int[Tensor, " prompt"]
) -> Float[Tensor, "prompt src_pos"]:
    """Return the receiver's attention from one position of each prompt if its query does not read the sender.

    What the sender wrote is replaced by its mean over the prompts, in the input of the query alone. Raises
    ValueError where the sender's layer is not before the receiver's.
    """
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a sender of a layer before {receiver}, got {sender}")
    config, block = transformer.config, transformer.blocks[receiver.layer]
    rows = torch.arange(len(positions))
    written = written_by_heads(transformer, cache, positions)[:, sender.layer, sender.index]
    resid = cache[f"blocks.{receiver.layer}.hook_resid_pre"][rows, positions] - written + written.mean(0)
    q = project(block.ln1.forward(resid, config, "", no_tap)[:, None], block.W_Q, block.b_Q)
    if config.rotary_dims:
        q = rotate(q, config, positions[:, None])
    k = for_each_head(cache[f"blocks.{receiver.layer}.attn.{keys_name(config)}"], config)
    scores = torch.einsum("nk,nsk->ns", q[:, 0, receiver.index], k[:, :, receiver.index]) / config.d_head**0.5
    later = torch.arange(k.shape[1], device=k.device) > positions[:, None]
    return scores.masked_fill(later, -torch.inf).softmax(-1)
