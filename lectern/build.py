"""One build of one deck, from its source to the pages: the order in which everything happens."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lectern import atomic
from lectern.deck.allowed import allowed_for
from lectern.deck.claims import Stated, placed
from lectern.deck.front_matter import read_front_matter, split_front_matter
from lectern.deck.rendering import ReadyDeck, make_ready
from lectern.deck.source import DeckSource
from lectern.deck.themes import check_theme, styles_of, theme_files
from lectern.errors import SetupError
from lectern.making.maker import Made
from lectern.marp.faults import at_fault
from lectern.marp.page import Page, check
from lectern.marp.pdf import print_pdf
from lectern.marp.renderer import ConversionError, Renderer, Slides, depends_on_slides
from lectern.marp.resources import file_of
from lectern.sources.stamps import digest_bytes
from lectern.workshop import Workshop


@dataclass(frozen=True)
class Built:
    """What a build of a deck made."""

    outputs: Mapping[Path, str]  # with the digests of what was written
    slides: int
    ready: ReadyDeck[Made]
    stated: tuple[Stated, ...]  # sentences that rest on claims, with their slides
    remote: tuple[str, ...]  # what the page still loads from the network
    missing: SetupError | None  # why there is no PDF


def build_deck(
    deck: DeckSource,
    workshop: Workshop,
    renderer: Renderer,
    out: Path,
    formats: Sequence[str],
    force: bool = False,
) -> Built:
    """Build a deck into `out`. Nothing is written before all of the page is there and checked.

    Raises BuildError. A PDF that cannot be made is not raised: the HTML is written, and `missing` says why.
    """
    styles = styles_of(theme_files(deck, workshop.digests), workshop.project)

    def render(markdown: str) -> Slides:
        try:
            return renderer.render(markdown, list(styles.values()), deck.takes_html, deck.options.emoji)
        except ConversionError as error:
            raise at_fault(error, renderer, styles, deck, workshop.project) from error

    ready = make_ready(deck, workshop, force, foresee=render)
    page = _checked(deck, ready, workshop, render(ready.rendered.markdown))
    markdown = ready.rendered.markdown
    outputs: dict[Path, str] = {}
    if "html" in formats:
        outputs |= _written(out / f"{deck.name}.html", _html(renderer, markdown, page), workshop)
    missing = None
    if "pdf" in formats:
        try:
            pdf = print_pdf(renderer, markdown, page, workshop.project.cache)
            outputs |= _written(out / f"{deck.name}.pdf", pdf, workshop)
        except SetupError as error:
            missing = error
            if (out / f"{deck.name}.pdf").exists():
                missing.message += f". {deck.name}.pdf is of an earlier build"
    for note in renderer.notes:
        workshop.progress.tell(note)
    stated = placed(list(ready.rendered.stated), page.slides.slides)
    return Built(outputs, len(page.slides.slides), ready, tuple(stated), page.remote, missing)


def _checked(deck: DeckSource, ready: ReadyDeck, workshop: Workshop, slides: Slides) -> Page:
    """Check rendered slides, and find the files that go into the page."""
    front_matter = read_front_matter(ready.rendered.markdown, deck.shown)
    check_theme(front_matter.get("theme"), slides.themes, deck.shown)

    return check(slides, resolving(deck, ready, workshop), describing(ready), deck)


def resolving(deck: DeckSource, ready: ReadyDeck, workshop: Workshop) -> Callable[[str], Path]:
    """Return what finds the file that a URL on the deck's slides means, and notes that the deck depends on it.

    It raises DeckError for a file that the deck may not show.
    """
    allowed = allowed_for(deck, workshop.project)

    def resolve(url: str) -> Path:
        path = ready.picture(url)
        if path is None:
            path = file_of(url, deck.folder)
            allowed.demand(path, url)
        workshop.digests.of(path)
        return path

    return resolve


def describing(ready: ReadyDeck) -> Callable[[str], str | None]:
    """Return what finds the alt text of the figure that a URL shows."""

    def alt_of(url: str) -> str | None:
        made = ready.made_for(url)
        return made.sidecar.description if made and made.sidecar else None

    return alt_of


def _html(renderer: Renderer, markdown: str, page: Page) -> bytes:
    if depends_on_slides(markdown):
        return renderer.convert(markdown, page.contents, ".html")
    front_matter, _ = split_front_matter(markdown)
    return renderer.page(f"---\n{front_matter}\n---\n", page.contents)


def _written(path: Path, content: bytes, workshop: Workshop) -> dict[Path, str]:
    workshop.progress.wrote(path)
    atomic.write(path, content)
    return {path: digest_bytes(content)}
