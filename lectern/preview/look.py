"""One look at the deck as it is on disk: what can be shown at once, what has to be made, and the problems."""

from __future__ import annotations

import contextlib
import functools
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import quote

from lectern.deck.claims import failures
from lectern.deck.options import FOREIGN, DeckOptions
from lectern.deck.pieces import Pieces
from lectern.deck.rendering import OpenDeck, ReadyDeck
from lectern.deck.source import read_deck
from lectern.deck.stage import Stage
from lectern.deck.views import NotMadeError, claims_of
from lectern.errors import BuildError, DeckError, FigureError, Place, SeveralErrors
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, with_suffix
from lectern.making.state import State, States
from lectern.marp.node import NodeDiedError
from lectern.marp.page import descriptions, loads
from lectern.marp.renderer import Contents, Renderer, Slides
from lectern.preview.pages import Pages, digest, slides_of
from lectern.sources.catalogue import Catalogue, check_acyclic
from lectern.workshop import Workshop

FILES = "/files/"  # how URLs of the deck's files begin


@dataclass(frozen=True)
class Look:
    """What one look found."""

    pages: Pages | None  # None where the deck cannot be rendered, or shows figures that were never made
    stale: Mapping[Request, str]  # figures that have to be made and can be, with what they are made from
    waiting: frozenset[Request]  # stale figures that ask for one of these
    figures: tuple[Request, ...]  # all that the deck shows
    problems: tuple[str, ...]
    remarks: tuple[str, ...] = ()  # of this look and those before, for the person who runs the preview


class Looker:
    """Looks at one deck, again and again, with one warm renderer. Not safe to use from several threads."""

    def __init__(
        self, path: Path, workshop: Workshop, renderer: Renderer, options: DeckOptions = FOREIGN
    ) -> None:
        self._options = options
        self._path, self._renderer, self._workshop = path, renderer, workshop
        self._pieces = Pieces()
        self._known: dict[Request, State] = {}  # as last seen without an error
        self._shown: tuple[Request, ...] = ()  # by the last deck that could be rendered

    @property
    def inputs(self) -> set[Path]:
        """The files that the last look depended on, whether they exist or not."""
        return set(self._workshop.digests.seen) | {self._path}

    @property
    def folders(self) -> set[Path]:
        """The folders in which the last look searched for files."""
        return set(self._workshop.digests.searches.folders)

    def outdated(self) -> list[Path]:
        """Return the files that have changed since the last look, and those that a search would find now."""
        digests = self._workshop.digests
        return [*digests.changed(list(digests.seen)), *digests.searches.found_since()]

    def files_of(self, request: Request) -> set[Path]:
        """Return the files that are written when a figure is made; none for one that is not known yet."""
        state = self._known.get(request)
        return {with_suffix(state.stem, suffix) for suffix in (*IMAGES, "json")} if state else set()

    def look(self, changed: Collection[Path] | None = None) -> Look:
        """Look at the deck, its figures and everything they depend on; nothing is raised, nothing made.

        Given what changed since the last look, figures that depend on none of it keep their states.
        """
        if changed is not None and any(self._came_or_went(path) for path in changed):
            changed = None  # only a look at everything finds what such a file is for
        unchanged = self._unchanged(changed)
        pages, problems = None, []
        seen = _Seen(self._workshop, self._known, unchanged)
        try:
            seen.workshop = self._refreshed(changed)
            try:
                pages, problems = self._pages(seen)
            except NodeDiedError:  # killed, perhaps because memory was short: once more, with another
                pages, problems = self._pages(seen)
        except NotMadeError as missing:
            seen.add([missing.wanted])
        except BuildError as error:
            problems = _flat(error)
        except Exception as error:  # a half-written file may break anything; the next look sees it whole
            problems = [f"{type(error).__name__}: {error}"]
        if pages:
            self._shown = tuple(seen.states)
        else:  # a mistake in the deck does not stop the figures of the last one that could be rendered
            seen.keep(self._shown)
        self._known |= seen.states
        stale, waiting = seen.stale()
        problems = [*dict.fromkeys([*problems, *(str(e) for e in seen.errors.values())])]
        remarks = tuple(self._workshop.progress.remarks)
        return Look(pages, stale, waiting, tuple(seen.states), tuple(problems), remarks)

    def _came_or_went(self, path: Path) -> bool:
        """Whether a file is new to the deck, or was created or deleted."""
        return path not in self.inputs or (self._workshop.digests.seen.get(path) is None) == path.exists()

    def _refreshed(self, changed: Collection[Path] | None) -> Workshop:
        """Return the workshop that will read again what changed, or everything where that is not known."""
        digests = self._workshop.digests
        if changed is None:
            digests.look_again()
        for path in changed or ():
            digests.wrote(path)
        project = self._workshop.project
        catalogue = Catalogue(project, digests)
        states = States(project, catalogue, digests, self._workshop.store)
        return replace(self._workshop, catalogue=catalogue, states=states)

    def _unchanged(self, changed: Collection[Path] | None) -> dict[Request, State]:
        """Return the states of figures that depend on nothing that changed."""
        if changed is None:
            return {}
        return {r: state for r, state in self._known.items() if not self._depends(state, changed)}

    def _depends(self, state: State, changed: Collection[Path]) -> bool:
        """Whether these changes may change a figure's state; that of one that asks for other figures always may."""
        if state.compute is None or set(state.script.requests) - set(self._workshop.project.fixtures):
            return True
        files = self.files_of(state.request) | {state.script.path}
        return any(
            path in files or (key and path in key.reads) for path in changed for key in state.steps.values()
        )

    def _pages(self, seen: _Seen) -> tuple[Pages, list[str]]:
        """Return the deck rendered with its figures as they are, and the claims that do not hold."""
        workshop, shown = seen.workshop, self._workshop.project.shown(self._path)
        workshop.digests.of(self._path)
        deck = read_deck(self._path, shown, self._options)
        if not deck.text.strip():  # also for a moment while it is being written
            raise DeckError("the deck is empty", Place(shown), "write a slide, or undo what emptied it")
        stage, source = Stage(deck, workshop, self._renderer), OpenDeck(deck, workshop, self._pieces)
        rendered = source.render(seen.lookup)
        seen.add(source.shown_by_path(source.ready(rendered, dict(seen.states))))
        for request, state in seen.states.items():
            if state.sidecar is None:
                raise NotMadeError(request)
        ready = source.ready(rendered, seen.states)
        slides, stated = stage.show(ready)
        failing = failures(stated, claims_of(seen.states.values()), shown)
        found = loads(slides, stage.resolving(ready), deck)
        return self._filled(ready, slides, found.files), failing

    def _filled(self, ready: ReadyDeck[State], slides: Slides, files: Mapping[str, Path]) -> Pages:
        """Return the slides with the URLs under which the preview serves `files`, which are by the deck's URLs."""
        names = {url: f"{self._digest(path)}/{path.name}" for url, path in files.items()}
        urls = {url: FILES + quote(name) for url, name in names.items()}
        texts, css = self._renderer.filled(Contents(urls, descriptions(urls, ready.alt_of)))
        served = {names[url]: path for url, path in files.items()}
        shell = self._shell(ready.rendered.markdown.fenced)
        return Pages(slides_of(texts, slides.comments), css, served, shell)

    def _digest(self, path: Path) -> str:
        return self._workshop.digests.of(path) or digest(str(path))

    @functools.lru_cache(maxsize=1)  # noqa: B019
    def _shell(self, front_matter: str) -> tuple[str, str, str]:
        return self._renderer.shell(front_matter)


