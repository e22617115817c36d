"""Products of vectors with weights, by the quicker of two libraries, and their gradients.

In single precision on a processor they are oneDNN's: on processors that are not Intel's it may be twice as fast as the
MKL behind `@`.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def affine(
    x: Float[Tensor, "*batch read"],
    W: Float[Tensor, "read written"],
    b: Float[Tensor, " written"] | None = None,
) -> Float[Tensor, "*batch written"]:
    """Return x W + b, by oneDNN where it has the type; quickest where W is laid out. It has no gradients."""
    if x.dtype != torch.float32 or x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return functional.linear(x, W.T, b)
    return functional.linear(x.to_mkldnn(), W.T, b).to_dense()


def write(
    f: Float[Tensor, "*batch d_sae"], W: Float[Tensor, "d_sae d_model"], b: Float[Tensor, " d_model"]
) -> Float[Tensor, "*batch d_model"]:
    """Return f W + b; unlike affine it has gradients, of first order."""
    return cast(Tensor, _Write.apply(f.reshape(-1, f.shape[-1]), W, b)).view(*f.shape[:-1], -1)


def read(
    x: Float[Tensor, "*batch d_model"],
    origin: Float[Tensor, " d_model"],
    W: Float[Tensor, "d_model d_sae"],
    b: Float[Tensor, " d_sae"],
) -> Float[Tensor, "*batch d_sae"]:
    """Return (x − origin) W + b; it has gradients, of first order.

    That of the origin takes no product with a batch: it is −W ∂b, as moving the origin moves b.
    """
    return cast(Tensor, _Read.apply(x.reshape(-1, x.shape[-1]), origin, W, b)).view(*x.shape[:-1], -1)


class _Write(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, f: Tensor, W: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(f, W)
        return affine(f, W, b)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, *grads: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor]:
        f, W = ctx.saved_tensors
        (grad,) = grads
        of_f = affine(grad, W.T) if ctx.needs_input_grad[0] else None
        of_W = affine(f.T, grad) if ctx.needs_input_grad[1] else None
        return of_f, of_W, grad.sum(0)


class _Read(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, origin: Tensor, W: Tensor, b: Tensor) -> Tensor:
        centred = x - origin
        ctx.save_for_backward(centred, W)
        return affine(centred, W, b)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, *grads: Tensor
    ) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor]:
        centred, W = ctx.saved_tensors
        (grad,) = grads
        of_x = affine(grad, W.T) if ctx.needs_input_grad[0] else None
        of_W = affine(centred.T, grad) if ctx.needs_input_grad[2] else None
        of_b = grad.sum(0)
        return of_x, -(W @ of_b), of_W, of_b
