"""Path patching: how the metric changes when what a sender changes reaches chosen receivers only.

The base run continues as it was, except that the receivers (queries, keys or values of heads, inputs of MLPs, the final
residual stream) read it as if the sender had written what it writes in the source run. What the receivers then do
differently flows on through all later parts, other receivers included. Between sender and receivers all other heads are
frozen at what they write in the base run. MLPs are frozen too, or recomputed from what the sender changed, which is
Wang et al.'s choice.

With DIRECT paths to every receiver at once, everything that the sender's output can reach is reached: this is then
activation patching of the sender. Source: Wang et al. 2022, section 3.1 and appendix B; Goldowsky-Dill et al. 2023.
In the former, receivers are frozen from each other (Reading.APART); here a receiver also sees what earlier receivers
changed, unless that is asked for. With one receiver, or several of one layer, it is the same.

path_runs.py defines patch_paths by two whole runs for each sender: read that first. Here the same numbers come from
one sweep over the layers for all senders (path_sweep.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import Source, Tokens
from mechinterp.interventions.patched_sweep import Sweep
from mechinterp.interventions.path_sweep import PathSweep, changes_of
from mechinterp.interventions.paths import (
    MLP,
    Between,
    Embedding,
    Final,
    HeadInput,
    Reading,
    Receiver,
    Sender,
    check_paths,
)
from mechinterp.interventions.run_pair import RunPair, run_pairs
from mechinterp.interventions.sweep_jobs import rows_in_memory
from mechinterp.model.transformer import Transformer

__all__ = [
    "MLP",
    "Between",
    "Embedding",
    "Final",
    "HeadInput",
    "Reading",
    "Receiver",
    "Sender",
    "patch_paths",
]


@torch.no_grad()
def patch_paths(
    transformer: Transformer,
    base: Tokens,
    source: Source,
    senders: Sequence[Sender],
    receivers: Sequence[Receiver],
    metric: Metric,
    between: Between = Between.MLPS,
    positions: Int[Tensor, " prompt"] | None = None,
    memory: int | None = None,
    reading: Reading = Reading.TOGETHER,
) -> Float[Tensor, "prompt sender"]:
    """Return the metric with the paths from one sender to all receivers patched, for each sender.

    Receivers read the change at all positions or, if `positions` are given, at one position of each prompt.
    Raises ValueError where a head or a layer does not exist, no sender comes before a receiver, the positions do not
    exist, or as patch_positions does.
    """
    check_paths(transformer, senders, receivers)
    if positions is not None and not 0 <= positions.min() <= positions.max() < base.shape[1]:
        raise ValueError(f"expected positions below {base.shape[1]}, got {positions.tolist()}")
    memory = memory or transformer.memory
    found = transformer.W_E.new_empty(len(base), len(senders))
    for batch, pair in run_pairs(transformer, base, source, metric, memory):
        found[batch] = pair.base_metric[:, None]
        starts = pair.first_difference if positions is None else positions[batch]
        for first in starts.unique().tolist():
            if first >= pair.n_positions:
                continue  # nothing changes before what the metric reads
            for some, part in _chunks(pair, starts == first, list(senders), first, memory):
                span = Sweep(transformer, pair.base, some, first, pair.metric).span
                changes = changes_of(pair, some, part, span, between, only_first=positions is not None)
                sweep = PathSweep(
                    transformer, pair.base, some, first, pair.metric, tuple(receivers), changes, reading
                )
                columns = [senders.index(sender) for sender in part]
                found[batch[some][:, None], columns] = sweep.run_paths().T
    return found


def _chunks(
    pair: RunPair, prompts: Bool[Tensor, " prompt"], senders: list[Sender], first: int, memory: int
) -> Iterator[tuple[Int[Tensor, " prompt"], list[Sender]]]:
    """Yield prompts and senders that fit into memory together."""
    config = pair.transformer.config
    # A run also holds the changes before each layer and in its middle, in single precision.
    changes = 4 * 2 * config.n_layers * config.d_model * (pair.n_positions - first)
    most = rows_in_memory(pair, first, memory, extra=changes)
    n_prompts = max(1, most // len(senders))
    for affected in pair.affected(prompts, first):
        for some in affected.split(n_prompts):
            for j in range(0, len(senders), most):
                yield some, senders[j : j + most]
