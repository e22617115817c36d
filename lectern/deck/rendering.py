"""From a deck's source to its Markdown, making the figures it shows on the way."""

from __future__ import annotations

import contextlib
import functools
import hashlib
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from typing import Generic, Protocol, TypeVar
from urllib.parse import unquote

from lectern.deck.allowed import allowed_for
from lectern.deck.bibliography import Bibliography, parse_bibtex
from lectern.deck.compiled import CompiledPieces
from lectern.deck.markdown import Markdown
from lectern.deck.mentions import mentions, paths_in, show_lone_code
from lectern.deck.numbers import Numbers
from lectern.deck.pictures import Pictures
from lectern.deck.pieces import Pieces
from lectern.deck.source import DeckSource
from lectern.deck.template import DeckTemplate, Rendered
from lectern.deck.views import Lookup, NotMadeError, Standing
from lectern.errors import BuildError, DeckError, Place
from lectern.making.maker import Made
from lectern.making.request import Request
from lectern.making.sidecar import IMAGES, read_sidecar, with_suffix
from lectern.making.state import State
from lectern.sources.catalogue import canonical, check_acyclic
from lectern.workshop import Workshop

Figure = TypeVar("Figure", Made, State)


def _none(url: str) -> bool:
    del url
    return False


@dataclass(frozen=True)
class ReadyDeck(Generic[Figure]):
    """A deck as Markdown, with the figures that it shows: all made, or in their present states."""

    rendered: Rendered
    figures: Mapping[Request, Figure]
    is_own: Callable[[str], bool] = _none  # whether an image's path is a file of the deck, not a figure

    @functools.cached_property
    def _by_stem(self) -> dict[str, Figure]:
        return {made.stem.name: made for made in self.figures.values()}

    def made_for(self, url: str) -> Figure | None:
        """Return the figure whose picture an image's path means, or None for other files."""
        stem = _stem_of(url)
        made = (self._by_stem.get(stem) or self._by_stem.get(canonical(stem))) if stem else None
        return None if made and self.is_own(url) else made

    def picture(self, url: str) -> Path | None:
        """Return the file of that picture."""
        made = self.made_for(url)
        return with_suffix(made.stem, PurePosixPath(unquote(url)).suffix[1:]) if made else None

    def alt_of(self, url: str) -> str | None:
        """Return the alt text of that picture."""
        made = self.made_for(url)
        return made.sidecar.description if made and made.sidecar else None


@functools.lru_cache(maxsize=1000)
def _stem_of(url: str) -> str | None:
    """Return the stem of a picture that may be a figure's, by an image's path."""
    path = PurePosixPath(unquote(url))
    return path.stem if path.parent.name == "img" and path.suffix[1:] in IMAGES else None


class Written(Protocol):
    """A deck in the language that it is written in: a template, or plain Markdown."""

    def mentions(self) -> Iterable[Request]:
        """Return the figures that the deck names as constants, known without rendering it."""
        ...

    def beside(self, request: Request) -> list[Request]:
        """Return a figure that turned out to be needed, with those that are then needed too."""
        ...

    def render(self, made: Lookup) -> Rendered:
        """Return the deck as Markdown; raise NotMadeError for a figure that is not found."""
        ...


class OpenDeck:
    """A deck ready to be rendered with figures, made or in their present states."""

    def __init__(self, deck: DeckSource, workshop: Workshop, pieces: Pieces | None = None) -> None:
        """Open a deck; `pieces` are those of its last rendering."""
        self._is_template = deck.is_template
        self._pictures = Pictures(deck, workshop)
        self._written: Written = (
            _template(deck, workshop, pieces) if deck.is_template else _Plain(deck, self._pictures)
        )

    def mentions(self) -> Iterable[Request]:
        """Return the figures that the deck names as constants, known without rendering it."""
        return self._written.mentions()

    def render(self, made: Lookup) -> Rendered:
        """Return the deck as Markdown; raise NotMadeError for a figure that is not found."""
        return self._written.render(made)

    def beside(self, request: Request) -> list[Request]:
        """Return a figure that turned out to be needed while rendering, with those that are then needed too."""
        return self._written.beside(request)

    def ready(self, rendered: Rendered, figures: Mapping[Request, Figure]) -> ReadyDeck[Figure]:
        """Return the rendered deck with its figures; those of a template are shown whatever lies beside it."""
        return ReadyDeck(rendered, figures, _none if self._is_template else self._pictures.is_own)

    def shown_by_path(self, ready: ReadyDeck) -> list[Request]:
        """Return the figures that the Markdown shows by their paths; it is parsed only if some may not be ready."""
        markdown, figure_of = ready.rendered.markdown, self._pictures.figure_of
        urls = dict.fromkeys(paths_in(markdown.text))
        if all(ready.made_for(url) or not figure_of(url) for url in urls):
            return []
        return [Request(mention.figure) for mention in mentions(markdown, figure_of)]


