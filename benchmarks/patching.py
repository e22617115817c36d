"""Activation and path patching at GPT-2 small's size, against TransformerLens and against one run at a time."""

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
from mechinterp.interventions import path_runs
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.metrics import logit_diff
from mechinterp.interventions.path_patching import Final, HeadInput, Receiver, patch_paths
from mechinterp.model.bridge import converted
from mechinterp.model.transformer import Transformer
from mechinterp.numerics.products import linear

N, LENGTH, COMMON = 8, 15, 10
RECEIVERS = [Head(9, 9), Head(10, 0), Head(9, 6)]


def main() -> None:
    """Measure on one thread; TransformerLens' and the slow runs only once each, because they take minutes."""
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
            f"   furthest apart {apart:.1e}, {_share(ours, name, common, seconds):.0%} of the time in products"
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
        slowly = partial(path_runs.patch_paths, ours, base, source, some, receivers, metric, positions=end)
        slow, reference = _timed(slowly, 1)
        slow *= len(heads) / len(some)
        apart = (found[:, [heads.index(head) for head in some]] - reference).abs().max().item()
        print(
            f"  {name:26} {seconds:6.2f} s against {slow:6.1f} s: {slow / seconds:5.1f} × (wanted ≥ 30)",
            end="",
        )
        print(f"   furthest apart {apart:.1e}")


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
    """Return the time that the sweep's products need at this machine's measured rate, as a share of its total time."""
    config = model.config
    weights = 4 * config.d_model**2 + 2 * config.d_model * config.d_mlp
    spans = [LENGTH - p for p in range(common, LENGTH)] if name == "resid_pre" else [LENGTH - common]
    per_layer = 1 if name == "resid_pre" else config.n_heads
    # The last layer, whose queries and MLP are computed at one position only, is not counted.
    layers = config.n_layers - 1
    token_layers = N * per_layer * sum(spans) * layers * (layers + 1) / 2
    return 2 * weights * token_layers / _rate() / seconds


def _rate() -> float:
    """Return the operations per second of the sweep's own product on a large matrix, on this machine, now."""
    x, weight, bias = torch.randn(1024, 768), torch.randn(3072, 768).T, torch.zeros(3072)
    linear(x, weight, bias)
    began = time.perf_counter()
    for _ in range(20):
        linear(x, weight, bias)
    return 20 * 2 * 1024 * 768 * 3072 / (time.perf_counter() - began)


if __name__ == "__main__":
    main()
