"""Small random SAEs of every kind, with nothing at zero that could hide an error."""

from __future__ import annotations

import torch

from mechinterp.sae.autoencoder import SAE, GatedSAE, JumpReLUSAE, StandardSAE, TopKSAE

KINDS = ("standard", "topk", "jumprelu", "gated")


def random_sae(kind: str, d_model: int = 6, d_sae: int = 15, seed: int = 0) -> SAE:
    draw = torch.Generator().manual_seed(seed)

    def random(*size: int) -> torch.Tensor:
        return torch.randn(size, generator=draw)

    shared = {
        "W_enc": random(d_model, d_sae),
        "b_enc": 0.5 * random(d_sae),
        "W_dec": random(d_sae, d_model),
        "b_dec": random(d_model),
    }
    if kind == "standard":
        return StandardSAE(**shared)
    if kind == "topk":
        return TopKSAE(**shared, k=4)
    if kind == "jumprelu":
        return JumpReLUSAE(**shared, threshold=random(d_sae).abs())
    return GatedSAE(**shared, r_mag=0.5 * random(d_sae), b_mag=0.5 * random(d_sae))
