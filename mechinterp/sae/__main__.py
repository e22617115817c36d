"""Train a sparse autoencoder on a model's activations: python -m mechinterp.sae --out DIR.

It can be interrupted at any time; the same command resumes it. DIR is written at the end, in SAELens' format;
DIR.state, beside it, holds the state from which the command resumes.
"""

from __future__ import annotations

import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from threading import Event

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from safetensors import SafetensorError

from mechinterp.model.loading import load_model
from mechinterp.sae.activations import Activations, Centred
from mechinterp.sae.budget import budget
from mechinterp.sae.checkpoint import check_folder, save_sae
from mechinterp.sae.options import Job, job_of, parser
from mechinterp.sae.report import report
from mechinterp.sae.texts import file_texts, lecture_texts
from mechinterp.sae.training import Run, begin, resume, sample_of

SIZE, CONTEXTS = 512, 64  # vectors in a batch, and texts that are run together for a round of batches
SAVE_EVERY = 100  # steps
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Train; return the exit code."""
    options = parser(__doc__ or "").parse_args(arguments)
    try:
        train(job_of(options), Console())
    except KeyboardInterrupt:
        print("\ninterrupted: the same command resumes from the last step", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError, SafetensorError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def train(job: Job, console: Console) -> None:
    """Train an SAE, or resume its training, write it to its folder, and measure it."""
    check_folder(job.folder)
    if any(job.folder.glob("*")) and not job.state.exists():
        raise ValueError(
            f"{job.folder} holds an SAE, but there is no {job.state} to resume from: choose another folder"
        )
    job.state.parent.mkdir(parents=True, exist_ok=True)
    model, seed = load_model(job.model, device=job.device), job.settings.seed
    texts = lecture_texts(model, seed) if job.texts is None else file_texts(model, job.texts)
    source = Activations(model.transformer, texts.trained, job.hook, SIZE, CONTEXTS, seed)
    mean = sample_of(source).mean(0)
    about = {"model": model.name, "hook": job.hook, "texts": texts.digest, "vectors": "less their mean"}
    start = (job.architecture, job.settings, Centred(source, mean), about)
    run = resume(job.state, *start) if job.state.exists() else begin(*start)
    console.print(
        f"{job.architecture} at {job.hook}, from step {run.step} of {job.settings.steps}", soft_wrap=True
    )
    if run.step < job.settings.steps:
        console.print(budget(run, source, texts), soft_wrap=True)
    try:
        _train(run, job.state, console)
    finally:
        _save(run, job.state)
    sae = run.finished()
    sae = replace(sae, b_dec=sae.b_dec + mean)
    save_sae(job.folder, sae, model.name, job.hook, texts.held_text)
    console.print(report(model, job.hook, sae, texts))


def _train(run: Run, state: Path, console: Console) -> None:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress, _deferred_interrupt() as interrupted:
        task = progress.add_task("error", total=run.settings.steps, completed=run.step)
        while run.step < run.settings.steps and not interrupted.is_set():
            measured = run.advance()
            if not math.isfinite(measured["error"]):
                raise ValueError(f"training diverged before step {run.step}: give a smaller --coefficient")
            shown = f"error {measured['error']:.3f}, L0 {measured['l0']:.1f}, dead {int(run.dead.sum())}"
            progress.update(task, advance=1, description=shown)
            if run.step % SAVE_EVERY == 0:
                _save(run, state)
    if interrupted.is_set():
        raise KeyboardInterrupt


def _save(run: Run, state: Path) -> None:
    """Save a run, unless it diverged: the last good state stays."""
    if all(tensor.isfinite().all() for tensor in run.parameters.values()):
        run.save(state)


@contextmanager
def _deferred_interrupt() -> Iterator[Event]:
    """Defer a Ctrl-C until the step is complete: a run cannot be resumed from half a step."""
    interrupted = Event()
    before = signal.signal(signal.SIGINT, lambda *_: interrupted.set())
    try:
        yield interrupted
    finally:
        signal.signal(signal.SIGINT, before)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
