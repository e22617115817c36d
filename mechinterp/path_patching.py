"""Paths: what one head's output does to what one later head looks at, everything else being as it was.

Source: Wang et al. 2022, appendix B; here the direct path alone, from a sender's output through the residual stream
into a receiver's queries.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attribution import written_by_heads
from mechinterp.heads import Head
from mechinterp.transformer import Cache, Transformer


def attention_without(
    transformer: Transformer, cache: Cache, sender: Head, receiver: Head, positions: Int[Tensor, " prompt"]
) -> Float[Tensor, "prompt src_pos"]:
    """Return where the receiver looks from one position of each prompt if its query does not read the sender.

    In the query's input alone, what the sender wrote there is replaced by its mean over the prompts. Raises
    ValueError where the sender's layer is not before the receiver's.
    """
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a sender of a layer before {receiver}, got {sender}")
    rows = torch.arange(len(positions))
    written = written_by_heads(transformer, cache, positions)[:, sender.layer, sender.index]
    resid = cache[f"blocks.{receiver.layer}.hook_resid_pre"].clone()
    resid[rows, positions] += written.mean(0) - written
    block, config = transformer.blocks[receiver.layer], transformer.config
    normalized = block.ln1.forward(resid, config, "ln1", lambda _, x: x)
    seen: Cache = {}
    # The keys are those of the run: only the query reads the changed stream.
    keys = {f"attn.{name}": cache[f"blocks.{receiver.layer}.attn.{name}"] for name in _keys(transformer)}

    def tap(name: str, x: Tensor) -> Tensor:
        seen[name] = keys.get(name, x)
        return seen[name]

    block.attention(normalized, config, "attn", tap)
    return seen["attn.hook_pattern"][rows, receiver.index, positions]


def _keys(transformer: Transformer) -> list[str]:
    return ["hook_rot_k"] if transformer.config.rotary_dims else ["hook_k"]
