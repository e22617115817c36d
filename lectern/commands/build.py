"""`build.py`: build a deck, or say that there is nothing to do."""

from __future__ import annotations

import argparse
import contextlib
import gc
import hashlib
import sys
import time
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from lectern.commands.record import Record, read_record, record_of, write_record
from lectern.deck.options import DeckOptions, deck_path, options_of, refuse_missing
from lectern.project import ENGINE_ROOT, Project

if TYPE_CHECKING:
    from lectern.build import Built
    from lectern.deck.source import DeckSource
    from lectern.marp.renderer import Renderer
    from lectern.progress import Progress
    from lectern.workshop import Workshop


# Objects allocated before Python's garbage collector runs. Most of what a build allocates is used until its end: with
# the default of 700, the collector takes a twentieth of the time.
COLLECTED_AFTER = 100_000


def build(options: argparse.Namespace, project: Project) -> int:
    """Build the deck, or the figures, that the options name; return the exit code."""
    return _Build(options, project).run()


@dataclass
class _Build:
    options: argparse.Namespace
    project: Project
    began: float = field(default_factory=time.perf_counter)
    _remarks: list[str] = field(default_factory=list)

    def run(self) -> int:
        if last := self._unchanged():
            self._say(f"nothing to do: {last.summary}")
            return 0
        self._clean()

        gc.set_threshold(COLLECTED_AFTER)
        # Libraries are imported only now: finding out that there is nothing to do needs none.
        if self.options.only:
            with self._workshop() as workshop:
                return self._figures(workshop)

        from lectern.marp.renderer import Renderer

        refuse_missing(self._deck_path)
        # Node loads while this process does.
        with Renderer(self.project.cache) as renderer, self._workshop() as workshop:
            return self._deck(workshop, renderer)

    def _clean(self) -> None:
        """Delete what killed builds left behind."""
        from lectern import atomic, temporary

        temporary.clean()
        cache = self.project.cache
        images = self.project.images
        folders = [images, *(path for path in images.glob("*") if path.is_dir()), self._out]
        atomic.clean([*folders, *(cache / name for name in ("", "results", "builds", "preview"))])

    @contextlib.contextmanager
    def _workshop(self) -> Iterator[Workshop]:
        """Open the workshop; an interruption reports what had been written by then."""
        from lectern.progress import Progress, progress_for
        from lectern.workshop import open_workshop

        progress = Progress() if self.options.quiet else progress_for(sys.stderr)
        try:
            options = self.options
            with open_workshop(self.project, progress, options.jobs, options.memory_limit) as workshop:
                yield workshop
        except KeyboardInterrupt:
            written = ", ".join(self.project.shown(path) for path in dict.fromkeys(progress.written))
            raise KeyboardInterrupt(f"written before: {written}" if written else "") from None

    def _unchanged(self) -> Record | None:
        """Return the record of the last build if nothing has changed since."""
        if self.options.force or self.options.only:
            return None
        last = read_record(self._record, self._remarks.append)
        if (found := last and last.unchanged()) and found != last:
            # With the new stamps, the next build need not read the files.
            write_record(self._record, found, self._remarks.append)
        return found

    @cached_property
    def _deck_path(self) -> Path:
        return deck_path(self.options, self.project)

    @cached_property
    def _deck_options(self) -> DeckOptions:
        return options_of(self.options)

    @property
    def _out(self) -> Path:
        return (self.options.out or self.project.out).resolve()

    @property
    def _record(self) -> Path:
        """The file of this build's record: each deck, folder, format and set of options has its own."""
        fixtures = {name: fixture.found.place for name, fixture in self.project.fixtures.items()}
        formats = sorted(self.options.formats)
        asked = repr((str(self._deck_path), str(self._out), formats, fixtures, self._deck_options))
        return self.project.cache / "builds" / f"{hashlib.sha256(asked.encode()).hexdigest()[:16]}.json"

    def _figures(self, workshop: Workshop) -> int:
        from lectern.deck.views import claims_of
        from lectern.making.request import Request
        from lectern.sources.catalogue import canonical

        requests = [Request(canonical(name)) for name in self.options.only]
        made = workshop.maker.make(requests, self.options.force)
        failing = [f"claim failed: {claim}" for claim in claims_of(made.values()) if not claim.claim.holds]
        self._say(_counted(made, workshop.progress), workshop.progress, failing)
        return 1 if failing else 0

    def _deck(self, workshop: Workshop, renderer: Renderer) -> int:
        from lectern.build import build_deck
        from lectern.deck.claims import failures
        from lectern.deck.source import read_deck
        from lectern.deck.views import claims_of

        path, shown = self._deck_path, self.project.shown(self._deck_path)
        for file in (path, *_engine()):
            workshop.digests.of(file)
        deck = read_deck(path, shown, self._deck_options)
        options = self.options
        built = build_deck(deck, workshop, renderer, self._out, options.formats, options.force)
        failing = failures(built.stated, claims_of(built.ready.figures.values()), shown)
        problems = [f"claim failed: {text}" for text in failing]
        problems += [f"error: {built.missing}"] if built.missing else []
        beside = self._compared(deck, built, workshop, failing) if self.project.variant else {}
        written = {**built.outputs, **beside}
        facts = f"{built.slides} slides, {_held(built)} → {', '.join(map(self.project.shown, written))}"
        if not problems:
            self._write_record(workshop, written, f"{_all_fresh(built.ready.figures)}, {facts}")
        counted = _counted(built.ready.figures, workshop.progress)
        self._say(f"{counted}, {facts}", workshop.progress, problems)
        return 1 if problems else 0

    def _compared(
        self, deck: DeckSource, built: Built, workshop: Workshop, failing: Collection[str]
    ) -> dict[Path, str]:
        """Write what differs from the lecture's own where fixtures are others; return the file with its digest."""
        from lectern import atomic
        from lectern.deck.compared import compare, written
        from lectern.deck.rendering import own_reading
        from lectern.sources.stamps import digest_bytes

        own = own_reading(deck, workshop)
        if own is None or not own.stated:
            return {}
        found = compare(built.ready.rendered.markdown, built.stated, own.markdown, own.stated)
        fixtures = {name: it.value for name, it in self.project.fixtures.items() if not it.is_default}
        page = written(found, deck.shown, fixtures, _held(built), failing).encode()
        path = self._out / f"{deck.name}-compared.md"
        workshop.progress.wrote(path)
        atomic.write(path, page)
        self._remarks.append(f"beside the lecture's own: {found.summary}: see {self.project.shown(path)}")
        return {path: digest_bytes(page)}

    def _write_record(self, workshop: Workshop, outputs: Mapping[Path, str], summary: str) -> None:
        digests = workshop.digests
        record = record_of(digests.sightings, outputs, digests.searches.folders, summary)
        write_record(self._record, record, workshop.progress.tell)

    def _say(self, text: str, progress: Progress | None = None, problems: Collection[str] = ()) -> None:
        if progress:
            progress.close()
        for remark in dict.fromkeys([*self._remarks, *(progress.remarks if progress else ())]):
            print(f"note: {remark}", file=sys.stderr)
        for problem in problems:
            print(problem, file=sys.stderr)
        if not self.options.quiet:
            print(f"{text} · {time.perf_counter() - self.began:.1f} s", flush=True)


