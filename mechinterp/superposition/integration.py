"""The expected loss of a toy model with few features, by quadrature: without sampling noise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.superposition.model import Biases, Importance, ToyModels, Weights, reconstruct
from mechinterp.superposition.samplers import checked

MOST_POINTS = 2_000_000


def expected_loss(
    W: Weights, b: Biases, importance: Importance, sparsity: Float[Tensor, " instance"], nodes: int = 24
) -> Float[Tensor, " instance"]:
    """Return the loss of each instance (linear neurons, ReLU outputs) on independent features of its sparsity.

    A feature is zero with probability S, else one of the Gauss-Legendre nodes of [0, 1]; the sum runs over all
    combinations. The ReLU's kinks leave a relative error of about 1/nodes². Raises ValueError where the
    combinations, (nodes + 1) ** n_features, are too many, or a sparsity is not a probability.
    """
    n_features = W.shape[-1]
    if (nodes + 1) ** n_features > MOST_POINTS:
        raise ValueError(f"expected at most {MOST_POINTS} points, got {nodes + 1} to the {n_features}")
    abscissae, weights = (torch.tensor(v, dtype=W.dtype) for v in np.polynomial.legendre.leggauss(nodes))
    values = torch.cat((torch.zeros(1, dtype=W.dtype), (abscissae + 1) / 2))
    x = torch.stack(torch.meshgrid(*[values] * n_features, indexing="ij")).flatten(1)
    losses = []
    for i, absent in enumerate(checked(sparsity)):
        one = torch.cat((absent[None], (1 - absent) * weights / 2)).to(W.dtype)
        probability = torch.stack(torch.meshgrid(*[one] * n_features, indexing="ij")).flatten(1).prod(0)
        x_hat = reconstruct(W[i : i + 1], b[i : i + 1], x[None])
        mine = importance if importance.ndim == 1 else importance[i]
        error = (mine[:, None] * (x - x_hat[0]).square()).sum(0)
        losses.append(error @ probability)
    return torch.stack(losses)


def judged(
    models: ToyModels, importance: Importance, sparsity: Float[Tensor, " instance"], nodes: int = 24
) -> ToyModels:
    """Return the models with their expected losses in place of sampled ones.

    Restarts on sparse inputs differ by less than the noise of a sample of affordable size.
    """
    return replace(models, loss=expected_loss(models.W, models.b, importance, sparsity, nodes))