@dataclass
class _Seen:
    """The figures that one look has found."""

    workshop: Workshop
    known: Mapping[Request, State]
    unchanged: Mapping[Request, State]
    states: dict[Request, State] = field(default_factory=dict)
    errors: dict[Request, BuildError] = field(default_factory=dict)

    def add(self, requests: Iterable[Request]) -> None:
        for request in requests:
            self.lookup(request)

    def keep(self, requests: Iterable[Request]) -> None:
        """Add those of these figures that still exist."""
        for request in requests:
            with contextlib.suppress(BuildError):
                self.lookup(request)

    def lookup(self, request: Request) -> State:
        """Return a figure's state; the last known one if its script cannot be read."""
        if request not in self.states:
            try:
                self.states[request] = self.unchanged.get(request) or self.workshop.states.of(request)
            except (
                Exception
            ) as error:  # a script that is cut off within a character, or deleted as it is read
                failed = error if isinstance(error, BuildError) else self._unreadable(request, error)
                if request not in self.known:
                    raise failed from error
                self.errors[request] = failed
                self.states[request] = self.known[request]
        return self.states[request]

    def _unreadable(self, request: Request, error: Exception) -> FigureError:
        known = self.known.get(request)
        place = Place(self.workshop.project.shown(known.script.path)) if known else None
        return FigureError(f"figure {request.name!r}: {type(error).__name__}: {error}", place)

    def stale(self) -> tuple[dict[Request, str], frozenset[Request]]:
        """Return the figures to be made with what they are made from, and those that wait for such a one."""
        with contextlib.suppress(Exception):  # reported already, with the figure concerned
            names = check_acyclic({request.name for request in self.states}, self.workshop.catalogue)
            asked = {of for name in names for of in self.workshop.catalogue.asked_figures(name)}
            self.add(Request(name) for name in names if name in asked)
        stale = {r: s for r, s in self.states.items() if not s.fresh and r not in self.errors}
        ready = {request: self._inputs(state) for request, state in stale.items() if not state.waits_for}
        return ready, frozenset(stale) - frozenset(ready)

    def _inputs(self, state: State) -> str:
        """Return a digest of what the figure would be made from, the same before and after its data are computed."""
        keys, script, parameters = self.workshop.states.keys, state.script, state.parameters
        found = [state.compute] if state.compute else []
        with contextlib.suppress(Exception):  # a file is missing: the job will report it
            found += [keys.report(script, parameters, "", compute) for compute in found]
            found.append(keys.draw(script, parameters, data=""))
        return digest(repr([*(key.digest for key in found), self.workshop.digests.of(state.script.path)]))


def _flat(error: BuildError) -> list[str]:
    return [str(part) for part in error.errors] if isinstance(error, SeveralErrors) else [str(error)]
