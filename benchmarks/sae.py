"""Training sparse autoencoders, against SAELens' trainer on the same vectors, and against the products alone."""

from __future__ import annotations

import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from safetensors.torch import save_file
from torch import Tensor

from benchmarks.measure import RUNS, report
from lectern.project import ENGINE_ROOT
from mechinterp.numerics.memory import keep_memory
from mechinterp.numerics.products import linear
from mechinterp.sae.activations import Held
from mechinterp.sae.architectures import L1, Architecture, TopK
from mechinterp.sae.known_features import known_features
from mechinterp.sae.training import Settings, begin

D_MODEL, D_SAE, BATCH, BATCHES = 96, 768, 1024, 40
WARM, STEPS = 20, 200
SETTINGS = Settings(d_sae=D_SAE, steps=WARM + STEPS, dead_after=1000)
ARCHITECTURES: dict[str, Architecture] = {"l1": L1(coefficient=5.0), "topk": TopK(k=16)}
WANTED = 1.5  # ratio of examples per second to SAELens'


def main() -> None:
    """Measure both alternately, each on one thread of its own process."""
    torch.set_num_threads(1)
    vectors = known_features(2 * D_SAE, D_MODEL, sparsity=0.99, size=BATCH * BATCHES).batch(0)
    with tempfile.TemporaryDirectory() as folder, saelens() as peer:
        path = Path(folder) / "vectors.safetensors"
        save_file({"vectors": vectors}, path)
        for name, architecture in ARCHITECTURES.items():
            runs = {
                "this project": lambda a=architecture: ours(a, vectors),
                "SAELens": lambda n=name: theirs(peer, n, path),
                "five products": lambda: products(vectors[:BATCH]),
            }
            times = in_turn(runs)
            report(f"{STEPS} steps of {name}, {BATCH} × {D_MODEL}, {D_SAE} features, one thread", times)
            print_rates(times)


def in_turn(runs: dict[str, Callable[[], float]]) -> dict[str, list[float]]:
    """Return the seconds of each, measured alternately, after one round that does not count."""
    times: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(RUNS + 1):
        for name, run in runs.items():
            took = run()
            if turn:
                times[name].append(took)
    return times


def print_rates(times: dict[str, list[float]]) -> None:
    """Print examples per second, and the ratio to SAELens'."""
    for name, found in times.items():
        print(f"  {name:28} {STEPS * BATCH / statistics.median(found):,.0f} examples per second")
    ratio = statistics.median(b / a for a, b in zip(times["this project"], times["SAELens"], strict=True))
    print(f"  times SAELens: {ratio:.2f}   (wanted: at least {WANTED})")


def ours(architecture: Architecture, vectors: Tensor) -> float:
    """Return how long the steps take, after some that do not count."""
    run = begin(architecture, SETTINGS, Held(vectors, size=BATCH))
    for _ in range(WARM):
        run.advance()
    began = time.perf_counter()
    for _ in range(STEPS):
        run.advance()
    return time.perf_counter() - began


def products(x: Tensor) -> float:
    """Return how long the products of the steps take: two forwards, three backwards."""
    keep_memory()
    weight, f = torch.randn(D_MODEL, D_SAE), torch.randn(len(x), D_SAE)
    began = time.perf_counter()
    for _ in range(STEPS):
        linear(x, weight)
        linear(f, weight.T)
        linear(x, weight)
        linear(f.T, x)
        linear(x.T, f)
    return time.perf_counter() - began


def saelens() -> subprocess.Popen[str]:
    """Start SAELens' side in its environment; it answers each line."""
    return subprocess.Popen(
        [str(ENGINE_ROOT / ".interop" / "bin" / "python"), str(Path(__file__).with_name("sae_peer.py"))],
        env={**os.environ, "TQDM_DISABLE": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def theirs(peer: subprocess.Popen[str], name: str, path: Path) -> float:
    """Return how long SAELens' steps take."""
    assert peer.stdin
    assert peer.stdout
    print(name, path, file=peer.stdin, flush=True)
    return float(peer.stdout.readline())


if __name__ == "__main__":
    main()
