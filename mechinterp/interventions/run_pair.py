"""The two runs that every patch is made of, and the metric of the one that is patched."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.interventions.ablation import Instead
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import Source, Tokens
from mechinterp.model.transformer import Cache, Transformer


@dataclass(frozen=True, eq=False)
class RunPair:
    """A base and a source run of a model, on prompts of the same shape."""

    transformer: Transformer
    base: Cache
    source: Cache
    first_difference: Int[Tensor, " prompt"]  # the first position at which the two prompts differ
    metric: Metric
    base_metric: Float[Tensor, " prompt"]

    @property
    def n_positions(self) -> int:
        """The length of the prompts."""
        return self.base["hook_embed"].shape[1]

    def affected(self, prompts: Bool[Tensor, " all"], first: int) -> Int[Tensor, " some"]:
        """Return those of the prompts whose metric reads position `first` or a later one."""
        return (prompts & (self.metric.positions.max(1).values >= first)).nonzero().flatten()


def run_pair(transformer: Transformer, base: Tokens, source: Source, metric: Metric) -> RunPair:
    """Run both sets of prompts.

    Raises ValueError where the prompts differ in shape, a prompt is the same in both, or the metric reads positions
    that do not exist.
    """
    if base.shape != source.shape:
        raise ValueError(
            f"expected prompts of the same shape, got {tuple(base.shape)} and {tuple(source.shape)}"
        )
    _check_read(metric, base)
    differs = base != source
    if not differs.any(1).all():
        same = (~differs.any(1)).nonzero().flatten().tolist()
        raise ValueError(f"clean and corrupted prompts {same} are the same: there is nothing to patch")
    both = transformer.cache(torch.cat((base, source)))
    of_base = {name: x[: len(base)] for name, x in both.items()}
    of_source = {name: x[len(base) :] for name, x in both.items()}
    first = differs.int().argmax(1)
    return RunPair(transformer, of_base, of_source, first, metric, _measured(transformer, of_base, metric))


def ablated_pair(transformer: Transformer, tokens: Tokens, instead: Instead, metric: Metric) -> RunPair:
    """Return a run beside what its heads and MLPs write instead, from the first position on.

    Raises ValueError where the metric reads positions that do not exist.
    """
    _check_read(metric, tokens)
    own = transformer.cache(tokens)
    first = torch.zeros(len(tokens), dtype=torch.long)
    return RunPair(transformer, own, {**own, **instead}, first, metric, _measured(transformer, own, metric))


def _check_read(metric: Metric, tokens: Tokens) -> None:
    if metric.positions.min() < 0 or metric.positions.max() >= tokens.shape[1]:
        raise ValueError(
            f"expected a metric that reads positions below {tokens.shape[1]}, got {metric.positions.max()}"
        )


def _measured(transformer: Transformer, run: Cache, metric: Metric) -> Float[Tensor, " prompt"]:
    last = run[f"blocks.{transformer.config.n_layers - 1}.hook_resid_post"]
    rows = torch.arange(len(last))
    return metric.measure(transformer, last[rows[:, None], metric.positions], rows)
