"""Toy models of superposition: a linear map to few dimensions, and back through its transpose and a ReLU.

Source: Elhage et al. 2022, *Toy Models of Superposition* (transformer-circuits.pub/2022/toy_model). With n
features x_i ∈ [0, 1], importances I_i and sparsity S (the probability that a feature is zero):

    h = W x,    x' = ReLU(Wᵀ h + b),    L = mean over inputs of Σ_i I_i (x_i − x'_i)²

Shapes: `instance` (models trained side by side in one batched tensor), `batch`, `feature` (n), `hidden` (m < n).
W is (instance, hidden, feature), so that column i of one model's W is the direction of feature i.

Departures from the paper: the loss sums over features where the paper's notebook averages (a constant factor),
and the learning rate starts higher and decays to zero, which needs fewer steps and smaller batches.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

Features = Float[Tensor, "instance batch feature"]
Sampler = Callable[[int, torch.Generator], Features]


@dataclass(frozen=True, eq=False)
class ToyModels:
    """Trained models, and the loss of each on inputs that it was not trained on."""

    W: Float[Tensor, "instance hidden feature"]
    b: Float[Tensor, "instance feature"]
    loss: Float[Tensor, " instance"]


def independent_features(sparsity: Float[Tensor, " instance"], n_features: int) -> Sampler:
    """Return a sampler of features that are zero with probability `sparsity`, else uniform on [0, 1]."""

    def sample(batch: int, generator: torch.Generator) -> Features:
        shape = (len(sparsity), batch, n_features)
        present = torch.rand(shape, generator=generator) >= sparsity[:, None, None]
        return torch.rand(shape, generator=generator) * present

    return sample


def correlated_pairs(sparsity: Float[Tensor, " instance"], n_pairs: int) -> Sampler:
    """Return a sampler in which the features 2k and 2k+1 are present together or absent together.

    Each pair is absent with probability `sparsity`; the values of present features are independent.
    """

    def sample(batch: int, generator: torch.Generator) -> Features:
        shape = (len(sparsity), batch, n_pairs)
        present = torch.rand(shape, generator=generator) >= sparsity[:, None, None]
        values = torch.rand((*shape[:2], 2 * n_pairs), generator=generator)
        return values * present.repeat_interleave(2, dim=-1)

    return sample


def anticorrelated_pairs(sparsity: Float[Tensor, " instance"], n_pairs: int) -> Sampler:
    """Return a sampler in which at most one of the features 2k and 2k+1 is present.

    A pair is absent with probability `sparsity`; otherwise either of its features is present, as likely. So
    that a single feature is absent as often as in the other samplers, give a pair sparsity of 1 − 2(1 − S).
    """

    def sample(batch: int, generator: torch.Generator) -> Features:
        shape = (len(sparsity), batch, n_pairs)
        present = torch.rand(shape, generator=generator) >= sparsity[:, None, None]
        first = torch.rand(shape, generator=generator) < 0.5
        chosen = torch.stack((present & first, present & ~first), dim=-1).flatten(-2)
        return torch.rand(chosen.shape, generator=generator) * chosen

    return sample


def reconstruct(
    W: Float[Tensor, "instance hidden feature"],
    b: Float[Tensor, "instance feature"],
    x: Features,
    activation: Callable[[Tensor], Tensor] = torch.relu,
) -> Features:
    """Return x' = ReLU(Wᵀ W x + b), or with another activation in place of the ReLU."""
    h = torch.einsum("ihf,ibf->ibh", W, x)
    return activation(torch.einsum("ihf,ibh->ibf", W, h) + b[:, None])


def weighted_loss(
    x: Features, x_hat: Features, importance: Float[Tensor, " feature"]
) -> Float[Tensor, " instance"]:
    """Return L of each instance: the squared error, weighted by importance, summed over features."""
    return (importance * (x - x_hat) ** 2).sum(-1).mean(-1)


