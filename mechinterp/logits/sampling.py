"""Truncations of a next-token distribution before a token is sampled from it.

Each function takes probabilities over the vocabulary and returns truncated ones, renormalised to sum to one.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

Probabilities = Float[Tensor, "*batch d_vocab"]


def greedy(probabilities: Probabilities) -> Probabilities:
    """Keep the most probable token only."""
    return top_k(probabilities, 1)


def top_k(probabilities: Probabilities, k: int) -> Probabilities:
    """Keep the k most probable tokens. Source: Fan et al. 2018. Raises ValueError where k > d_vocab or k < 1."""
    if not 1 <= k <= probabilities.shape[-1]:
        raise ValueError(f"expected k from 1 to {probabilities.shape[-1]}, got {k}")
    best = probabilities.topk(k, dim=-1).indices
    return _keep(probabilities, torch.zeros_like(probabilities, dtype=torch.bool).scatter(-1, best, True))


def nucleus(probabilities: Probabilities, p: float) -> Probabilities:
    """Keep the fewest most probable tokens whose total probability is at least p. Source: Holtzman et al. 2020.

    Raises ValueError where p is not above 0 and at most 1.
    """
    if not 0 < p <= 1:
        raise ValueError(f"expected p above 0 and at most 1, got {p}")
    if p == 1:
        return probabilities  # rounding could drop the least likely
    ordered, order = probabilities.sort(dim=-1, descending=True)
    mass_before = ordered.cumsum(-1) - ordered
    kept = torch.zeros_like(probabilities, dtype=torch.bool).scatter(-1, order, mass_before < p)
    return _keep(probabilities, kept)


def _keep(probabilities: Probabilities, kept: Tensor) -> Probabilities:
    left = probabilities * kept
    return left / left.sum(-1, keepdim=True)
