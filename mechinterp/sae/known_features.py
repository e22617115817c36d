"""Vectors whose true features are known: sparse sums of random directions, more directions than dimensions.

An SAE is meant to recover these directions, so what it finds can be compared with the truth. Source: Sharkey
et al. 2022, *Taking features out of superposition with sparse autoencoders*; the features are those of Elhage et al.
2022, section 2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.sae.activations import Batch, generator_at


@dataclass(frozen=True, eq=False)
class KnownFeatures:
    """A source of vectors x = a V: each feature a_i is absent with probability `sparsity`, else uniform on (0, 1].

    `directions`, V, has a row of length 1 for each feature. It is a `Source`: a step always has the same batch.
    """

    directions: Float[Tensor, "feature d_model"]
    sparsity: float
    size: int = 1024
    seed: int = 0

    def batch(self, step: int) -> Batch:
        """Return `size` vectors."""
        return self.batch_with_truth(step)[0]

    def batch_with_truth(self, step: int) -> tuple[Batch, Float[Tensor, "batch feature"]]:
        """Return `size` vectors, and the value of each feature in them."""
        draw = generator_at(self.seed, step)
        shape = self.size, len(self.directions)
        present = torch.rand(shape, generator=draw) >= self.sparsity
        values = (1 - torch.rand(shape, generator=draw)) * present
        return values @ self.directions, values


def known_features(
    n_features: int, d_model: int, sparsity: float, size: int = 1024, seed: int = 0
) -> KnownFeatures:
    """Return a source of features whose directions are drawn uniformly from the sphere.

    Raises ValueError unless there are more features than dimensions and 0 ≤ sparsity < 1.
    """
    if n_features <= d_model:
        raise ValueError(f"expected more features than the {d_model} dimensions, got {n_features}")
    if not 0 <= sparsity < 1:
        raise ValueError(f"expected a sparsity of at least 0 and below 1, got {sparsity}")
    # Not the seed itself: an SAE of the same seed and size would be initialised with these very directions.
    draw = torch.Generator().manual_seed(2**31 + seed)
    directions = torch.randn(n_features, d_model, generator=draw)
    return KnownFeatures(directions / directions.norm(dim=-1, keepdim=True), sparsity, size, seed)