def train(
    sample: Sampler,
    importance: Float[Tensor, " feature"],
    n_instances: int,
    hidden: int,
    *,
    steps: int = 1500,
    batch: int = 512,
    learning_rate: float = 1e-2,
    seed: int = 0,
    activation: Callable[[Tensor], Tensor] = torch.relu,
) -> ToyModels:
    """Train `n_instances` models side by side with Adam and a learning rate that decays to zero as a cosine.

    The instances share no parameters, so training them together is training each alone. Returns them with
    their losses on 100 fresh batches.
    """
    generator = torch.Generator().manual_seed(seed)
    n_features = len(importance)
    W = torch.randn(n_instances, hidden, n_features, generator=generator) / hidden**0.5
    b = torch.zeros(n_instances, n_features)
    parameters = [W.requires_grad_(), b.requires_grad_()]
    optimizer = torch.optim.Adam(parameters, lr=learning_rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    for _ in range(steps):
        x = sample(batch, generator)
        loss = weighted_loss(x, reconstruct(W, b, x, activation), importance).sum()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    with torch.no_grad():
        batches = [sample(batch, generator) for _ in range(100)]
        losses = torch.stack(
            [weighted_loss(x, reconstruct(W, b, x, activation), importance) for x in batches]
        )
    return ToyModels(W.detach(), b.detach(), losses.mean(0))


def best_of(models: ToyModels, n_restarts: int) -> ToyModels:
    """Keep the model of least loss of every `n_restarts` consecutive instances.

    Raises ValueError where the instances are not a multiple of `n_restarts`.
    """
    n_instances = len(models.loss)
    if n_instances % n_restarts:
        raise ValueError(f"expected a multiple of {n_restarts} instances, got {n_instances}")
    losses = models.loss.view(-1, n_restarts)
    best = losses.argmin(1) + torch.arange(len(losses)) * n_restarts
    return ToyModels(models.W[best], models.b[best], models.loss[best])


def feature_norms(W: Float[Tensor, "*instance hidden feature"]) -> Float[Tensor, "*instance feature"]:
    """Return ‖W_i‖: near 1 for a feature that is represented, near 0 for one that is not."""
    return W.norm(dim=-2)


def feature_dimensionality(
    W: Float[Tensor, "*instance hidden feature"],
) -> Float[Tensor, "*instance feature"]:
    """Return D_i = ‖W_i‖² / Σ_j (Ŵ_i · W_j)², the share of a dimension that feature i has.

    1 for a direction of its own, 1/2 in an antipodal pair, 2/5 in a pentagon; 0 for a feature of norm 0.
    Source: Elhage et al. 2022, «Feature dimensionality».
    """
    norms = feature_norms(W)
    unit = W / norms.clamp_min(1e-12)[..., None, :]
    overlap = torch.einsum("...hi,...hj->...ij", unit, W).square().sum(-1)
    return norms.square() / overlap.clamp_min(1e-12)


def cosines(W: Float[Tensor, "*instance hidden feature"]) -> Float[Tensor, "*instance feature feature2"]:
    """Return the cosine between the columns of each pair of features."""
    unit = W / feature_norms(W).clamp_min(1e-12)[..., None, :]
    return torch.einsum("...hi,...hj->...ij", unit, unit)


def turned_up(W: Float[Tensor, "*instance 2 feature"]) -> Float[Tensor, "*instance 2 feature"]:
    """Return W with the plane turned so that feature 0 points up.

    Only Wᵀ W enters the model, so models that differ by a rotation are the same model.
    """
    x, y = W[..., 0, 0], W[..., 1, 0]
    rotation = torch.stack((torch.stack((y, -x), -1), torch.stack((x, y), -1)), -2)
    return rotation @ W / torch.hypot(x, y).clamp_min(1e-12)[..., None, None]


def angles_between_neighbours(W: Float[Tensor, "2 feature"]) -> Float[Tensor, " feature"]:
    """Return the angles, in degrees, between columns of W that follow each other round the plane; sum 360."""
    angles = torch.rad2deg(torch.atan2(W[1], W[0])).sort().values
    return torch.diff(angles, append=angles[:1] + 360)
