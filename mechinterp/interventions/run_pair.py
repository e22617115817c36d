"""The two runs that every patch is made of, and the metric of the one that is patched."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.interventions.ablation import Instead, narrow
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import Source, Tokens
from mechinterp.model.transformer import Cache, Transformer
from mechinterp.numerics.batches import batches


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

    def affected(self, prompts: Bool[Tensor, " all"], first: int) -> Iterator[Int[Tensor, " some"]]:
        """Yield those of the prompts whose metric reads position `first` or a later one.

        Prompts that are read up to the same position come together: what follows it need not be computed.
        """
        last = self.metric.positions.max(1).values
        for position in last[prompts & (last >= first)].unique():
            yield (prompts & (last == position)).nonzero().flatten()


def run_pairs(
    transformer: Transformer, base: Tokens, source: Source, metric: Metric, memory: int
) -> Iterator[tuple[Int[Tensor, " some"], RunPair]]:
    """Yield pairs of runs of some prompts at a time, as many as fit into memory, with those prompts' indices.

    Prompts whose metric is read early are run together, and only up to there: what comes later changes nothing. Raises
    ValueError as run_pair does.
    """
    _check(base, source, metric)
    for some, length in _batches(transformer, metric, memory):
        of_some = (base[some, :length], source[some, :length], metric.of(some))
        yield some, _run_pair(transformer, *of_some)


def run_pair(transformer: Transformer, base: Tokens, source: Source, metric: Metric) -> RunPair:
    """Run both sets of prompts.

    Raises ValueError where the prompts differ in shape, a prompt is the same in both, or the metric reads positions
    that do not exist.
    """
    _check(base, source, metric)
    return _run_pair(transformer, base, source, metric)


def _check(base: Tokens, source: Source, metric: Metric) -> None:
    if base.shape != source.shape:
        raise ValueError(
            f"expected prompts of the same shape, got {tuple(base.shape)} and {tuple(source.shape)}"
        )
    _check_read(metric, base)
    differs = base != source
    if not differs.any(1).all():
        same = (~differs.any(1)).nonzero().flatten().tolist()
        raise ValueError(f"clean and corrupted prompts {same} are the same: there is nothing to patch")


def _batches(
    transformer: Transformer, metric: Metric, memory: int
) -> Iterator[tuple[Int[Tensor, " some"], int]]:
    """Yield prompts whose activations in two runs fit into memory, and their length up to the last position read."""
    last = metric.positions.max(1).values + 1
    return batches(last, lambda length: 2 * transformer.config.bytes_of_activations(length), memory)


def _run_pair(transformer: Transformer, base: Tokens, source: Source, metric: Metric) -> RunPair:
    differs = base != source
    both = transformer.cache(torch.cat((base, source)), _names(transformer))
    of_base = {name: x[: len(base)] for name, x in both.items()}
    of_source = {name: x[len(base) :] for name, x in both.items()}
    # Where they only differ after the last position read, beyond it: no patch changes anything.
    first = torch.where(differs.any(1), differs.int().argmax(1), base.shape[1])
    return RunPair(transformer, of_base, of_source, first, metric, _measured(transformer, of_base, metric))


def ablated_pairs(
    transformer: Transformer, tokens: Tokens, instead: Instead, metric: Metric, memory: int
) -> Iterator[tuple[Int[Tensor, " some"], RunPair]]:
    """Yield what ablated_pair returns, of some prompts at a time, as run_pairs does."""
    _check_read(metric, tokens)
    for some, length in _batches(transformer, metric, memory):
        narrowed = narrow(instead, some, length)
        yield some, ablated_pair(transformer, tokens[some, :length], narrowed, metric.of(some))


def ablated_pair(transformer: Transformer, tokens: Tokens, instead: Instead, metric: Metric) -> RunPair:
    """Return a run beside what its heads and MLPs write instead, from the first position on.

    Raises ValueError where the metric reads positions that do not exist.
    """
    _check_read(metric, tokens)
    own = transformer.cache(tokens, _names(transformer))
    first = tokens.new_zeros(len(tokens))
    return RunPair(transformer, own, {**own, **instead}, first, metric, _measured(transformer, own, metric))


def _check_read(metric: Metric, tokens: Tokens) -> None:
    if metric.positions.min() < 0 or metric.positions.max() >= tokens.shape[1]:
        raise ValueError(
            f"expected a metric that reads positions below {tokens.shape[1]}, got {metric.positions.max()}"
        )


def _names(transformer: Transformer) -> list[str]:
    """Return the hook points that patches take from a run, and what they are added to."""
    config = transformer.config
    rotated = ["rot_q", "rot_k"] if config.rotary_dims else []
    heads = [f"attn.hook_{point}" for point in ("q", "k", "v", *rotated, "pattern", "z")]
    middle = [] if config.parallel else ["hook_resid_mid"]
    streams = ["hook_resid_pre", *middle, "hook_resid_post", "hook_attn_out", "hook_mlp_out"]
    return ["hook_embed"] + [
        f"blocks.{layer}.{point}" for layer in range(config.n_layers) for point in (*streams, *heads)
    ]


def _measured(transformer: Transformer, run: Cache, metric: Metric) -> Float[Tensor, " prompt"]:
    last = run[f"blocks.{transformer.config.n_layers - 1}.hook_resid_post"]
    rows = torch.arange(len(last))
    return metric.measure(transformer, last[rows[:, None], metric.positions], rows)
