"""How a model solves the task, in a few numbers, so that models can be set side by side."""

from __future__ import annotations

from dataclasses import dataclass

from mechinterp.attention.heads import of_head
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.routes import Routes, routes
from mechinterp.ioi.without import direct_effects
from mechinterp.model.language_model import Model


@dataclass(frozen=True, eq=False)
class Solution:
    """How well a model does the task, how much of it heads write, and by which routes.

    `right` is the share of prompts in which the model prefers IO to S, and `by_heads` what all heads together add
    directly to logit(IO) − logit(S), as a share of its mean; MLPs and embeddings add the rest. `inhibition` is the
    effect of the strongest path to the name mover's queries, in multiples of the mean difference.
    """

    right: float
    by_heads: float
    inhibition: float
    routes: Routes


def solution(model: Model, n_prompts: int, seed: int) -> Solution:
    """Measure how a model solves the task; raises ValueError as `routes` does."""
    asked = prompts(model, n_prompts, seed)
    both = pairs(model, asked, Corruption.SWAPPED)
    found = routes(model, asked, both)
    written = direct_effects(model, asked).sum((1, 2)).mean() / both.clean_diff.mean()
    right = (both.clean_diff > 0).float().mean()
    inhibition = of_head(found.to_queries, found.inhibitor).mean()
    return Solution(right.item(), written.item(), inhibition.item(), found)
