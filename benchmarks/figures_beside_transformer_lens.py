"""What figures compute on a model of GPT-2 small's size, and TransformerLens doing the same the ordinary way.

    python -m benchmarks.figures_beside_transformer_lens [FOLDER] [--only NAME…] [--seconds 600] [--gigabytes 12]

FOLDER as in figures_at_gpt2_size.py. Each analysis runs alone in a process, on one thread, once, with bounds on its
processor time and on its memory; what both were asked is the same, and what they found is compared. Sweeps are made on
fewer prompts than in the lecture, because TransformerLens' take minutes. Needs Linux.
"""

from __future__ import annotations

import argparse
import importlib
import resource
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import torch

from benchmarks import transformer_lens_way as ordinary
from benchmarks.figures_at_gpt2_size import checkpoint
from benchmarks.transformer_lens_way import ROLES, Asked, AskedAnything, Found
from mechinterp.ioi.prompts import Corruption, corrupted, language_of, prompts
from mechinterp.ioi.reference import N_VERSIONS
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model
from mechinterp.text.prompts import random_tokens, repeated_random_tokens

SECONDS, GIGABYTES = 600, 12.0
SEED = 1_000_000  # of the figures' prompts
Data = dict[str, Any]  # what a figure computes


@dataclass(frozen=True)
class Analysis:
    """What a figure is about: the number of prompts, what they are, and the numbers in its data that are compared."""

    n_prompts: int
    ask: Callable[[Model, int], Any]
    shown: Callable[[Data], Found]


@dataclass(frozen=True)
class Measured:
    """What an analysis took, beyond the imports, and what it found."""

    opening: float  # seconds of processor, until the model is open
    seconds: float  # of processor, for the rest
    peak: int  # bytes
    found: Found


def _ioi(model: Model, n: int) -> Asked:
    asked = prompts(model, n, SEED)
    swapped, unrepeated = (
        corrupted(model, asked, how) for how in (Corruption.SWAPPED, Corruption.UNREPEATED)
    )
    strangers = [corrupted(model, asked, Corruption.STRANGERS, seed) for seed in range(N_VERSIONS)]
    return Asked(asked, swapped, unrepeated, torch.stack(strangers))


def _repeated(model: Model, n: int, period: int = 25) -> AskedAnything:
    tokens = repeated_random_tokens(model, n, period, SEED)
    return AskedAnything(tokens, random_tokens(model, n, 2 * period, SEED), period)


def _random(model: Model, n: int) -> AskedAnything:
    return AskedAnything(random_tokens(model, n, 48, SEED))


def _names(model: Model, _: int) -> AskedAnything:
    rows = [[*model.start, model.token(name)] for name in language_of(model).names_of(model)]
    return AskedAnything(torch.tensor(rows))


def _of_repeated(data: Data) -> Found:
    curves = {"repeated": data["log_prob"][0], "control": data["control"]}
    found = {f"{name} {i}": float(value) for name, curve in curves.items() for i, value in enumerate(curve)}
    return {data["head"]: float(data["score"][0])} | found


def _of_patterns(data: Data) -> Found:
    return {f"{kind} {found['head']}": float(found["mean"]) for kind, found in data["kinds"].items()}


def _of_patching(data: Data) -> Found:
    maps = zip(("resid_pre", "attn_out"), data["maps"].values(), strict=True)
    found = {
        f"{place} {layer} {role}": float(values[layer, i])
        for place, values in maps
        for layer in range(len(values))
        for i, role in enumerate(ROLES)
    }
    for giver, name in {"the other": "recovered", "a third": "with_third"}.items():
        found |= {f"{giver} {head}": float(v) for head, v in zip(data["heads"], data[name][0], strict=True)}
    return found


def _of_paths(data: Data) -> Found:
    return {
        f"{name.replace('_', ' ')} {head}": float(values[0])
        for name in ("to_logits", "to_queries")
        for head, values in data[name][0].items()
    }


ANALYSES = {
    "logit_lens": Analysis(
        200, _ioi, lambda data: {f"stage {i}": float(v) for i, v in enumerate(data["difference"][0])}
    ),
    "dla_heads": Analysis(
        300, _ioi, lambda data: {head: float(values[0]) for head, values in data["ranked"][0].items()}
    ),
    "repeated_seq": Analysis(176, _repeated, _of_repeated),
    "attention_pattern": Analysis(200, _random, _of_patterns),
    "ov_circuit": Analysis(
        0, _names, lambda data: dict(zip(data["heads"], map(float, data["scores"]), strict=True))
    ),
    "activation_patching": Analysis(8, _ioi, _of_patching),
    "path_patching": Analysis(4, _ioi, _of_paths),
    "ablations": Analysis(4, _ioi, lambda data: {head: float(v[0]) for head, v in data["left"].items()}),
}


