"""Sparse features: independent ones, and pairs that come together or exclude each other."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "instance feature batch"]
Sampler = Callable[[int, torch.Generator], Features]
Sparsity = Float[Tensor, " instance"]


def independent_features(sparsity: Sparsity, n_features: int) -> Sampler:
    """Return a sampler of features that are zero with probability `sparsity`, else uniform on [0, 1].

    Raises ValueError where a sparsity is not a probability.
    """
    absent = checked(sparsity)[:, None, None]
    # What exceeds S of a uniform number is uniform again: one draw gives both presence and value.
    stretch = 1 / (1 - absent).clamp_min(torch.finfo(absent.dtype).tiny)

    def sample(batch: int, generator: torch.Generator) -> Features:
        drawn = torch.rand(len(absent), n_features, batch, generator=generator)
        return drawn.sub_(absent).relu_().mul_(stretch)

    return sample


def correlated_pairs(sparsity: Sparsity, n_pairs: int) -> Sampler:
    """Return a sampler in which the features 2k and 2k+1 are present together or absent together.

    Each pair is absent with probability `sparsity`; the values of present features are independent. Raises
    ValueError where a sparsity is not a probability.
    """
    absent = checked(sparsity)[:, None, None]

    def sample(batch: int, generator: torch.Generator) -> Features:
        present = torch.rand(len(absent), n_pairs, batch, generator=generator) >= absent
        values = torch.rand(len(absent), 2 * n_pairs, batch, generator=generator)
        return values.mul_(present.repeat_interleave(2, dim=1))

    return sample


def anticorrelated_pairs(sparsity: Sparsity, n_pairs: int) -> Sampler:
    """Return a sampler in which at most one of the features 2k and 2k+1 is present.

    A pair is absent with probability `sparsity`; otherwise each of its features is equally likely to be present. For
    single features to be absent as often as in the other samplers, use a pair sparsity of 1 − 2(1 − S).
    Raises ValueError where a sparsity is not a probability.
    """
    absent = checked(sparsity)[:, None, None]

    def sample(batch: int, generator: torch.Generator) -> Features:
        drawn = torch.rand(len(absent), n_pairs, batch, generator=generator)
        second = drawn >= (1 + absent) / 2
        chosen = torch.stack(((drawn >= absent) & ~second, second), dim=2).flatten(1, 2)
        return torch.rand(chosen.shape, generator=generator).mul_(chosen)

    return sample


def checked(sparsity: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the sparsities unchanged; raise ValueError where one is not a probability."""
    if not ((sparsity >= 0) & (sparsity <= 1)).all():
        raise ValueError(f"expected sparsities between 0 and 1, got {sparsity.tolist()}")
    return sparsity
