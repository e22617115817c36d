"""Activation and path patching at GPT-2 small's size, against TransformerLens and against one run a sender."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from benchmarks.gpt2_small import random_bridge
from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head, all_heads
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.metrics import logit_diff
from mechinterp.interventions.path_patching import Final, HeadInput, Receiver, patch_paths
from mechinterp.model.bridge import converted
from mechinterp.model.transformer import Transformer
from mechinterp.numerics.products import linear

N, LENGTH, COMMON = 8, 15, 10
RECEIVERS = [Head(9, 9), Head(10, 0), Head(9, 6)]


def main() -> None:
    """Measure on one thread; TransformerLens' and the slow runs once each, for they take minutes."""
    bridge = random_bridge()
    ours = converted(bridge)
    for common in (0, COMMON):
        _activation_patching(bridge, ours, common)
    _path_patching(ours)


def _activation_patching(bridge: Any, ours: Transformer, common: int) -> None:
    from transformer_lens import patching

    base, source = _prompts(common)
    right, wrong, end = torch.full((N,), 11), torch.full((N,), 12), torch.full((N,), LENGTH - 1)
    metric = logit_diff(right, wrong, end)

    def theirs(logits: Tensor) -> Tensor:
        return (logits[:, -1, 11] - logits[:, -1, 12]).mean()

    with torch.no_grad():
        _, cache = bridge.run_with_cache(source)
    print(f"\n{N} × {LENGTH} tokens, the first {common} in common")
    pairs: dict[str, tuple[Callable[[], Tensor], Callable[[], Tensor], float]] = {
        "resid_pre": (
            lambda: patch_positions(ours, base, source, Place.RESID_PRE, metric).mean(0),
            lambda: patching.get_act_patch_resid_pre(bridge, base, cache, theirs),
            50 if common else 8,
        ),
        "head outputs": (
            lambda: patch_heads(ours, base, source, Part.Z, metric).mean(0),
            lambda: patching.get_act_patch_attn_head_out_all_pos(bridge, base, cache, theirs),
            12 if common else 5,
        ),
    }
    for name, (mine, other, wanted) in pairs.items():
        seconds, found = _timed(mine, 3)
        slow, reference = _timed(other, 1)
        apart = (found - reference.to(found)).abs().max().item()
        print(
            f"  {name:14} {seconds:6.2f} s against {slow:6.1f} s: {slow / seconds:5.1f} × (wanted ≥ {wanted})",
            end="",
        )
        print(
            f"   furthest apart {apart:.1e}, {_share(ours, name, common, seconds):.0%} of the arithmetic's floor"
        )


def _path_patching(ours: Transformer) -> None:
    base, source = _prompts(0)
    end = torch.full((N,), LENGTH - 1)
    metric = logit_diff(torch.full((N,), 11), torch.full((N,), 12), end)
    heads = all_heads(ours)
    queries: list[Receiver] = [HeadInput(head, Input.Q) for head in RECEIVERS]
    print("\nall heads' paths")
    for name, receivers in {"to the logits": [Final()], "to the queries of 3 heads": queries}.items():
        run = partial(patch_paths, ours, base, source, heads, receivers, metric, positions=end)
        seconds, found = _timed(run, 3)
        some = heads[:: len(heads) // 6]
        slowly = partial(_one_run_a_sender, ours, base, source, some, receivers, metric, end)
        slow, reference = _timed(slowly, 1)
        slow *= len(heads) / len(some)
        apart = (found[:, [heads.index(head) for head in some]] - reference).abs().max().item()
        print(
            f"  {name:26} {seconds:6.2f} s against {slow:6.1f} s: {slow / seconds:5.1f} × (wanted ≥ 30)",
            end="",
        )
        print(f"   furthest apart {apart:.1e}")


@torch.no_grad()
def _one_run_a_sender(
    model: Transformer,
    base: Tensor,
    source: Tensor,
    senders: list[Head],
    receivers: list,
    metric: Any,
    end: Tensor,
) -> Tensor:
    """Return the same, by hooks: one run in which heads are frozen, another in which the receivers are patched."""
    _, own = model.run_with_cache(base)
    _, other = model.run_with_cache(source)
    rows, found = torch.arange(len(base)), []
    for sender in senders:
        frozen = {f"blocks.{i}.attn.hook_z": own[f"blocks.{i}.attn.hook_z"].clone() for i in range(12)}
        name = f"blocks.{sender.layer}.attn.hook_z"
        frozen[name][:, :, sender.index] = other[name][:, :, sender.index]
        seen: dict[str, Tensor] = {}

        def freeze(name: str, x: Tensor, frozen: dict = frozen, seen: dict = seen) -> Tensor:
            x = frozen.get(name, x)
            seen[name] = x
            return x

        logits = model.forward(base, freeze)
        if not isinstance(receivers[0], Final):
            hooks = {}
            for receiver in receivers:

                def patch(q: Tensor, at: str, head: int, seen: dict = seen) -> Tensor:
                    q = q.clone()
                    q[rows, end, head] = seen[at][rows, end, head]
                    return q

                at = f"blocks.{receiver.head.layer}.attn.hook_q"
                earlier = hooks.get(at, lambda q: q)
                hooks[at] = lambda q, at=at, h=receiver.head.index, e=earlier, p=patch: p(e(q), at, h)
            logits = model.run_with_hooks(base, hooks)
        found.append(metric.of_logits(logits[rows, end][:, None], rows))
    return torch.stack(found, dim=1)


def _prompts(common: int) -> tuple[Tensor, Tensor]:
    base, source = torch.randint(0, 50257, (2, N, LENGTH))
    source[:, :common] = base[:, :common]
    return base, source


def _timed(run: Callable[[], Tensor], times: int) -> tuple[float, Tensor]:
    seconds, found = [], torch.empty(0)
    for _ in range(times):
        began = time.perf_counter()
        found = run()
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), found


def _share(model: Transformer, name: str, common: int, seconds: float) -> float:
    """Return the time that the sweep's products would take at this machine's measured rate, as a share of its own."""
    config = model.config
    weights = 4 * config.d_model**2 + 2 * config.d_model * config.d_mlp
    spans = [LENGTH - p for p in range(common, LENGTH)] if name == "resid_pre" else [LENGTH - common]
    per_layer = 1 if name == "resid_pre" else config.n_heads
    layers = (
        config.n_layers - 1
    )  # the last one, whose queries and MLP are read at one position, is not counted
    token_layers = N * per_layer * sum(spans) * layers * (layers + 1) / 2
    return 2 * weights * token_layers / _rate() / seconds


def _rate() -> float:
    """Return the operations a second of the sweep's own product on a large matrix, on this machine, now."""
    x, weight, bias = torch.randn(1024, 768), torch.randn(3072, 768).T, torch.zeros(3072)
    linear(x, weight, bias)
    began = time.perf_counter()
    for _ in range(20):
        linear(x, weight, bias)
    return 20 * 2 * 1024 * 768 * 3072 / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
