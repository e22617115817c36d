"""A term of the loss that makes names be selected by attention, not by subtracting one name from another.

Without it, a model this small solves IOI in its own way: it copies both names, and a last head that attends to the
giver subtracts that name again. The published circuit of GPT-2 small selects by attention instead (Wang et al. 2022).
This term penalises every head that lowers, by its direct effect on the logits, a name of the context below the mean of
all names, and every MLP that lowers or raises it; what remains to be learned is to attend to the right one.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor
from torch.nn import functional

from mechinterp.model.transformer import Cache, Transformer

SLACK = (
    0.2  # logits by which a name may be lowered without penalty: a head that copies one disturbs the others
)


def hook_names(n_layers: int) -> set[str]:
    """Return the hook points that the term reads."""
    layers = range(n_layers)
    return {
        "ln_final.hook_scale",
        *(f"blocks.{layer}.attn.hook_z" for layer in layers),
        *(f"blocks.{layer}.hook_mlp_out" for layer in layers),
    }


def subtraction(
    transformer: Transformer, cache: Cache, tokens: Int[Tensor, "batch pos"], names: Int[Tensor, " name"]
) -> Float[Tensor, ""]:
    """Return by how many logits heads lower, and MLPs move, the names seen before, where a name comes next.

    Summed over heads, MLPs, names and those positions, and divided by the number of all positions, as the loss is. A
    direct effect is what a component adds to a logit through the residual stream, with the final normalisation's scale
    held; it is taken relative to its mean over all names.
    """
    U = _unembedding_of(names, transformer)
    is_name = tokens[:, :, None] == names
    at = is_name[:, 1:].any(-1).nonzero(as_tuple=True)
    seen = is_name.cummax(1).values[at]
    per_logit = 1 / cache["ln_final.hook_scale"].detach()[at]
    total = torch.zeros((), device=tokens.device)
    for layer, block in enumerate(transformer.blocks):
        heads = torch.einsum("nhk,hkm->nhm", cache[f"blocks.{layer}.attn.hook_z"][at], block.W_O @ U)
        mlp = cache[f"blocks.{layer}.hook_mlp_out"][at] @ U
        total = total + _below(heads * per_logit[:, None], seen)
        # An MLP could tell the two names apart by raising one, just as well as by lowering the other.
        total = total + _below(-(mlp * per_logit).abs()[:, None], seen)
    return total / tokens.numel()


def _below(effect: Float[Tensor, "where part name"], seen: Bool[Tensor, "where name"]) -> Float[Tensor, ""]:
    return (functional.relu(-effect - SLACK) * seen[:, None]).sum()


def _unembedding_of(names: Int[Tensor, " name"], transformer: Transformer) -> Float[Tensor, "d_model name"]:
    """Return the directions of the names' logits in the centred residual stream, minus their mean over names."""
    U = transformer.W_U[:, names]
    U = transformer.ln_final.w[:, None] * (U - U.mean(1, keepdim=True))
    return U - U.mean(0)
