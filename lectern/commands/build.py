"""`build.py`: build a deck, or say that there is nothing to do."""

from __future__ import annotations

import argparse
import hashlib
import sys
import time
from collections.abc import Collection
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from lectern.errors import UsageError
from lectern.project import ENGINE_ROOT, Project
from lectern.record import Record, read_record, write_record

if TYPE_CHECKING:
    from lectern.build import Built
    from lectern.making.maker import Made
    from lectern.marp.renderer import Renderer
    from lectern.progress import Progress
    from lectern.workshop import Workshop


def build(options: argparse.Namespace, project: Project) -> int:
    """Build the deck, or the figures, that the options name; return the exit code."""
    return _Build(options, project).run()


@dataclass
class _Build:
    options: argparse.Namespace
    project: Project
    began: float = field(default_factory=time.perf_counter)

    def run(self) -> int:
        if last := self._unchanged():
            self._say(f"nothing to do: {last.summary}")
            return 0

        # What a build needs is loaded only now: looking whether there is anything to do takes no library.
        if self.options.only:
            with self._workshop() as workshop:
                return self._figures(workshop)

        from lectern.marp.renderer import Renderer

        if not self._deck_path.is_file():
            raise UsageError(f"there is no deck {self._deck_path}", remedy="name a file: --deck PATH")
        # Node loads while this process does.
        with Renderer(self.project.cache) as renderer, self._workshop() as workshop:
            return self._deck(workshop, renderer)

    def _workshop(self) -> AbstractContextManager[Workshop]:
        from lectern.progress import Progress, progress_for
        from lectern.workshop import open_workshop

        progress = Progress() if self.options.quiet else progress_for(sys.stderr)
        return open_workshop(self.project, progress, self.options.jobs)

    def _unchanged(self) -> Record | None:
        """Return the record of the last build if everything is as it left it."""
        if self.options.force or self.options.only:
            return None
        last = read_record(self._record)
        return last if last and last.holds() else None

    @property
    def _deck_path(self) -> Path:
        return (self.options.deck or self.project.deck).resolve()

    @property
    def _out(self) -> Path:
        return (self.options.out or self.project.out).resolve()

    @property
    def _record(self) -> Path:
        """Where this build is written down: another deck, folder or choice of formats is another build."""
        fixtures = {name: fixture.value for name, fixture in self.project.fixtures.items()}
        asked = repr((str(self._deck_path), str(self._out), sorted(self.options.formats), fixtures))
        return self.project.cache / "builds" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"

    def _figures(self, workshop: Workshop) -> int:
        from lectern.making.request import Request
        from lectern.sources.catalogue import canonical

        requests = [Request(canonical(name)) for name in self.options.only]
        made = workshop.maker.make(requests, self.options.force)
        failing = [f"claim failed: {claim}" for claim in _claims(made.values()) if not claim.claim.holds]
        self._say(_counted(made, workshop.progress), workshop.progress, failing)
        return 1 if failing else 0

    def _deck(self, workshop: Workshop, renderer: Renderer) -> int:
        from lectern.build import build_deck
        from lectern.deck.source import read_deck

        path, shown = self._deck_path, self.project.shown(self._deck_path)
        workshop.digests.of(path)
        deck = read_deck(path, shown)
        options = self.options
        built = build_deck(deck, workshop, renderer, self._out, options.formats, options.force)
        outputs = ", ".join(self.project.shown(output) for output in built.outputs)
        facts = f"{built.slides} slides, {_held(built)} → {outputs}"
        complaints = _complaints(built, shown)
        if not complaints:
            self._write_record(workshop, built, f"{_all_fresh(built.ready.figures)}, {facts}")
        counted = _counted(built.ready.figures, workshop.progress)
        self._say(f"{counted}, {facts}", workshop.progress, complaints)
        return 1 if complaints else 0

    def _write_record(self, workshop: Workshop, built: Built, summary: str) -> None:
        digests = workshop.digests
        inputs = {**digests.seen, **{path: digests.of(path) for path in _engine()}}
        write_record(self._record, inputs, built.outputs, digests.searched, summary)

    def _say(self, text: str, progress: Progress | None = None, complaints: Collection[str] = ()) -> None:
        if progress:
            progress.close()
        for complaint in complaints:
            print(complaint, file=sys.stderr)
        if not self.options.quiet:
            print(f"{text} · {time.perf_counter() - self.began:.1f} s", flush=True)


def _claims(figures: Collection[Made]) -> list:
    from lectern.deck.claims import NamedClaim

    return [
        NamedClaim(made.sidecar.figure, name, claim)
        for made in figures
        for name, claim in made.sidecar.claims.items()
    ]


def _complaints(built: Built, shown: str) -> list[str]:
    """Return what is wrong with a deck that was nevertheless written."""
    said = [
        f"claim failed: {shown}, slide {item.slide}: «{item.sentence}» rests on {item.claim}"
        for item in built.stated
        if not item.claim.claim.holds
    ]
    stated = {item.claim for item in built.stated}
    said += [
        f"claim failed: {claim}"
        for claim in _claims(built.ready.figures.values())
        if not claim.claim.holds and claim not in stated
    ]
    return said + ([f"error: {built.missing}"] if built.missing else [])


def _held(built: Built) -> str:
    claims = _claims(built.ready.figures.values())
    holding = sum(claim.claim.holds for claim in claims)
    remote = f", {len(built.remote)} files from the network" if built.remote else ""
    return f"{holding} of {len(claims)} claims hold{remote}"


def _counted(figures: Collection[object], progress: Progress) -> str:
    """Return how many figures there are, and for how many of them which step ran."""
    touched = {figure for figure, _, _ in progress.ran}
    if not touched:
        return _all_fresh(figures)
    done = {"compute": "computed", "draw": "drawn"}
    counts = {step: len({figure for figure, ran, _ in progress.ran if ran == step}) for step in done}
    steps = [f"{count} {done[step]}" for step, count in counts.items() if count]
    return f"{len(figures)} figures: {', '.join([f'{max(len(figures) - len(touched), 0)} fresh', *steps])}"


def _all_fresh(figures: Collection[object]) -> str:
    return f"{len(figures)} figures, all fresh"


def _engine() -> list[Path]:
    """Return the files that render: what they are counts for the pages as the deck does."""
    folder = ENGINE_ROOT / "lectern"
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".cjs", ".mjs")]
    return [*files, ENGINE_ROOT / "package-lock.json"]