def _held(built: Built) -> str:
    from lectern.deck.views import claims_of

    claims = claims_of(built.ready.figures.values())
    holding = sum(claim.claim.holds for claim in claims)
    remote = f", {len(built.remote)} files from the network" if built.remote else ""
    return f"{holding} of {len(claims)} claims hold{remote}"


def _counted(figures: Collection[object], progress: Progress) -> str:
    """Return how many figures there are, and for how many of them which step ran."""
    from lectern.progress import DONE

    touched = {figure for figure, _, _ in progress.ran}
    if not touched:
        return _all_fresh(figures)
    counts = {step: len({figure for figure, ran, _ in progress.ran if ran == step}) for step in DONE}
    steps = [f"{count} {DONE[step]}" for step, count in counts.items() if count]
    return f"{len(figures)} figures: {', '.join([f'{max(len(figures) - len(touched), 0)} fresh', *steps])}"


def _all_fresh(figures: Collection[object]) -> str:
    return f"{len(figures)} figures, all fresh"


def _engine() -> list[Path]:
    """Return the engine's files, on which the pages depend as on the deck."""
    folder = ENGINE_ROOT / "lectern"
    files = [path for path in folder.rglob("*") if path.suffix in (".py", ".cjs", ".mjs")]
    return [*files, ENGINE_ROOT / "package-lock.json"]
