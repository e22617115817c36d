"""Train the lecture's model: python -m mechinterp.training --out DIR --seed N.

It can be interrupted at any time; the same command resumes it.
"""

from __future__ import annotations

import argparse
import sys
from dataclasses import replace
from pathlib import Path

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from tokenizers import Tokenizer

from mechinterp.evaluation.behaviour import behaviours
from mechinterp.evaluation.bounds import table
from mechinterp.evaluation.measure import measure_of
from mechinterp.model.devices import CPU, DEVICES, device_named, fastest
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model
from mechinterp.text.corpus import draw_texts
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.lexicon.vocabulary import CERTAIN
from mechinterp.text.tokenizer import BOS, tokenize, train_tokenizer
from mechinterp.training.card import write_card
from mechinterp.training.export import write_checkpoint, write_checksums
from mechinterp.training.run import SAVE_EVERY, Run, begin, resume
from mechinterp.training.settings import Settings

STATE = "training.state"
INTERRUPTED = 130


def main(arguments: list[str]) -> int:
    """Train; return the exit code."""
    options = _parser().parse_args(arguments)
    settings = Settings(seed=options.seed, **({"steps": options.steps} if options.steps else {}))
    if options.without_selection:
        settings = replace(settings, selection=0.0)
    torch.set_num_threads(1)  # threads cost more than they gain on matrices this small
    try:
        train(options.out, settings, Console(), device_named(options.device) or fastest())
    except KeyboardInterrupt:
        print("\ninterrupted: the same command resumes from the last step", file=sys.stderr)
        return INTERRUPTED
    except (ValueError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def train(folder: Path, settings: Settings, console: Console, device: torch.device = CPU) -> None:
    """Train a model into a folder, or resume its training, and measure it."""
    folder.mkdir(parents=True, exist_ok=True)
    state = folder / STATE
    run = resume(state, settings, device) if state.exists() else begin(settings, device)
    console.print(f"seed {settings.seed}, on {device}, from step {run.step} of {settings.steps}")
    texts = draw_texts(settings.n_texts, settings.seed)
    tokenizer = train_tokenizer(texts, settings.d_vocab, CERTAIN)
    try:
        _train(run, texts, tokenizer, state, console)
    finally:
        run.save(state)
    write_checkpoint(run, tokenizer, folder)
    write_checksums(folder)
    found = behaviours(load_model(str(folder)))
    write_card(folder, settings, found)
    console.print(table(found))


def _train(run: Run, texts: list[str], tokenizer: Tokenizer, state: Path, console: Console) -> None:
    tokens = tokenize(texts, tokenizer, run.settings.n_ctx)
    names = torch.tensor([tokenizer.encode(name).ids[0] for name in NAMES])
    bos = tokenizer.token_to_id(BOS)
    measure = measure_of(lambda transformer: Model("in training", transformer, tokenizer, bos))
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("loss", total=run.settings.steps, completed=run.step)
        while run.step < run.settings.steps:
            loss = run.advance(tokens, names, measure)
            progress.update(task, advance=1, description=f"loss {loss:.2f}")
            if run.step % SAVE_EVERY == 0:
                run.save(state)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mechinterp.training", description=__doc__)
    parser.add_argument(
        "--out", type=Path, required=True, metavar="DIR", help="the folder to write the checkpoint to"
    )
    parser.add_argument("--seed", type=int, default=Settings.seed, metavar="N", help="default: %(default)s")
    parser.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help=f"number of steps; use fewer for a trial (default: {Settings.steps})",
    )
    parser.add_argument(
        "--device", default="auto", choices=DEVICES, help="default: %(default)s, a GPU where there is one"
    )
    parser.add_argument(
        "--without-selection",
        action="store_true",
        help="leave out the term of the loss that makes heads select names by attention",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
