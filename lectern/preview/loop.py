"""The thread that keeps the preview up to date: it waits for events, looks at the deck, and publishes the result."""

from __future__ import annotations

import contextlib
import queue
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from lectern.making.request import Request
from lectern.preview.changes import Changes, Nearest
from lectern.preview.jobs import Ended, Jobs
from lectern.preview.look import Look, Looker
from lectern.preview.pages import Pages, read_pages, write_pages
from lectern.preview.state import Feed, FigureState
from lectern.project import Project

QUIET = 0.05  # seconds without a change after which a save counts as complete, where no event says that it is
PAUSE = 0.02  # seconds without a change after which figures are made
IDLE = 1.0  # seconds without an event after which the pages are saved
LONGEST = 0.3  # seconds that nothing may be shown while changes keep coming

PHASES = {"compute": "computing", "report": "computing", "draw": "drawing"}


@dataclass(frozen=True)
class Changed:
    """A file or folder was changed. The change is complete if a file was closed after writing, or renamed."""

    path: Path
    complete: bool = True


@dataclass(frozen=True)
class Moved:
    """A job has reached its next step."""


@dataclass(frozen=True)
class Closed:
    """The preview is over."""


Event = Changed | Moved | Ended | Closed


class Loop(threading.Thread):
    """Looks at the deck after every change, has stale figures made, and publishes the result in the feed."""

    def __init__(
        self,
        project: Project,
        looker: Looker,
        feed: Feed,
        kept: Path,
        jobs: int,
        report: Callable[[Look, float], None],
    ) -> None:
        super().__init__(name="preview", daemon=True)
        self._project, self._looker, self._feed, self._kept = project, looker, feed, kept
        self._report = report
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._changes = Changes(lambda path, complete: self._events.put(Changed(path, complete)))
        self.jobs = Jobs(project, jobs, self._events.put, lambda: self._events.put(Moved()))
        self._failed: dict[Request, Ended] = {}
        self._look = Look(None, {}, frozenset(), (), ())
        self._unkept: Pages | None = None
        self._closed = False

    def run(self) -> None:
        """Look once, then after every change, until it is closed."""
        self._feed.change(pages=read_pages(self._kept))
        self._refresh(None)
        while not self._closed:
            event = self._next()
            if changed := self._gather(event):
                self._refresh(changed)
            else:
                self._publish()  # at least that a job has reached its next step
        self._keep()

    def close(self) -> None:
        """Stop looking, and everything that runs."""
        self._events.put(Closed())
        self.join()
        self._changes.close()
        self.jobs.close()

    def _gather(self, event: Event | None = None, pause: float = 0) -> set[Path]:
        """Return what changed, once all changes are complete, several per save, and none came for `pause` seconds."""
        latest = time.monotonic() + LONGEST
        changed: set[Path] = set()
        incomplete: set[Path] = set()
        with contextlib.suppress(queue.Empty):
            while not self._closed and time.monotonic() < latest:
                event = event or self._events.get(timeout=QUIET if incomplete else pause)
                noted = self._note(event)
                changed |= noted
                complete = getattr(event, "complete", True)
                incomplete = incomplete - noted if complete else incomplete | noted
                event = None
        return changed

    def _note(self, event: Event) -> set[Path]:
        """Return the files that an event changed."""
        if isinstance(event, Changed) and self._matters(event.path):
            return {event.path}
        if isinstance(event, Ended):
            if event.error:
                self._failed[event.request] = event
            return self._looker.files_of(event.request)
        self._closed = self._closed or isinstance(event, Closed)
        return set()

    def _matters(self, path: Path) -> bool:
        """Whether the deck depends on a path. What figures write is looked at when their jobs have ended."""
        is_temporary = path.name.startswith(".") or path.name.endswith(
            "~"
        )  # that editors write beside a file
        if is_temporary or path.is_relative_to(self._project.cache) or self._is_ours(path):
            return False
        inputs, folders = self._looker.inputs, self._looker.folders
        if path in inputs or path in folders or path.parent in folders:
            return True
        return any(path in other.parents for other in (*inputs, *folders))  # a folder above them

    def _is_ours(self, path: Path) -> bool:
        running = {request.stem for request in self.jobs.steps()}
        return path.is_relative_to(self._project.images) and path.stem in running

    def _refresh(self, changed: set[Path] | None) -> None:
        """Look, show the result, and have stale figures made.

        Making waits for a pause: where several files are saved, the last may be that of the figure in view.
        """
        latest = time.monotonic() + LONGEST
        self._show(*self._settled(changed))
        while self._look.stale and time.monotonic() < latest and (more := self._gather(pause=PAUSE)):
            self._show(*self._settled(more))
        self.jobs.want({r: inputs for r, inputs in self._look.stale.items() if r not in self._failed})
        self._publish()

    def _settled(self, changed: set[Path] | None) -> tuple[Look, float]:
        """Look, again while more changes, but not for ever; return the last look, and the seconds that all took."""
        began = time.perf_counter()
        look = self._looker.look(changed)
        while time.perf_counter() < began + LONGEST and (changed := self._gather()):
            look = self._looker.look(changed)
        return look, time.perf_counter() - began

    def _show(self, look: Look, seconds: float) -> None:
        """Publish a look before doing anything else, since a person is waiting for it."""
        self._look = look
        self._failed = {r: end for r, end in self._failed.items() if look.stale.get(r) == end.inputs}
        self._publish()
        self._report(replace(look, problems=self._problems()), seconds)
        if self._changes.watch(self._folders()):
            for path in self._looker.outdated():
                self._events.put(Changed(path))
        self._unkept = look.pages or self._unkept

    def _next(self) -> Event:
        """Return the next event; if none comes for a moment, keep the pages on disk meanwhile."""
        if self._unkept:
            with contextlib.suppress(queue.Empty):
                return self._events.get(timeout=IDLE)
            self._keep()
        return self._events.get()

    def _keep(self) -> None:
        """Keep the last good pages on disk, if there is space."""
        if self._unkept:
            write_pages(self._kept, self._unkept)
            self._unkept = None

    def _folders(self) -> set[Path]:
        """Return the folders to watch: those of all inputs, and their parents, as folders may be replaced."""
        nearest = Nearest()
        folders = {nearest[path.parent] for path in self._looker.inputs}
        folders |= {folder for folder in self._looker.folders if nearest[folder] == folder}
        folders |= {folder.parent for folder in folders if folder != self._project.root}
        return {folder for folder in folders if not folder.is_relative_to(self._project.cache)}

    def _publish(self) -> None:
        pages = {"pages": self._look.pages} if self._look.pages else {}
        self._feed.change(figures=self._figures(), problems=self._problems(), **pages)

    def _problems(self) -> tuple[str, ...]:
        failures = (str(end.error) for end in self._failed.values())
        return tuple(dict.fromkeys([*self._look.problems, *failures]))

    def _figures(self) -> tuple[FigureState, ...]:
        """Return the states of the deck's figures, with the slides that show them."""
        steps = self.jobs.steps()
        _, preview = self._feed.now
        pages = self._look.pages or preview.pages
        shown: dict[str, list[int]] = {}
        for index, slide in enumerate(pages.slides if pages else ()):
            for stem in slide.figures:
                shown.setdefault(stem, []).append(index)
        return tuple(
            self._figure(request, steps, tuple(shown.get(request.stem, ()))) for request in self._look.figures
        )

    def _figure(
        self, request: Request, steps: Mapping[Request, tuple[str, float] | None], slides: tuple[int, ...]
    ) -> FigureState:
        if request in self._failed:
            return FigureState(request.stem, "failed", None, slides)
        if step := steps.get(request):
            return FigureState(request.stem, PHASES[step[0]], step[1], slides)
        waits = request in steps or request in self._look.stale or request in self._look.waiting
        return FigureState(request.stem, "waiting" if waits else "fresh", None, slides)
