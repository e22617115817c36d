"""Path patching: a sender's change reaches chosen receivers only, and what becomes of the metric.

The base run goes on as it was, but the receivers (the queries, keys or values of heads, the input of MLPs, the final
residual stream) read it as if the sender had written what it writes in the source run. What the receivers then do
differently flows on through all later parts, other receivers included. Between sender and receivers other heads always
stay as in the base run; MLPs do, too, or compute anew with what the sender changed, which is Wang et al.'s choice.

With DIRECT paths to every receiver at once, all that the sender's output can reach is reached: this is then the
patching of the node itself. Source: Wang et al. 2022, section 3.1 and appendix B; Goldowsky-Dill et al. 2023. Unlike
in the former, a receiver also sees what earlier receivers changed.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions.activation_patching import MEMORY, Pair, Source, Tokens, pair_of
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_sweep import (
    Resid,
    Stage,
    Start,
    Sweep,
    for_each_head,
    keys_name,
    project,
    untapped,
)
from mechinterp.logits.direct_attribution import written_by_heads
from mechinterp.model.transformer import Block, Cache, Transformer, rotate


class Between(Enum):
    """What carries a change from the sender to the receivers."""

    DIRECT = "the residual stream alone"
    MLPS = "the residual stream, and MLPs that read it"


@dataclass(frozen=True)
class MLP:
    """The MLP of a layer."""

    layer: int


@dataclass(frozen=True)
class Embedding:
    """What stands in the residual stream at the beginning: token and position."""


@dataclass(frozen=True)
class HeadInput:
    """The queries, keys or values of a head."""

    head: Head
    input: Input


@dataclass(frozen=True)
class Final:
    """The residual stream after the last layer."""


Sender = Head | MLP | Embedding
Receiver = HeadInput | MLP | Final


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
    memory: int = MEMORY,
) -> Float[Tensor, "prompt sender"]:
    """Return the metric with the paths from one sender to all receivers patched, for each sender.

    Receivers read the change at one position of each prompt, if given, and only that position is computed; or at all.
    Raises ValueError where a head or layer is not there, no sender comes before a receiver, or as patch_positions.
    """
    _check(transformer, senders, receivers)
    if positions is not None and not 0 <= positions.min() <= positions.max() < base.shape[1]:
        raise ValueError(f"expected positions below {base.shape[1]}, got {positions.tolist()}")
    pair = pair_of(transformer, base, source, metric, memory)
    found = pair.measured[:, None].repeat(1, len(senders))
    starts = pair.first if positions is None else positions
    for first in starts.unique().tolist():
        prompts = pair.concerned(starts == first, first)
        for chosen, some in _chunks(pair, prompts, list(senders), first):
            changes = _changes(pair, chosen, some, first, between, only_first=positions is not None)
            sweep = PathSweep(transformer, pair.base, chosen, first, metric, tuple(receivers), changes)
            found[chosen[:, None], [senders.index(sender) for sender in some]] = sweep.run_paths().T
    return found


@dataclass(frozen=True, eq=False)
class Changes:
    """What senders change in the residual stream that receivers read: before each layer, in its middle, at the end."""

    pre: list[Resid]
    mid: list[Resid]
    final: Resid


@dataclass(frozen=True, eq=False)
class PathSweep(Sweep):
    """A sweep in which receivers, and they alone, read the residual stream with a sender's change."""

    receivers: tuple[Receiver, ...]
    changes: Changes

    def run_paths(self) -> Float[Tensor, "sender prompt"]:
        """Return the metric for each sender."""
        config, n_senders = self.transformer.config, len(self.changes.final)
        begins = min(_layer(receiver, config.n_layers) for receiver in self.receivers)
        if begins == config.n_layers:  # only the end reads the change
            last = self.base[f"blocks.{begins - 1}.hook_resid_post"][self.prompts, self.first :]
            return self._measured(self._asked(last.expand(n_senders, -1, -1, -1), begins - 1))
        unpatched = self.base[f"blocks.{begins}.hook_resid_pre"][self.prompts, self.first :]
        start = Start(Stage.PRE, unpatched.expand(n_senders, -1, -1, -1))
        return self.run([start] if layer == begins else [] for layer in range(config.n_layers))

    def _queries_keys_values(self, block: Block, layer: int, resid: Resid) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = super()._queries_keys_values(block, layer, resid)
        inputs = [r for r in self.receivers if isinstance(r, HeadInput) and r.head.layer == layer]
        if inputs:
            x = block.ln1.forward(resid + self.changes.pre[layer], self.transformer.config, "", untapped)
            asked = self._asked(x, layer)
            weights = {
                Input.Q: (q, asked, block.W_Q, block.b_Q),
                Input.K: (k, x, block.W_K, block.b_K),
                Input.V: (v, x, block.W_V, block.b_V),
            }
            for receiver in inputs:
                target, read, W, b = weights[receiver.input]
                head = receiver.head.index
                target[..., head, :] = project(read, W[head : head + 1], b[head : head + 1]).squeeze(-2)
        return q, k, v

    def _mlp(self, block: Block, layer: int, resid: Tensor) -> Tensor:
        if MLP(layer) in self.receivers:
            changes = self.changes.pre if self.transformer.config.parallel else self.changes.mid
            resid = resid + self._asked(changes[layer], layer)
        return super()._mlp(block, layer, resid)

    def _measured(self, resid: Float[Tensor, "cell prompt read d_model"]) -> Float[Tensor, "cell prompt"]:
        if Final() in self.receivers:
            last = self.transformer.config.n_layers - 1
            resid = resid + self._asked(self.changes.final, last)
        return super()._measured(resid)