def make_ready(
    deck: DeckSource,
    workshop: Workshop,
    force: bool = False,
    foresee: Callable[[Markdown], object] = lambda _: None,
) -> ReadyDeck[Made]:
    """Make the figures that a deck shows and render it to Markdown.

    Figures named as constants are made first, together; those that appear only while rendering (in a loop,
    or in an included file) after. While they are made, `foresee` is called with what the Markdown will be if
    they come out unchanged. Raises DeckError and FigureError.
    """
    compiled = _compiled(deck, workshop)
    pieces = Pieces(compiled.read())
    source = OpenDeck(deck, workshop, pieces)
    wanted = list(source.mentions())
    compiled.write(pieces.compiled)
    made: dict[Request, Made] = {}
    background = ThreadPoolExecutor(1, thread_name_prefix="figures")
    try:
        while True:
            making = background.submit(workshop.maker.make, [r for r in wanted if r not in made], force)
            if draft := _draft(source, wanted, workshop):
                foresee(draft)
            made |= making.result()
            try:
                rendered = source.render(made.get)
            except NotMadeError as missing:
                wanted = [request for request in source.beside(missing.wanted) if request not in made]
                continue
            ready = source.ready(rendered, made)
            wanted = [request for request in source.shown_by_path(ready) if request not in made]
            if not wanted:
                return ready
    finally:
        background.shutdown(wait=False)  # after an error, closing the workshop stops what still runs


def _compiled(deck: DeckSource, workshop: Workshop) -> CompiledPieces:
    """Return what keeps a deck's compiled pieces."""
    name = hashlib.sha256(str(deck.path).encode()).hexdigest()[:16]
    path = workshop.project.cache / "builds" / f"{name}.pieces"
    return CompiledPieces(path, deck.language, workshop.progress.tell)


def _draft(source: OpenDeck, wanted: list[Request], workshop: Workshop) -> Markdown | None:
    """Return the deck's Markdown with its figures as they were last made; None where some are missing."""
    check_acyclic({request.name for request in wanted}, workshop.catalogue)
    with contextlib.suppress(NotMadeError, BuildError):
        return source.render(_last_made(workshop)).markdown
    return None


def own_reading(deck: DeckSource, workshop: Workshop) -> Rendered | None:
    """Return the deck with the project's own fixtures, whatever those of this run are, as its figures were last made.

    None where some never were. The build depends on them: their sidecars are noted.
    """
    own = replace(workshop, project=workshop.project.own)
    last_made = _last_made(own)

    def noted(request: Request) -> Standing:
        workshop.digests.of(with_suffix(own.project.images / request.stem, "json"))
        return last_made(request)

    with contextlib.suppress(NotMadeError, BuildError):
        return OpenDeck(deck, own).render(noted)
    return None


def _last_made(workshop: Workshop) -> Callable[[Request], Standing]:
    """Return what finds figures as they were last made; finding out whether they are fresh takes longer."""
    project, catalogue = workshop.project, workshop.catalogue

    @functools.cache
    def found(request: Request) -> Standing:
        folder = project.images / project.variant_with(catalogue.asked_fixtures(request.name))
        return Standing(read_sidecar(with_suffix(folder / request.stem, "json")))

    return found


class _Plain:
    """A plain Marp file, whose figures are those that it shows by their paths."""

    def __init__(self, deck: DeckSource, pictures: Pictures) -> None:
        self._figure_of = pictures.figure_of
        self._markdown = show_lone_code(deck.markdown, self._figure_of)

    def mentions(self) -> list[Request]:
        return [Request(mention.figure) for mention in mentions(self._markdown, self._figure_of)]

    def beside(self, request: Request) -> list[Request]:
        return [request]

    def render(self, made: Lookup) -> Rendered:
        del made
        return Rendered(self._markdown, ())


def _template(deck: DeckSource, workshop: Workshop, pieces: Pieces | None) -> DeckTemplate:
    numbers = Numbers(deck.language)
    functions = _citing(deck, workshop, numbers)
    return DeckTemplate(
        deck, workshop.project, workshop.catalogue, workshop.digests, numbers.filters, functions, pieces
    )


def _citing(deck: DeckSource, workshop: Workshop, numbers: Numbers) -> dict[str, Callable[..., str]]:
    """Return the template's functions that cite; the bibliography is read when the first is called."""

    @functools.cache
    def bibliography() -> Bibliography:
        named = deck.front_matter.get("bibliography")
        if not named:
            place = Place(deck.shown, 1)
            raise DeckError(
                "the deck cites, and names no bibliography", place, "add `bibliography: FILE.bib`"
            )
        path = deck.folder / str(named)
        shown = workshop.project.shown(path)
        try:
            allowed_for(deck, workshop.project).demand(path, str(named))
            return Bibliography(
                workshop.digests.derived.of("bibliography", path, parse_bibtex), shown, numbers
            )
        except (OSError, ValueError) as error:
            remedy = "correct the file, or `bibliography:` in the front matter"
            raise DeckError(f"cannot read the bibliography: {error}", Place(shown), remedy) from error

    def function(name: str) -> Callable[..., str]:
        return lambda *args, **options: getattr(bibliography(), name)(*args, **options)

    names = {"cite": "cite", "citep": "cite_in_parentheses", "references": "references"}
    return {name: function(method) for name, method in names.items()}
