"""The toy model: features are mapped to few dimensions, and back by the transpose."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

from jaxtyping import Float
from torch import Tensor

from mechinterp.superposition.samplers import Features

Weights = Float[Tensor, "instance hidden feature"]
Biases = Float[Tensor, "instance feature"]
# One importance per feature, shared by all instances or separate for each.
Importance = Float[Tensor, "... feature"]


class Activation(Enum):
    """The activation function of a layer."""

    LINEAR = "linear"
    RELU = "relu"

    def __call__(self, z: Tensor) -> Tensor:
        """Return the activations."""
        return z.relu() if self is Activation.RELU else z

    def backward(self, gradient: Tensor, activations: Tensor) -> Tensor:
        """Return the gradient with respect to the pre-activations, given that with respect to the activations."""
        return gradient * (activations > 0) if self is Activation.RELU else gradient


@dataclass(frozen=True, eq=False)
class ToyModels:
    """Trained models, and the loss of each on inputs that it was not trained on."""

    W: Weights
    b: Biases
    loss: Float[Tensor, " instance"]


def encode(W: Weights, x: Features, neurons: Activation) -> Float[Tensor, "instance hidden batch"]:
    """Return h = W x; with ReLU neurons, h = ReLU(W x), which makes the neurons a privileged basis."""
    return neurons(W @ x)


def reconstruct(
    W: Weights,
    b: Biases,
    x: Features,
    *,
    neurons: Activation = Activation.LINEAR,
    outputs: Activation = Activation.RELU,
) -> Features:
    """Return x' = ReLU(Wᵀ h + b), or without the ReLU where `outputs` is linear."""
    return outputs(b[..., None].baddbmm(W.mT, encode(W, x, neurons)))


def weighted_loss(x: Features, x_hat: Features, importance: Importance) -> Float[Tensor, " instance"]:
    """Return L of each instance: the squared error, weighted by importance, summed over features."""
    return (importance[..., None] * (x - x_hat).square()).sum(-2).mean(-1)
