"""A sweep in which chosen receivers, and they alone, read the residual stream with what a sender changes in it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions.block_products import project
from mechinterp.interventions.patched_sweep import Resid, Stage, Start, Sweep
from mechinterp.interventions.paths import (
    MLP,
    Between,
    Embedding,
    Final,
    HeadInput,
    Reading,
    Receiver,
    Sender,
    layer_of,
)
from mechinterp.interventions.run_pair import RunPair
from mechinterp.model.transformer import Block, no_tap


@dataclass(frozen=True, eq=False)
class Changes:
    """What each sender changes in the residual stream: before each layer, in the middle of each, and at the end.

    The dimension `patch` is the sender.
    """

    pre: list[Resid]
    mid: list[Resid]
    final: Resid


@dataclass(frozen=True, eq=False)
class PathSweep(Sweep):
    """A sweep of the base run, once for each sender, in which the receivers read that sender's change."""

    receivers: tuple[Receiver, ...]
    changes: Changes
    reading: Reading

    def run_paths(self) -> Float[Tensor, "sender prompt"]:
        """Return the metric for each sender."""
        config, n_senders = self.transformer.config, len(self.changes.final)
        earliest = min(layer_of(receiver, config.n_layers) for receiver in self.receivers)
        if earliest == config.n_layers:  # no layer reads the change: every run is the base run up to the end
            last = self.base[f"blocks.{earliest - 1}.hook_resid_post"][self.prompts, self.span]
            return self._metric(self._needed(last.expand(n_senders, -1, -1, -1), earliest - 1))
        unpatched = self.base[f"blocks.{earliest}.hook_resid_pre"][self.prompts, self.span]
        start = Start(Stage.PRE, unpatched.expand(n_senders, -1, -1, -1))
        return self.run([start] if layer == earliest else [] for layer in range(config.n_layers))

    def _queries_keys_values(self, block: Block, layer: int, resid: Resid) -> tuple[Tensor, Tensor, Tensor]:
        q, k, v = super()._queries_keys_values(block, layer, resid)
        inputs = [r for r in self.receivers if isinstance(r, HeadInput) and r.head.layer == layer]
        if inputs:
            read = self._read(f"blocks.{layer}.hook_resid_pre", resid) + self.changes.pre[layer]
            x = block.ln1.forward(read, self.transformer.config, "", no_tap)
            weights = {
                Input.Q: (q, self._needed(x, layer), block.W_Q, block.b_Q),
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
            parallel = self.transformer.config.parallel
            changes = self.changes.pre if parallel else self.changes.mid
            stream = self._read(f"blocks.{layer}.hook_resid_{'pre' if parallel else 'mid'}", resid, layer)
            resid = stream + self._needed(changes[layer], layer)
        return super()._mlp(block, layer, resid)

    def _metric(self, resid: Float[Tensor, "patch prompt read d_model"]) -> Float[Tensor, "patch prompt"]:
        if Final() in self.receivers:
            last = self.transformer.config.n_layers - 1
            resid = self._read(f"blocks.{last}.hook_resid_post", resid, last) + self._needed(
                self.changes.final, last
            )
        return super()._metric(resid)

    def _read(self, stream: str, resid: Tensor, needed: int | None = None) -> Tensor:
        """Return the residual stream that receivers read: this run's, or the base run's if they are read apart.

        `needed` is the layer from whose MLP on only some positions are computed.
        """
        if self.reading is Reading.TOGETHER:
            return resid
        base = self.base[stream][self.prompts, self.span].expand(len(resid), -1, -1, -1)
        return base if needed is None else self._needed(base, needed)


def changes_of(
    pair: RunPair,
    prompts: Int[Tensor, " prompt"],
    senders: Sequence[Sender],
    span: slice,
    between: Between,
    only_first: bool,
) -> Changes:
    """Return what each sender changes in the base run's residual stream at the positions of a span, other heads frozen.

    `only_first` drops the changes at later positions, which receivers then do not read.
    """
    transformer, config = pair.transformer, pair.transformer.config

    def difference(name: str) -> Tensor:
        return (pair.source[name] - pair.base[name])[prompts, span]

    shape = (len(senders), len(prompts), span.stop - span.start, config.d_model)
    change = transformer.W_E.new_zeros(shape)
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
                pair, prompts, span, layer, pre[layer] if config.parallel else change
            )
        change = after.clone()
        for i, sender in enumerate(senders):
            if sender == MLP(layer):
                change[i] += difference(f"blocks.{layer}.hook_mlp_out")
    found = Changes(pre, mid, change)
    return _at_first_position(found) if only_first else found


def _through_mlp(
    pair: RunPair, prompts: Int[Tensor, " prompt"], span: slice, layer: int, change: Resid
) -> Resid:
    """Return how an MLP's output changes when its input does; only for senders whose change is not zero."""
    block, config = pair.transformer.blocks[layer], pair.transformer.config
    stream = "hook_resid_pre" if config.parallel else "hook_resid_mid"
    changed = change.abs().amax((1, 2, 3)) > 0
    written = torch.zeros_like(change)
    if changed.any():
        resid = pair.base[f"blocks.{layer}.{stream}"][prompts, span] + change[changed]
        x = block.ln2.forward(resid, config, "", no_tap)
        base = pair.base[f"blocks.{layer}.hook_mlp_out"][prompts, span]
        written[changed] = block.mlp(x, config, "", no_tap) - base
    return written


def _at_first_position(changes: Changes) -> Changes:
    """Drop the changes at later positions, in place: together they may take much of the memory."""
    for change in (*changes.pre, *changes.mid, changes.final):
        change[:, :, 1:] = 0
    return changes