def main() -> None:
    """Print a row for each figure: what both took, and how far apart the numbers are that both found."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.figures_beside_transformer_lens")
    parser.add_argument("folder", nargs="?", type=Path, metavar="FOLDER")
    parser.add_argument("--only", nargs="+", metavar="NAME", choices=ANALYSES, default=list(ANALYSES))
    parser.add_argument(
        "--seconds", type=int, default=SECONDS, help="of processor, that an analysis may take"
    )
    parser.add_argument("--gigabytes", type=float, default=GIGABYTES, help="that it may ask for")
    options = parser.parse_args()
    print(
        "| figure | prompts | CPU, s | TransformerLens | times | peak, GB | TransformerLens | furthest apart |"
    )
    print("|---|--:|--:|--:|--:|--:|--:|--:|")
    with checkpoint(options.folder) as folder:
        for name in options.only:
            bounds = options.seconds, int(options.gigabytes * 1e9)
            ours, theirs = (_alone(way, name, folder, bounds) for way in (_figure, _transformer_lens))
            print(_row(name, ours, theirs), flush=True)


def _row(name: str, ours: Measured | str, theirs: Measured | str) -> str:
    both = [found for found in (ours, theirs) if isinstance(found, Measured)]
    times = apart = ""
    if len(both) == 2:
        times = f"{both[1].seconds / both[0].seconds:.1f}"
        apart = f"{max(abs(value - both[1].found[at]) for at, value in both[0].found.items()):.0e}"
    seconds = [
        found if isinstance(found, str) else f"{found.opening:.0f} + {found.seconds:.1f}"
        for found in (ours, theirs)
    ]
    peaks = ["" if isinstance(found, str) else f"{found.peak / 1e9:.1f}" for found in (ours, theirs)]
    prompts = ANALYSES[name].n_prompts or ""
    return "| " + " | ".join([f"`{name}`", str(prompts), *seconds, times, *peaks, apart]) + " |"


def _alone(
    way: Callable[[str, Path], Measured], name: str, folder: Path, bounds: tuple[int, int]
) -> Measured | str:
    """Return what a new process measures, or which bound it met."""
    with ProcessPoolExecutor(1, get_context("spawn"), _bounded, bounds) as alone:
        try:
            return alone.submit(way, name, folder).result()
        except BrokenProcessPool:
            return f"not within {bounds[0]} s"
        except (MemoryError, RuntimeError) as error:
            if isinstance(error, MemoryError) or "memory" in str(error):
                return f"not within {bounds[1] / 1e9:.0f} GB"
            raise


def _bounded(seconds: int, n_bytes: int) -> None:
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    resource.setrlimit(resource.RLIMIT_AS, (n_bytes, n_bytes))
    torch.set_num_threads(1)


def _figure(name: str, folder: Path) -> Measured:
    """Compute a figure's data."""
    analysis, compute = ANALYSES[name], importlib.import_module(f"figures.{name}").compute
    asked = {"n_prompts": analysis.n_prompts} if analysis.n_prompts else {}
    began = time.process_time()
    model = load_model(str(folder))
    opened = time.process_time()
    data = compute(model, **asked)
    return Measured(opened - began, time.process_time() - opened, _peak(), analysis.shown(data))


def _transformer_lens(name: str, folder: Path) -> Measured:
    """Do the same analysis with TransformerLens; the prompts are made before, and take less memory."""
    analysis = ANALYSES[name]
    asked = analysis.ask(load_model(str(folder)), analysis.n_prompts)
    importlib.import_module("transformer_lens.model_bridge")
    began = time.process_time()
    bridge = ordinary.opened(folder)
    opened = time.process_time()
    with torch.no_grad():
        found = getattr(ordinary, name)(bridge, asked)
    return Measured(opened - began, time.process_time() - opened, _peak(), found)


def _peak() -> int:
    """Return the most memory that this process has held, in bytes; getrusage counts what its parent held too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.split("VmHWM:")[1].split()[0]) * 1024


if __name__ == "__main__":
    main()
