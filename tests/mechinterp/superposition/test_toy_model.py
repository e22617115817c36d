import pytest
import torch
from jaxtyping import TypeCheckError

from mechinterp.superposition.model import Activation, reconstruct, weighted_loss

W = torch.tensor([[[1.0, 0.0, -1.0]]])  # one hidden unit, three features, the third against the first
B = torch.tensor([[0.0, 0.5, 0.0]])
X = torch.tensor([[[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]])  # two inputs, as columns


def test_reconstruction_and_loss_by_hand() -> None:
    x_hat = reconstruct(W, B, X)
    # h = 1 and −1; Wᵀh + b = (1, ½, −1) and (−1, ½, 1); the ReLU drops the negatives.
    torch.testing.assert_close(x_hat, torch.tensor([[[1.0, 0.0], [0.5, 0.5], [0.0, 1.0]]]))
    importance = torch.tensor([1.0, 2.0, 3.0])
    torch.testing.assert_close(weighted_loss(X, x_hat, importance), torch.tensor([2 * (0.25 + 0.25) / 2]))
    torch.testing.assert_close(weighted_loss(X, x_hat, importance[None] * 2), torch.tensor([1.0]))


def test_relu_neurons_cannot_go_below_zero() -> None:
    x_hat = reconstruct(W, B, X, neurons=Activation.RELU)  # h = 1 and 0
    torch.testing.assert_close(x_hat, torch.tensor([[[1.0, 0.0], [0.5, 0.5], [0.0, 0.0]]]))


def test_linear_outputs_can() -> None:
    x_hat = reconstruct(W, B, X, outputs=Activation.LINEAR)
    torch.testing.assert_close(x_hat, torch.tensor([[[1.0, -1.0], [0.5, 0.5], [-1.0, 1.0]]]))


def test_a_wrong_shape_is_refused() -> None:
    with pytest.raises(TypeCheckError, match="reconstruct"):
        reconstruct(torch.zeros(1, 2, 5), torch.zeros(1, 4), torch.zeros(1, 5, 3))
