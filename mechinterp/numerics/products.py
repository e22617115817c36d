"""Products of activations with weights, computed by the faster of two libraries, and their gradients.

In single precision on a CPU they are oneDNN's, which on processors other than Intel's can be twice as fast as the MKL
behind `@`.
"""

from __future__ import annotations

from typing import Any, cast

import torch
from jaxtyping import Float
from torch import Tensor
from torch.autograd.function import once_differentiable
from torch.nn import functional


def linear(
    x: Float[Tensor, "*batch d_in"],
    W: Float[Tensor, "d_in d_out"],
    b: Float[Tensor, " d_out"] | None = None,
) -> Float[Tensor, "*batch d_out"]:
    """Return x W + b, by oneDNN where it supports x; fastest where each column of W is contiguous. No gradients."""
    if x.dtype != torch.float32 or x.device.type != "cpu" or not torch.backends.mkldnn.is_available():
        return functional.linear(x, W.T, b)
    # What torch's compiler calls. `functional.linear` takes oneDNN for tensors in oneDNN's own layout alone: to copy
    # x into it, and the result back, takes half as long as the product.
    return torch.ops.mkldnn._linear_pointwise(x, W.T, b, "none", [], "")


def decode(
    f: Float[Tensor, "*batch d_sae"], W: Float[Tensor, "d_sae d_model"], b: Float[Tensor, " d_model"]
) -> Float[Tensor, "*batch d_model"]:
    """Return f W + b, as an SAE's decoder does; unlike `linear` it has first-order gradients."""
    return cast(Tensor, _Decode.apply(f.reshape(-1, f.shape[-1]), W, b)).view(*f.shape[:-1], -1)


def encode(
    x: Float[Tensor, "*batch d_model"],
    origin: Float[Tensor, " d_model"],
    W: Float[Tensor, "d_model d_sae"],
    b: Float[Tensor, " d_sae"],
) -> Float[Tensor, "*batch d_sae"]:
    """Return (x − origin) W + b, as an SAE's encoder does; it has first-order gradients.

    The origin's gradient needs no product over the batch: it is −W ∂b, because moving the origin moves b.
    """
    return cast(Tensor, _Encode.apply(x.reshape(-1, x.shape[-1]), origin, W, b)).view(*x.shape[:-1], -1)


class _Decode(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, f: Tensor, W: Tensor, b: Tensor) -> Tensor:
        ctx.save_for_backward(f, W)
        return linear(f, W, b)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, *grads: Tensor
    ) -> tuple[Tensor | None, Tensor | None, Tensor]:
        f, W = ctx.saved_tensors
        (grad,) = grads
        grad_f = linear(grad, W.T) if ctx.needs_input_grad[0] else None
        grad_W = linear(f.T, grad) if ctx.needs_input_grad[1] else None
        return grad_f, grad_W, grad.sum(0)


class _Encode(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, x: Tensor, origin: Tensor, W: Tensor, b: Tensor) -> Tensor:
        centred = x - origin
        ctx.save_for_backward(centred, W)
        return linear(centred, W, b)

    @staticmethod
    @once_differentiable
    def backward(  # type: ignore[override]
        ctx: Any, *grads: Tensor
    ) -> tuple[Tensor | None, Tensor, Tensor | None, Tensor]:
        centred, W = ctx.saved_tensors
        (grad,) = grads
        grad_x = linear(grad, W.T) if ctx.needs_input_grad[0] else None
        grad_W = linear(centred.T, grad) if ctx.needs_input_grad[2] else None
        grad_b = grad.sum(0)
        return grad_x, -(W @ grad_b), grad_W, grad_b
