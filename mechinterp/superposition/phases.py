"""Phases of the second of two features that compete for one dimension, by its importance and its sparsity.

Source: Elhage et al. 2022, «Superposition as a phase change».
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.superposition.arrangements import absent_loss, antipodal_loss
from mechinterp.superposition.geometry import represented
from mechinterp.superposition.integration import judged
from mechinterp.superposition.model import ToyModels
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train


class Phase(IntEnum):
    """How the second feature is represented."""

    ABSENT = 0
    SUPERPOSED = 1
    OWN = 2


def phase_losses(
    importance: Float[Tensor, "*grid"], sparsity: Float[Tensor, "*grid"]
) -> Float[Tensor, "*grid phase"]:
    """Return the closed-form loss of each phase, for a first feature of importance 1 and a second of `importance`."""
    absent, pair = absent_loss(sparsity), antipodal_loss(sparsity)
    return torch.stack((importance * absent, (1 + importance) * pair, absent), dim=-1)


def predicted_phase(
    importance: Float[Tensor, "*grid"], sparsity: Float[Tensor, "*grid"]
) -> Int[Tensor, "*grid"]:
    """Return the phase of least loss."""
    return phase_losses(importance, sparsity).argmin(-1)


def phase_boundary(sparsity: Float[Tensor, "*grid"]) -> Float[Tensor, "*grid"]:
    """Return the importance above which a second feature is in superposition, and below which it is absent.

    With V the loss of an absent feature and P that of a paired one, I V = (1 + I) P. Above the reciprocal
    importance the first feature is absent instead. Where V ≤ 2P, for 1 − S ≥ 4/7, nothing is ever in
    superposition and the more important feature takes the dimension: the boundary is 1.
    """
    absent, pair = absent_loss(sparsity), antipodal_loss(sparsity)
    return torch.where(absent > 2 * pair, pair / (absent - pair), torch.ones_like(pair))


def train_grid(
    importance: Float[Tensor, " instance"],
    sparsity: Float[Tensor, " instance"],
    n_restarts: int,
    seed: int = 0,
) -> ToyModels:
    """Return, for each importance and sparsity, the best of several models of two features in one dimension.

    In half of all starts both weights have the same sign and training ends with one feature, so several are needed.
    """
    extra, absent = importance.repeat_interleave(n_restarts), sparsity.repeat_interleave(n_restarts)
    both = torch.stack((torch.ones_like(extra), extra), dim=1)
    sampler = independent_features(absent, 2)
    models = train(
        sampler, both, len(extra), 1, steps=250, batch=64, learning_rate=3e-2, held_out=1, seed=seed
    )
    return best_of(judged(models, both, absent), n_restarts)


def measured_phase(W: Float[Tensor, "instance 1 2"]) -> Int[Tensor, " instance"]:
    """Return the phase of trained models: which of the two features are represented.

    A model that represents neither, which no loss favours, counts as one whose second feature is absent.
    """
    first, second = represented(W).unbind(-1)
    return torch.where(second, torch.where(first, Phase.SUPERPOSED, Phase.OWN), Phase.ABSENT)


@dataclass(frozen=True, eq=False)
class Diagram:
    """The phases of trained models beside those of theory, and their losses beside the least closed-form one."""

    measured: Int[Tensor, "importance sparsity"]
    predicted: Int[Tensor, "importance sparsity"]
    loss: Float[Tensor, "importance sparsity"]
    closed_form: Float[Tensor, "importance sparsity"]

    @property
    def agreement(self) -> float:
        """Return the share of models whose phase is the predicted one."""
        return (self.measured == self.predicted).float().mean().item()

    @property
    def excess(self) -> float:
        """Return by what share of the closed-form loss a model's loss exceeds it, at most."""
        return (self.loss / self.closed_form).max().item() - 1


def phase_diagram(
    importance: Float[Tensor, " importance"], sparsity: Float[Tensor, " sparsity"], n_restarts: int, seed: int
) -> Diagram:
    """Train models of two features in one dimension for each importance of the second with each sparsity."""
    grid = torch.meshgrid(importance, sparsity, indexing="ij")
    best = train_grid(grid[0].flatten(), grid[1].flatten(), n_restarts, seed)
    return Diagram(
        measured=measured_phase(best.W).view_as(grid[0]),
        predicted=predicted_phase(*grid),
        loss=best.loss.view_as(grid[0]),
        closed_form=phase_losses(*grid).min(-1).values,
    )
