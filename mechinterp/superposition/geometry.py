"""The geometry of features in the hidden space; up to rotations, it depends on W only through Wᵀ W."""

from __future__ import annotations

import math

import torch
from jaxtyping import Bool, Float
from torch import Tensor

REPRESENTED = 0.5  # least norm of a column for its feature to count as represented


def feature_norms(W: Float[Tensor, "*instance hidden feature"]) -> Float[Tensor, "*instance feature"]:
    """Return ‖W_i‖: near 1 for a feature that is represented, near 0 for one that is not."""
    return W.norm(dim=-2)


def represented(W: Float[Tensor, "*instance hidden feature"]) -> Bool[Tensor, "*instance feature"]:
    """Return which features have a column of norm over one half."""
    return feature_norms(W) > REPRESENTED


def feature_dimensionality(
    W: Float[Tensor, "*instance hidden feature"],
) -> Float[Tensor, "*instance feature"]:
    """Return D_i = ‖W_i‖² / Σ_j (Ŵ_i · W_j)², the share of a dimension that feature i occupies.

    1 for a direction of its own, 1/2 in an antipodal pair, 2/5 in a pentagon; 0 for a feature of norm 0.
    Source: Elhage et al. 2022, «Feature dimensionality».
    """
    norms = feature_norms(W)
    unit = W / norms.clamp_min(1e-12)[..., None, :]
    overlap = torch.einsum("...hi,...hj->...ij", unit, W).square().sum(-1)
    return norms.square() / overlap.clamp_min(1e-12)


def shares_of_dimensions(W: Float[Tensor, "hidden feature"]) -> Float[Tensor, " represented"]:
    """Return D_i of the features that are represented."""
    return feature_dimensionality(W)[represented(W)]


def antipodal(dimensionality: Float[Tensor, "*shape"], tolerance: float = 0.02) -> Bool[Tensor, "*shape"]:
    """Return which features share their dimension with one other: D_i of one half, give or take the tolerance."""
    return (dimensionality - 1 / 2).abs() < tolerance


def dimensions_per_feature(W: Float[Tensor, "*instance hidden feature"]) -> Float[Tensor, "*instance"]:
    """Return m / ‖W‖_F², the share of a dimension that features of norm 1 have on average.

    1 where each has a direction of its own, less in superposition. Source: Elhage et al. 2022, «The geometry of
    superposition», whose D* it is.
    """
    return W.shape[-2] / W.square().sum((-2, -1))


def cosines(W: Float[Tensor, "*instance hidden feature"]) -> Float[Tensor, "*instance feature feature2"]:
    """Return the cosine between the columns of each pair of features."""
    unit = W / feature_norms(W).clamp_min(1e-12)[..., None, :]
    return torch.einsum("...hi,...hj->...ij", unit, unit)


def turned_up(W: Float[Tensor, "*instance 2 feature"]) -> Float[Tensor, "*instance 2 feature"]:
    """Return W with the plane rotated so that feature 0 points up.

    Only Wᵀ W enters the model, so models that differ by a rotation are the same model.
    """
    x, y = W[..., 0, 0], W[..., 1, 0]
    rotation = torch.stack((torch.stack((y, -x), -1), torch.stack((x, y), -1)), -2)
    return rotation @ W / torch.hypot(x, y).clamp_min(1e-12)[..., None, None]


def angles_between_neighbours(W: Float[Tensor, "2 feature"]) -> Float[Tensor, " feature"]:
    """Return the angles, in degrees, between neighbouring columns of W around the plane; they sum to 360."""
    angles = torch.rad2deg(torch.atan2(W[1], W[0])).sort().values
    return torch.diff(angles, append=angles[:1] + 360)


def regular_polygon(n_features: int) -> Float[Tensor, "2 feature"]:
    """Return unit columns at equal angles around the plane."""
    angles = torch.arange(n_features) * (2 * math.pi / n_features)
    return torch.stack((angles.cos(), angles.sin()))
