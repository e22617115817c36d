"""The logit lens: what the model would predict if it stopped after each layer.

The residual stream is normalised by its own scale and the final normalisation's weights, and unembedded. Source:
nostalgebraist 2020. It shows what can already be read in the last layer's basis, not what an early layer represents in
another.
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Transformer


def logit_lens(model: Model, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "stage batch pos d_vocab"]:
    """Return the logits read before the first layer and after each layer; the last are the model's own.

    For few prompts: they are as many as the vocabulary at every stage and position.
    """
    return model.transformer.unembed(torch.stack(stages(model.transformer, tokens)))


def stages(
    transformer: Transformer, tokens: Int[Tensor, "batch pos"]
) -> list[Float[Tensor, "batch pos d_model"]]:
    """Return the residual stream before the first layer and after each layer."""
    names = ["blocks.0.hook_resid_pre"]
    names += [f"blocks.{layer}.hook_resid_post" for layer in range(transformer.config.n_layers)]
    cache = transformer.cache(tokens, names)
    return [cache[name] for name in names]
