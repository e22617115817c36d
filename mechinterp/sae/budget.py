"""What a training run will take, said before it begins."""

from __future__ import annotations

import time
from collections.abc import Callable

from mechinterp.sae.activations import Activations, Held
from mechinterp.sae.texts import Texts
from mechinterp.sae.training import Run, begin


def budget(run: Run, source: Activations, texts: Texts) -> str:
    """Return how many steps, activations and tokens a run still has before it, and about how many minutes."""
    steps, (n, length) = run.settings.steps - run.step, texts.trained.shape
    return (
        f"{steps} steps of {source.size} activations, from {n * length:,} tokens of text: about "
        f"{minutes(run, source):.1f} minutes on this machine; fewer --steps take less"
    )


def minutes(run: Run, source: Activations) -> float:
    """Return about how long the rest of a run takes: its rounds of activations and its steps, one of each timed."""
    steps = run.settings.steps - run.step
    elsewhere = run.step + source.in_round  # the first step of a round is not held in memory
    round_ = _seconds(lambda: source.batch(elsewhere))
    held = Held(source.batch(elsewhere), source.size)
    trial = begin(run.architecture, run.settings, held)
    trial.advance()  # the first is slower
    return (steps * _seconds(trial.advance) + steps / source.in_round * round_) / 60


def _seconds(call: Callable[[], object]) -> float:
    began = time.perf_counter()
    call()
    return time.perf_counter() - began
