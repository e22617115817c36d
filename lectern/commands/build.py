"""`build.py`: build a deck, or say that there is nothing to do."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from lectern.errors import UsageError
from lectern.project import ENGINE_ROOT, Project
from lectern.record import read_record, write_record

if TYPE_CHECKING:
    from lectern.build import Built
    from lectern.progress import Progress
    from lectern.workshop import Workshop


def build(options: argparse.Namespace, project: Project) -> int:
    """Build the deck that the options name; return the exit code."""
    began = time.perf_counter()
    deck = (options.deck or project.deck).resolve()
    out = (options.out or project.out).resolve()
    record = project.cache / "builds" / f"{_digest(deck, out, options.formats)}.json"
    last = None if options.force or options.only else read_record(record)
    if last and last.holds():
        _say(options, f"nothing to do: {last.summary}", began)
        return 0

    from lectern.progress import LiveProgress, Progress
    from lectern.workshop import open_workshop

    progress = Progress() if options.quiet else LiveProgress()
    workshop = open_workshop(project, progress, options.jobs)
    try:
        if options.only:
            return _only(options, workshop, progress, began)
        return _deck(options, workshop, progress, deck, out, record, began)
    finally:
        _end(workshop, progress)


def _only(options: argparse.Namespace, workshop: Workshop, progress: Progress, began: float) -> int:
    from lectern.making.request import Request
    from lectern.sources.catalogue import canonical

    requests = [Request(canonical(name)) for name in options.only]
    made = workshop.maker.make(requests, options.force)
    progress.close()
    failing = [
        f"{name}.{key}: {claim}"
        for name, figure in ((request.name, figure) for request, figure in made.items())
        for key, claim in figure.sidecar.claims.items()
        if not claim.holds
    ]
    for text in failing:
        print(f"claim failed: {text}", file=sys.stderr)
    _say(options, _figures(made, progress), began)
    return 1 if failing else 0


def _deck(
    options: argparse.Namespace,
    workshop: Workshop,
    progress: Progress,
    path: Path,
    out: Path,
    record: Path,
    began: float,
) -> int:
    from lectern.build import build_deck
    from lectern.deck.source import read_deck
    from lectern.progress import Watch

    project = workshop.project
    if not path.is_file():
        raise UsageError(f"there is no deck {path}", remedy="name a file: --deck PATH")
    workshop.digests.of(path)
    deck = read_deck(path, project.shown(path))
    built = build_deck(deck, workshop, out, options.formats, Watch(), options.force)
    progress.close()
    complaints = _complaints(built, deck.shown)
    for complaint in complaints:
        print(complaint, file=sys.stderr)
    shown = ", ".join(project.shown(output) for output in built.outputs)
    facts = f"{built.slides} slides, {_held(built)}"
    if not complaints:
        summary = f"{_fresh(len(built.ready.figures))}, {facts} → {shown}"
        inputs = {**workshop.digests.seen, **{p: workshop.digests.of(p) for p in _engine()}}
        write_record(record, inputs, built.outputs, workshop.digests.searched, summary)
    _say(options, f"{_figures(built.ready.figures, progress)}, {facts} → {shown}", began)
    return 1 if complaints else 0


def _complaints(built: Built, shown: str) -> list[str]:
    """Return what is wrong with a deck that was nevertheless written."""
    said = []
    stated = {(item.claim.figure, item.claim.name) for item in built.stated}
    for item in built.stated:
        if not item.claim.claim.holds:
            where = f"{shown}, slide {item.slide}" if item.slide else shown
            said.append(f"claim failed: {where}: «{item.sentence}» rests on {item.claim}")
    for claim in built.claims:
        if not claim.claim.holds and (claim.figure, claim.name) not in stated:
            said.append(f"claim failed: {claim}")
    if built.missing:
        said.append(f"error: {built.missing}")
    return said


def _held(built: Built) -> str:
    holding = sum(claim.claim.holds for claim in built.claims)
    remote = f", {len(built.remote)} files from the network" if built.remote else ""
    return f"{holding} of {len(built.claims)} claims hold{remote}"


def _figures(figures: object, progress: Progress) -> str:
    """Return how many figures there are, and what ran for them."""
    number = len(figures)  # type: ignore[arg-type]
    ran = {step: len({figure for figure, ran, _ in progress.ran if ran == step}) for step in ("compute", "draw")}
    touched = len({figure for figure, _, _ in progress.ran})
    if not touched:
        return _fresh(number)
    steps = [f"{ran['compute']} computed"] if ran["compute"] else []
    steps += [f"{ran['draw']} drawn"] if ran["draw"] else []
    return f"{number} figures: {max(number - touched, 0)} fresh, {', '.join(steps)}"


def _fresh(number: int) -> str:
    return f"{number} figures, all fresh"


def _engine() -> list[Path]:
    """Return the files that render: what they are counts for the pages as the deck does."""
    folder = ENGINE_ROOT / "lectern"
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".cjs", ".mjs")]
    return [*files, ENGINE_ROOT / "package-lock.json"]


def _end(workshop: Workshop, progress: Progress) -> None:
    from lectern.making.isolated import stop_all

    progress.close()
    stop_all()
    workshop.digests.save()


def _say(options: argparse.Namespace, text: str, began: float) -> None:
    if not options.quiet:
        print(f"{text} · {time.perf_counter() - began:.1f} s", flush=True)


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]
