"""What path patching computes, two runs a sender: its specification, and the file to read first.

One run finds out what the sender changes in the residual stream when all other heads are frozen, the other lets the
receivers read the stream with that change. path_patching.py returns the same numbers, up to rounding, much faster; its
tests compare it with the function of the same name here. Source: Wang et al. 2022, section 3.1 and appendix B.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import ALL, Index, Tokens, metric_of
from mechinterp.interventions.paths import MLP, Between, HeadInput, Reading, Receiver, Sender
from mechinterp.model.transformer import Cache, Config, Transformer, no_tap


@torch.no_grad()
def patch_paths(
    transformer: Transformer,
    base: Tokens,
    source: Tokens,
    senders: Sequence[Sender],
    receivers: Sequence[Receiver],
    metric: Metric,
    between: Between = Between.MLPS,
    positions: Int[Tensor, " prompt"] | None = None,
    reading: Reading = Reading.TOGETHER,
) -> Float[Tensor, "prompt sender"]:
    """Return the metric with the paths from one sender to all receivers patched, for each sender.

    The receivers read the change at all positions, or at one position of each prompt.
    """
    base_run, source_run = transformer.cache(base), transformer.cache(source)
    read = torch.ones_like(base, dtype=torch.bool)
    if positions is not None:
        read = torch.arange(base.shape[1], device=positions.device) == positions[:, None]
    found = []
    for sender in senders:
        frozen = _run_with_sender(transformer, base, base_run, source_run, sender, between)
        change = {name: (frozen[name] - base_run[name]) * read[..., None] for name in _streams(transformer)}
        streams = base_run if reading is Reading.APART else None
        found.append(metric_of(_logits_with_receivers(transformer, base, receivers, change, streams), metric))
    return torch.stack(found, dim=1)


def _run_with_sender(
    transformer: Transformer,
    base: Tokens,
    base_run: Cache,
    source_run: Cache,
    sender: Sender,
    between: Between,
) -> Cache:
    """Return the base run with the sender's output taken from the source run and all other heads frozen.

    MLPs are frozen too where paths are direct.
    """
    layers = range(transformer.config.n_layers)
    frozen = {f"blocks.{layer}.attn.hook_z" for layer in layers}
    if between is Between.DIRECT:
        frozen |= {f"blocks.{layer}.hook_mlp_out" for layer in layers}
    output, at = _output_of(sender)
    found: Cache = {}

    def tap(name: str, x: Tensor) -> Tensor:
        x = base_run[name] if name in frozen else x
        if name == output:
            x = x.clone()
            x[at] = source_run[name][at]
        found[name] = x
        return x

    transformer.stream(base, tap)
    return found


def _output_of(sender: Sender) -> tuple[str, Index]:
    """Return the hook point of what a sender writes, and where in it."""
    if isinstance(sender, Head):
        return f"blocks.{sender.layer}.attn.hook_z", (..., sender.index, ALL)
    return f"blocks.{sender.layer}.hook_mlp_out" if isinstance(sender, MLP) else "blocks.0.hook_resid_pre", (
        ...,
    )


def _streams(transformer: Transformer) -> list[str]:
    """Return the hook points of the residual stream."""
    points = (
        ("resid_pre", "resid_post")
        if transformer.config.parallel
        else ("resid_pre", "resid_mid", "resid_post")
    )
    return [f"blocks.{layer}.hook_{point}" for layer in range(len(transformer.blocks)) for point in points]


def _logits_with_receivers(
    transformer: Transformer,
    base: Tokens,
    receivers: Sequence[Receiver],
    change: Cache,
    streams: Cache | None,
) -> Float[Tensor, "prompt pos d_vocab"]:
    """Return the logits of a run in which the receivers, and they alone, read the residual stream with the change.

    The stream is that of the run itself unless `streams` gives another.
    """
    seen: Cache = {}

    def tap(name: str, x: Tensor) -> Tensor:
        seen[name] = x
        for receiver in set(receivers):
            stream, output = _hook_points(receiver, transformer.config)
            if name == output:
                x = _recomputed(transformer, receiver, x, (streams or seen)[stream] + change[stream])
        return x

    return transformer.forward(base, tap)


def _hook_points(receiver: Receiver, config: Config) -> tuple[str, str]:
    """Return the hook point of the residual stream that a receiver reads, and that of what it computes from it."""
    if isinstance(receiver, HeadInput):
        layer = f"blocks.{receiver.head.layer}"
        return f"{layer}.hook_resid_pre", f"{layer}.attn.hook_{receiver.input.value.lower()}"
    if isinstance(receiver, MLP):
        layer = f"blocks.{receiver.layer}"
        return f"{layer}.hook_resid_{'pre' if config.parallel else 'mid'}", f"{layer}.hook_mlp_out"
    final = f"blocks.{config.n_layers - 1}.hook_resid_post"
    return final, final


def _recomputed(transformer: Transformer, receiver: Receiver, x: Tensor, resid: Tensor) -> Tensor:
    """Return x, what a receiver and perhaps others computed, as it is where the receiver reads `resid`."""
    config = transformer.config
    if isinstance(receiver, HeadInput):
        block, head = transformer.blocks[receiver.head.layer], receiver.head.index
        W, b = {
            Input.Q: (block.W_Q, block.b_Q),
            Input.K: (block.W_K, block.b_K),
            Input.V: (block.W_V, block.b_V),
        }[receiver.input]
        x = x.clone()
        x[:, :, head] = block.ln1.forward(resid, config, "", no_tap) @ W[head] + b[head]
        return x
    if isinstance(receiver, MLP):
        block = transformer.blocks[receiver.layer]
        return block.mlp(block.ln2.forward(resid, config, "", no_tap), config, "", no_tap)
    return resid
