"""Products with weights: the same numbers and gradients as torch's own."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from mechinterp.numerics.products import decode, encode, linear


def tensors(dtype: torch.dtype, *shapes: tuple[int, ...]) -> list[Tensor]:
    draw = torch.Generator().manual_seed(0)
    return [torch.randn(shape, generator=draw).to(dtype).requires_grad_() for shape in shapes]


def assert_alike(found: Tensor, expected: Tensor, leaves: list[Tensor]) -> None:
    """Compare values, and gradients of a sum with weights of its own for each number."""
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-4)
    weights = torch.linspace(-1, 2, found.numel(), dtype=found.dtype).view_as(found)
    for one, other in zip(
        torch.autograd.grad((found * weights).sum(), leaves),
        torch.autograd.grad((expected * weights).sum(), leaves),
        strict=True,
    ):
        torch.testing.assert_close(one, other, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (7,), (2, 3)])
def test_what_is_read_and_its_gradients_are_torch_s(dtype: torch.dtype, batch: tuple[int, ...]) -> None:
    x, origin, W, b = leaves = tensors(dtype, (*batch, 5), (5,), (5, 11), (11,))
    assert_alike(encode(x, origin, W, b), (x - origin) @ W + b, leaves)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
@pytest.mark.parametrize("batch", [(), (7,), (2, 3)])
def test_what_is_written_and_its_gradients_are_torch_s(dtype: torch.dtype, batch: tuple[int, ...]) -> None:
    f, W, b = leaves = tensors(dtype, (*batch, 11), (11, 5), (5,))
    assert_alike(decode(f, W, b), f @ W + b, leaves)


def test_weights_may_lie_in_memory_either_way() -> None:
    x, W = tensors(torch.float32, (4, 5), (11, 5))
    torch.testing.assert_close(linear(x.detach(), W.detach().T), (x @ W.T).detach())
    torch.testing.assert_close(linear(W.detach(), x.detach().T), (W @ x.T).detach())


def test_what_needs_no_gradient_takes_no_product(monkeypatch: pytest.MonkeyPatch) -> None:
    x, origin, W, b = tensors(torch.float32, (4, 5), (5,), (5, 11), (11,))
    f, W_dec = tensors(torch.float32, (4, 11), (11, 5))
    calls: list[int] = []
    monkeypatch.setattr("mechinterp.numerics.products.linear", lambda *a: calls.append(1) or linear(*a))
    encode(x.detach(), origin, W, b).sum().backward()
    assert len(calls) == 2  # the product itself, and what W_enc gets
    assert x.grad is None
    decode(f, W_dec.detach(), origin.detach()).sum().backward()
    assert len(calls) == 4
    assert W_dec.grad is None


def test_a_second_derivative_is_refused() -> None:
    f, W, b = tensors(torch.float32, (4, 11), (11, 5), (5,))
    (grad,) = torch.autograd.grad(decode(f, W, b).square().sum(), f, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        grad.sum().backward()
