"""What single neurons respond to.

A neuron's response to a feature is its activation when this feature alone is present, with value 1. A neuron is
*monosemantic* if it responds to one feature, *polysemantic* if it responds to several; how many is measured by
the participation ratio of its squared responses: 1 for one feature, k for k to which it responds equally. Features are
in *superposition* if more of them are represented than there are neurons. If every neuron is monosemantic there are
at most as many represented features as neurons; superposition thus implies polysemanticity. The reverse does not
hold: a linear hidden layer has no privileged basis, so its neurons mix features that are represented orthogonally.

Source: Elhage et al. 2022, «Superposition in a privileged basis».
"""

from __future__ import annotations

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.superposition.geometry import represented
from mechinterp.superposition.model import Activation

Responses = Float[Tensor, "*instance hidden feature"]


def responses(W: Float[Tensor, "*instance hidden feature"], neurons: Activation) -> Responses:
    """Return each neuron's activation on each feature alone, with value 1."""
    return neurons(W)


def features_per_neuron(found: Responses) -> Float[Tensor, "*instance hidden"]:
    """Return how many features each neuron responds to: (Σ r²)² / Σ r⁴; 0 for a neuron that never responds."""
    squared = found.square()
    return squared.sum(-1).square() / squared.square().sum(-1).clamp_min(torch.finfo(found.dtype).tiny)


def represented_features(found: Responses) -> Int[Tensor, "*instance"]:
    """Return how many features the neurons respond to strongly enough, all together, to represent them."""
    return represented(found).sum(-1)


def in_order(found: Float[Tensor, "hidden feature"]) -> Float[Tensor, "hidden feature"]:
    """Return the responses with the neurons in the order of the features that they respond to most."""
    return found[found.argmax(-1).argsort()]


def turned_to_neurons(W: Float[Tensor, "feature feature"]) -> Float[Tensor, "feature feature"]:
    """Return W with its hidden space rotated so that each feature is as close as possible to a neuron of its own.

    The orthogonal factor of W is removed (polar decomposition). With linear neurons only Wᵀ W enters the model, which
    stays the same.
    """
    _, sizes, V = torch.linalg.svd(W)
    return V.mT @ (sizes[:, None] * V)
