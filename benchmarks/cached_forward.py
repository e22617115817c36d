"""A forward pass that keeps all activations, at GPT-2 small's size, against TransformerLens' bridge."""

from __future__ import annotations

import time
from collections.abc import Callable

import torch

from benchmarks.gpt2_small import random_bridge
from benchmarks.measure import RUNS, report
from mechinterp.model.bridge import converted

BATCH, POSITIONS = 8, 64


def main() -> None:
    """Measure in this process, alternately, on one thread."""
    bridge = random_bridge()
    ours = converted(bridge)
    tokens = torch.randint(0, 50257, (BATCH, POSITIONS))
    runs = {
        "run_with_cache": lambda: ours.run_with_cache(tokens),
        "without a cache": lambda: ours.forward(tokens),
        "TransformerBridge": lambda: bridge.run_with_cache(tokens),
    }
    report(f"{BATCH} × {POSITIONS} tokens, all activations kept", _in_turn(runs), "")


@torch.no_grad()
def _in_turn(runs: dict[str, Callable[[], object]]) -> dict[str, list[float]]:
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(RUNS + 1):
        for name, run in runs.items():
            began = time.perf_counter()
            run()
            if turn:
                times[name].append(time.perf_counter() - began)
    return times


if __name__ == "__main__":
    main()
