"""Training many toy models side by side.

Departures from the paper's notebook: the loss sums over features where the notebook averages (a constant factor);
the learning rate starts higher and decays to zero, which takes fewer steps and smaller batches; no weight decay.
"""

from __future__ import annotations

import math

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.superposition.model import (
    Activation,
    Biases,
    Importance,
    ToyModels,
    Weights,
    encode,
    reconstruct,
    weighted_loss,
)
from mechinterp.superposition.samplers import Features, Sampler, Sparsity, independent_features

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8  # of Adam


def train(
    sample: Sampler,
    importance: Importance,
    n_instances: int,
    hidden: int,
    *,
    neurons: Activation = Activation.LINEAR,
    outputs: Activation = Activation.RELU,
    steps: int = 1000,
    batch: int = 256,
    learning_rate: float = 2e-2,
    held_out: int = 200,
    seed: int = 0,
) -> ToyModels:
    """Train `n_instances` models side by side with Adam and a learning rate with cosine decay to zero.

    The instances share no parameters, so training them together is equivalent to training each alone. `importance` is
    (feature) or (instance, feature). Returns the models with their losses on `held_out` fresh batches. Raises
    ValueError where an importance is negative or not a number, `hidden` not from 1 to the number of features, or the
    samples are not of `n_instances` and as many features as importances.
    """
    n_features = importance.shape[-1]
    _check(importance, n_instances, hidden)
    if min(steps, batch, held_out) < 1:
        raise ValueError(
            f"expected steps, batch and held_out of at least 1, got {steps}, {batch}, {held_out}"
        )
    generator = torch.Generator().manual_seed(seed)
    parameters = torch.zeros(n_instances, hidden + 1, n_features)  # W, and b as one more row
    W, b = parameters[:, :-1], parameters[:, -1]
    start = torch.randn(W.shape, generator=generator)
    W.copy_(start * math.sqrt(2 / (n_features + hidden)))  # Glorot and Bengio 2010
    adam = _Adam(parameters)
    for step in range(steps):
        x = sample(batch, generator)
        if x.shape != (n_instances, n_features, batch):
            expected = (n_instances, n_features, batch)
            raise ValueError(f"expected samples of shape {expected}, got {tuple(x.shape)}")
        slope = gradient(W, b, x, importance, neurons=neurons, outputs=outputs)
        adam.descend(slope, learning_rate * (1 + math.cos(math.pi * step / steps)) / 2)
    loss = torch.zeros(n_instances)
    for _ in range(held_out):
        x = sample(batch, generator)
        x_hat = reconstruct(W, b, x, neurons=neurons, outputs=outputs)
        loss += weighted_loss(x, x_hat, importance) / held_out
    return ToyModels(W.clone(), b.clone(), loss)


def train_on_independent(
    sparsity: Sparsity,
    importance: Importance,
    hidden: int,
    *,
    neurons: Activation = Activation.LINEAR,
    outputs: Activation = Activation.RELU,
    seed: int = 0,
) -> ToyModels:
    """Train one model for each sparsity, on features that come independently of each other; see train.

    Raises ValueError where a sparsity is not a probability.
    """
    sampler = independent_features(sparsity, importance.shape[-1])
    return train(sampler, importance, len(sparsity), hidden, neurons=neurons, outputs=outputs, seed=seed)


def gradient(
    W: Weights,
    b: Biases,
    x: Features,
    importance: Importance,
    *,
    neurons: Activation = Activation.LINEAR,
    outputs: Activation = Activation.RELU,
) -> Float[Tensor, "instance hidden_and_bias feature"]:
    """Return the gradient of the loss with respect to W and, as one more row, b.

    Written out by hand: on matrices this small, automatic differentiation spends most of its time on bookkeeping.
    """
    h = encode(W, x, neurons)
    x_hat = outputs(b[..., None].baddbmm(W.mT, h))
    by_output = outputs.backward((x_hat - x).mul_(2 / x.shape[-1] * importance[..., None]), x_hat)
    by_hidden = neurons.backward(W @ by_output, h)
    by_W = (h @ by_output.mT).baddbmm_(by_hidden, x.mT)  # W appears twice, in Wᵀ h and in h = W x
    return torch.cat((by_W, by_output.sum(-1)[:, None]), dim=1)


class _Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) on one tensor."""

    def __init__(self, parameters: Tensor) -> None:
        self.parameters = parameters
        self.mean, self.square = torch.zeros_like(parameters), torch.zeros_like(parameters)
        self.step = 0

    def descend(self, slope: Tensor, learning_rate: float) -> None:
        self.step += 1
        self.mean.lerp_(slope, 1 - BETA1)
        self.square.mul_(BETA2).addcmul_(slope, slope, value=1 - BETA2)
        scale = (self.square / (1 - BETA2**self.step)).sqrt_().add_(EPSILON)
        self.parameters.addcdiv_(self.mean, scale, value=-learning_rate / (1 - BETA1**self.step))


def best_of(models: ToyModels, n_restarts: int) -> ToyModels:
    """Keep the model with the least loss of every `n_restarts` consecutive instances.

    Raises ValueError where the number of instances is not a multiple of `n_restarts`.
    """
    n_instances = len(models.loss)
    if n_restarts < 1 or n_instances % n_restarts:
        raise ValueError(f"expected a multiple of {n_restarts} instances, got {n_instances}")
    losses = models.loss.view(-1, n_restarts)
    best = losses.argmin(1) + torch.arange(len(losses)) * n_restarts
    return ToyModels(models.W[best], models.b[best], models.loss[best])


def _check(importance: Importance, n_instances: int, hidden: int) -> None:
    n_features = importance.shape[-1]
    if importance.shape not in ((n_features,), (n_instances, n_features)):
        expected = f"({n_features},) or ({n_instances}, {n_features})"
        raise ValueError(f"expected importances of shape {expected}, got {tuple(importance.shape)}")
    if not (importance.isfinite() & (importance >= 0)).all():
        raise ValueError(f"expected importances of at least 0, got {importance.tolist()}")
    if not 1 <= hidden <= n_features:
        raise ValueError(f"expected from 1 to {n_features} hidden dimensions, got {hidden}")
