"""The loss of known arrangements of features, in closed form.

With p = 1 − S the probability that a feature is present, and present features uniform on [0, 1]:

- a feature that is not represented, predicted by its mean p/2, costs I times its variance, p/3 − p²/4;
- a feature alone in its dimension costs nothing;
- an antipodal pair (W = [1, −1], b = 0) errs only when both are present, each by the lesser of the two values,
  whose mean square is 1/6: the pair costs (I_a + I_b) p²/6.

Scale and bias of the pairs are not tuned, so training can end a little lower.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.superposition.samplers import checked


@dataclass(frozen=True)
class Arrangement:
    """How dimensions are allocated: to one feature each, or to two antipodal ones."""

    n_alone: int
    n_pairs: int


def absent_loss(sparsity: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the loss of a feature of importance 1 that is predicted by its mean: its variance."""
    present = 1 - checked(sparsity)
    return present / 3 - present.square() / 4


def antipodal_loss(sparsity: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the loss of each of two antipodal features of importance 1."""
    return (1 - checked(sparsity)).square() / 6


def arrangement_loss(
    arrangement: Arrangement, importance: Float[Tensor, " feature"], sparsity: float
) -> float:
    """Return the loss of an arrangement whose most important features are alone, and the next ones in pairs.

    Raises ValueError where it holds more features than there are, or the sparsity is not a probability.
    """
    held = arrangement.n_alone + 2 * arrangement.n_pairs
    if held > len(importance):
        raise ValueError(f"expected an arrangement of at most {len(importance)} features, got {held}")
    ranked = importance.sort(descending=True).values
    paired, left = ranked[arrangement.n_alone : held].sum(), ranked[held:].sum()
    at = torch.tensor(sparsity)
    return (paired * antipodal_loss(at) + left * absent_loss(at)).item()


def best_arrangement(importance: Float[Tensor, " feature"], hidden: int, sparsity: float) -> Arrangement:
    """Return the arrangement of `hidden` dimensions with the least loss.

    Raises ValueError where there are no dimensions, or more than features.
    """
    if not 1 <= hidden <= len(importance):
        raise ValueError(f"expected from 1 to {len(importance)} hidden dimensions, got {hidden}")
    most = min(hidden, len(importance) - hidden)
    arrangements = [Arrangement(hidden - n_pairs, n_pairs) for n_pairs in range(most + 1)]
    return min(arrangements, key=lambda a: arrangement_loss(a, importance, sparsity))
