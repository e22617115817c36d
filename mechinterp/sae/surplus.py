"""Whether the features that an SAE has beyond the number of true directions are copies of the others."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor
from torch.nn import functional

from mechinterp.sae.metrics import Directions, matching


def surplus_cosines(W_dec: Float[Tensor, "d_sae d_model"], true: Directions) -> Float[Tensor, " surplus"]:
    """Return the greatest cosine with any true direction of each feature that the best matching leaves over.

    Where it is near 1, the feature repeats a direction that another one has been matched with; max cosine similarity is
    that of Sharkey et al. 2022, here of features, not of true directions. Raises ValueError where the widths differ.
    """
    left = torch.ones(len(W_dec), dtype=torch.bool)
    left[matching(W_dec, true).feature] = False
    found = functional.normalize(W_dec.detach().cpu()[left].double(), dim=-1)
    return (found @ functional.normalize(true.cpu().double(), dim=-1).T).amax(-1)


def chance_surplus(true: Directions, d_sae: int, n: int, seed: int) -> Float[Tensor, " n"]:
    """Return the mean of surplus_cosines for each of n sets of directions drawn at random."""
    draw = torch.Generator().manual_seed(seed)
    sets = [torch.randn(d_sae, true.shape[1], generator=draw) for _ in range(n)]
    return torch.stack([surplus_cosines(directions, true).mean() for directions in sets])
