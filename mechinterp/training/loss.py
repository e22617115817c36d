"""The loss of predicting the next token, without all logits at once."""

from __future__ import annotations

from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

ROWS = 512  # positions whose logits are in memory together: they fit into a processor's cache


class _NextToken(torch.autograd.Function):
    """Cross-entropy of x @ W_U, whose gradients are computed with it, a few rows at a time.

    All logits of a batch are some fifty megabytes, written and read again by each of several operations; this takes
    half the time. Source of the idea: Hsu et al. 2024 (Liger Kernel), section 3.2.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, W_U: Tensor, targets: Tensor) -> Tensor:
        total, grad_x, grad_W_U = x.new_zeros(()), torch.empty_like(x), torch.zeros_like(W_U)
        for start in range(0, len(x), ROWS):
            rows, wanted = x[start : start + ROWS], targets[start : start + ROWS]
            log_probs = (rows @ W_U).log_softmax(-1)
            each = torch.arange(len(rows), device=x.device)
            total -= log_probs[each, wanted].sum()
            slope = log_probs.exp_()
            slope[each, wanted] -= 1
            grad_x[start : start + ROWS] = slope @ W_U.T
            grad_W_U.addmm_(rows.T, slope)
        ctx.save_for_backward(grad_x / len(x), grad_W_U / len(x))
        return total / len(x)

    @staticmethod
    def backward(ctx: Any, *grads: Tensor) -> tuple[Tensor, Tensor, None]:
        grad_x, grad_W_U = ctx.saved_tensors
        return grads[0] * grad_x, grads[0] * grad_W_U, None


def next_token_loss(
    x: Float[Tensor, "batch pos d_model"],
    W_U: Float[Tensor, "d_model d_vocab"],
    tokens: Int[Tensor, "batch pos"],
) -> Float[Tensor, ""]:
    """Return the mean loss of predicting each token from those before it, in nats, given what the unembedding reads."""
    before, following = x[:, :-1].flatten(0, 1), tokens[:, 1:].flatten()
    return _NextToken.apply(before, W_U, following)
