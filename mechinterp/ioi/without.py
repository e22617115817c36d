"""How a model does the task without some of its heads, and what the others then write in their place."""

from __future__ import annotations

from collections.abc import Collection

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.heads import Head, all_heads
from mechinterp.interventions.ablation import Instead, narrow, without
from mechinterp.interventions.activation_patching import ablate_heads
from mechinterp.interventions.paths import MLP
from mechinterp.ioi.prompts import Prompts
from mechinterp.logits.direct_attribution import by_head, names_for_heads
from mechinterp.model.language_model import Model


@torch.no_grad()
def left_without_each(model: Model, prompts: Prompts, instead: Instead) -> Float[Tensor, "prompt head"]:
    """Return logit(IO) − logit(S) with one head ablated, for each head in the order of all_heads."""
    return ablate_heads(model.transformer, prompts.tokens, instead, prompts.metric).flatten(1)


@torch.no_grad()
def left_without(
    model: Model, prompts: Prompts, removed: Collection[Head | MLP], instead: Instead
) -> Float[Tensor, " prompt"]:
    """Return logit(IO) − logit(S) with some heads or MLPs ablated, all at once."""

    def measure(part: Prompts, some: Tensor) -> Tensor:
        tap = without(model.transformer, removed, narrow(instead, some, part.tokens.shape[1]))
        return part.metric.of_run(model.transformer, part.tokens, tap)

    return prompts.each(model.transformer, measure)


@torch.no_grad()
def direct_effects(
    model: Model, prompts: Prompts, removed: Collection[Head] = (), instead: Instead | None = None
) -> Float[Tensor, "prompt layer head"]:
    """Return what each head adds directly to logit(IO) − logit(S), in a run without some of them or with all."""
    transformer = model.transformer

    def measure(part: Prompts, some: Tensor) -> Tensor:
        tap = without(transformer, removed, narrow(instead or {}, some, part.tokens.shape[1]))
        cache = transformer.cache(part.tokens, names_for_heads(transformer), tap)
        return by_head(transformer, cache, part.reader(transformer))

    return prompts.each(transformer, measure)


def heads_that_write(model: Model, prompts: Prompts, least: float) -> list[Head]:
    """Return the heads that write at least a share of what heads add directly to logit(IO) − logit(S)."""
    written = direct_effects(model, prompts).mean(0)
    shares = written / written.sum()
    return [head for head in all_heads(model.transformer) if shares[head.layer, head.index] >= least]


def taken_over(
    model: Model, prompts: Prompts, removed: Collection[Head], instead: Instead
) -> Float[Tensor, "prompt layer head"]:
    """Return what each head adds directly to logit(IO) − logit(S) without the removed ones, less what it adds with.

    Theirs is 0. Source: Wang et al. 2022, section 3.4, on backup name movers.
    """
    change = direct_effects(model, prompts, removed, instead) - direct_effects(model, prompts)
    for head in removed:
        change[:, head.layer, head.index] = 0
    return change
