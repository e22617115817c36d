"""The jump and the step of a JumpReLU, with pseudo-derivatives: straight-through estimators.

Source: Rajamanoharan et al. 2024b, equations 11 and 12: the Dirac delta in the derivatives is replaced by a rectangle
of width ε and area 1, so that a threshold gets a gradient from pre-activations near it.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor


def jump(
    z: Float[Tensor, "batch d_sae"], threshold: Float[Tensor, " d_sae"], bandwidth: float
) -> Float[Tensor, "batch d_sae"]:
    """Return z where z > θ, else 0."""
    return cast(Tensor, _JumpReLU.apply(z, threshold, bandwidth))


def step(
    z: Float[Tensor, "batch d_sae"], threshold: Float[Tensor, " d_sae"], bandwidth: float
) -> Float[Tensor, "batch d_sae"]:
    """Return 1 where z > θ, else 0."""
    return cast(Tensor, _Step.apply(z, threshold, bandwidth))


class _JumpReLU(torch.autograd.Function):
    """z where z > θ, else 0; its derivative in θ is −θ/ε where |z − θ| < ε/2 (equation 11)."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
        above = _above(z, threshold)
        ctx.save_for_backward(z, threshold, above)
        ctx.bandwidth = bandwidth
        return z * above

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        z, threshold, above = ctx.saved_tensors
        (grad,) = grads
        near = _near(z, threshold, ctx.bandwidth).mul_(grad).sum(0)
        return grad * above, -threshold / ctx.bandwidth * near, None


class _Step(torch.autograd.Function):
    """1 where z > θ, else 0; its derivative in θ is −1/ε where |z − θ| < ε/2, and 0 in z (equation 12)."""

    @staticmethod
    def forward(ctx: Any, z: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
        ctx.save_for_backward(z, threshold)
        ctx.bandwidth = bandwidth
        return _above(z, threshold)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[None, Tensor, None]:
        z, threshold = ctx.saved_tensors
        (grad,) = grads
        return None, -_near(z, threshold, ctx.bandwidth).mul_(grad).sum(0) / ctx.bandwidth, None


# Comparisons are written directly as numbers: Booleans would have to be converted before they are multiplied.


def _above(z: Tensor, threshold: Tensor) -> Tensor:
    """Return 1 where z > θ, else 0."""
    return torch.gt(z, threshold, out=torch.empty_like(z))


def _near(z: Tensor, threshold: Tensor, bandwidth: float) -> Tensor:
    """Return 1 where |z − θ| < ε/2, else 0."""
    distance = (z - threshold).abs_()
    return torch.lt(distance, bandwidth / 2, out=distance)
