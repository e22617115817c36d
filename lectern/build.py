"""One build of one deck, from its source to the pages: what the build command and the preview's PDF have in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lectern import atomic
from lectern.deck.claims import Stated
from lectern.deck.markdown import Markdown
from lectern.deck.rendering import ReadyDeck, make_ready
from lectern.deck.source import DeckSource
from lectern.deck.stage import Stage
from lectern.errors import SetupError
from lectern.making.maker import Made
from lectern.marp.page import Page, check
from lectern.marp.pdf import print_pdf
from lectern.marp.renderer import Renderer, depends_on_slides
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
    """Build a deck into `out`. Nothing is written before the whole page has been made and checked.

    Raises BuildError. A PDF that cannot be made is not raised: the HTML is written, and `missing` says why.
    """
    stage = Stage(deck, workshop, renderer)
    _ = stage.styles  # a theme that cannot be read is reported before any figure is made
    ready = make_ready(deck, workshop, force, foresee=stage.render)
    slides, stated = stage.show(ready)
    page = check(slides, stage.resolving(ready), ready.alt_of, deck)
    markdown = ready.rendered.markdown
    outputs: dict[Path, str] = {}
    if "html" in formats:
        outputs |= _written(out / f"{deck.name}.html", _html(renderer, markdown, page), workshop)
    missing = None
    if "pdf" in formats:
        try:
            pdf = print_pdf(renderer, markdown.text, page, workshop.project.cache)
            outputs |= _written(out / f"{deck.name}.pdf", pdf, workshop)
        except SetupError as error:
            missing = error
            if (out / f"{deck.name}.pdf").exists():
                missing.message += f". {deck.name}.pdf is of an earlier build"
    for remark in renderer.remarks:
        workshop.progress.tell(remark)
    return Built(outputs, len(page.slides.slides), ready, tuple(stated), page.remote, missing)


def _html(renderer: Renderer, markdown: Markdown, page: Page) -> bytes:
    if depends_on_slides(markdown):
        return renderer.convert(markdown.text, page.contents, ".html")
    return renderer.page(markdown.fenced, page.contents)


def _written(path: Path, content: bytes, workshop: Workshop) -> dict[Path, str]:
    workshop.progress.wrote(path)
    atomic.write(path, content)
    return {path: digest_bytes(content)}