def _changes(
    pair: Pair,
    prompts: Int[Tensor, " prompt"],
    senders: list[Sender],
    first: int,
    between: Between,
    only_first: bool,
) -> Changes:
    """Return how the residual stream differs from the base run's, for each sender, if heads stay as they were."""
    transformer, config = pair.transformer, pair.transformer.config

    def difference(name: str) -> Tensor:
        return (pair.source[name] - pair.base[name])[prompts, first:]

    change = torch.zeros(len(senders), len(prompts), pair.n_positions - first, config.d_model)
    change = change.to(transformer.W_E.dtype)
    for i, sender in enumerate(senders):
        if isinstance(sender, Embedding):
            change[i] = difference("blocks.0.hook_resid_pre")
    pre, mid = [], []
    for layer, block in enumerate(transformer.blocks):
        pre.append(change)
        z = difference(f"blocks.{layer}.attn.hook_z")
        change = change.clone()
        for i, sender in enumerate(senders):
            if isinstance(sender, Head) and sender.layer == layer:
                change[i] += z[..., sender.index, :] @ block.W_O[sender.index]
        mid.append(change)
        after = change
        if between is Between.MLPS:
            after = after + _through_mlp(
                pair, prompts, first, layer, pre[layer] if config.parallel else change
            )
        change = after.clone()
        for i, sender in enumerate(senders):
            if sender == MLP(layer):
                change[i] += difference(f"blocks.{layer}.hook_mlp_out")
    found = Changes(pre, mid, change)
    return _at_first(found) if only_first else found


def _through_mlp(pair: Pair, prompts: Tensor, first: int, layer: int, change: Resid) -> Resid:
    """Return what an MLP writes differently for reading a changed stream; nothing where nothing is changed."""
    block, config = pair.transformer.blocks[layer], pair.transformer.config
    stream = "hook_resid_pre" if config.parallel else "hook_resid_mid"
    moved = change.abs().amax((1, 2, 3)) > 0
    written = torch.zeros_like(change)
    if moved.any():
        resid = pair.base[f"blocks.{layer}.{stream}"][prompts, first:] + change[moved]
        x = block.ln2.forward(resid, config, "", untapped)
        own = pair.base[f"blocks.{layer}.hook_mlp_out"][prompts, first:]
        written[moved] = block.mlp(x, config, "", untapped) - own
    return written


def _at_first(changes: Changes) -> Changes:
    """Return the changes at the first position alone."""

    def kept(change: Resid) -> Resid:
        change = change.clone()
        change[:, :, 1:] = 0
        return change

    return Changes([kept(x) for x in changes.pre], [kept(x) for x in changes.mid], kept(changes.final))


def _layer(receiver: Receiver, n_layers: int) -> int:
    if isinstance(receiver, HeadInput):
        return receiver.head.layer
    return receiver.layer if isinstance(receiver, MLP) else n_layers


def _check(transformer: Transformer, senders: Sequence[Sender], receivers: Sequence[Receiver]) -> None:
    config = transformer.config
    heads = [s for s in senders if isinstance(s, Head)] + [
        r.head for r in receivers if isinstance(r, HeadInput)
    ]
    for part in [*senders, *receivers]:
        if isinstance(part, MLP) and not 0 <= part.layer < config.n_layers:
            raise ValueError(f"expected an MLP of a layer below {config.n_layers}, got {part.layer}")
    for head in heads:
        if not (0 <= head.layer < config.n_layers and 0 <= head.index < config.n_heads):
            raise ValueError(
                f"expected a head of {config.n_layers} layers of {config.n_heads} heads, got {head}"
            )
    if any(isinstance(r, HeadInput) and r.input is not Input.Q for r in receivers) and (
        len(transformer.blocks[0].W_K) != config.n_heads
    ):
        raise ValueError("expected keys and values of a head of its own, got a model whose heads share them")
    if not senders or not receivers:
        raise ValueError(f"expected senders and receivers, got {len(senders)} and {len(receivers)}")
    if not any(_comes_before(s, r, transformer) for s in senders for r in receivers):
        raise ValueError("expected a sender before a receiver: no path leads from any to any")


def _comes_before(sender: Sender, receiver: Receiver, transformer: Transformer) -> bool:
    if isinstance(sender, Embedding):
        return True
    layer = _layer(receiver, transformer.config.n_layers)
    within = isinstance(sender, Head) and isinstance(receiver, MLP) and not transformer.config.parallel
    return sender.layer < layer or (within and sender.layer == layer)


def _chunks(
    pair: Pair, prompts: Int[Tensor, " prompt"], senders: list[Sender], first: int
) -> Iterator[tuple[Int[Tensor, " prompt"], list[Sender]]]:
    """Yield prompts and senders that the memory holds at once."""
    config = pair.transformer.config
    kept = (
        4 * 2 * config.n_layers * config.d_model * (pair.n_positions - first)
    )  # the changes before and within layers
    most = pair.rows_at_once(first, more=kept)
    n_prompts = max(1, most // len(senders))
    for i in range(0, len(prompts), n_prompts):
        for j in range(0, len(senders), most):
            yield prompts[i : i + n_prompts], senders[j : j + most]


def attention_without(
    transformer: Transformer, cache: Cache, sender: Head, receiver: Head, positions: Int[Tensor, " prompt"]
) -> Float[Tensor, "prompt src_pos"]:
    """Return where the receiver looks from one position of each prompt if its query does not read the sender.

    In the query's input alone, what the sender wrote there is replaced by its mean over the prompts. Raises
    ValueError where the sender's layer is not before the receiver's.
    """
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a sender of a layer before {receiver}, got {sender}")
    config, block = transformer.config, transformer.blocks[receiver.layer]
    rows = torch.arange(len(positions))
    written = written_by_heads(transformer, cache, positions)[:, sender.layer, sender.index]
    resid = cache[f"blocks.{receiver.layer}.hook_resid_pre"][rows, positions] - written + written.mean(0)
    q = project(block.ln1.forward(resid, config, "", untapped)[:, None], block.W_Q, block.b_Q)
    if config.rotary_dims:
        q = rotate(q, config, positions[:, None])
    k = for_each_head(cache[f"blocks.{receiver.layer}.attn.{keys_name(config)}"], config)
    scores = torch.einsum("nk,nsk->ns", q[:, 0, receiver.index], k[:, :, receiver.index]) / config.d_head**0.5
    later = torch.arange(k.shape[1]) > positions[:, None]
    return scores.masked_fill(later, -torch.inf).softmax(-1)
