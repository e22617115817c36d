"""From a deck's Markdown to its slides: the steps that a build and the preview share."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from pathlib import Path

from lectern.deck.allowed import allowed_for
from lectern.deck.claims import Stated, placed
from lectern.deck.markdown import Markdown
from lectern.deck.rendering import ReadyDeck
from lectern.deck.source import DeckSource
from lectern.deck.themes import check_theme, styles_of, theme_files
from lectern.marp.faults import at_fault
from lectern.marp.node import ConversionError
from lectern.marp.renderer import Renderer, Slides
from lectern.marp.resources import file_of
from lectern.workshop import Workshop


class Stage:
    """One deck's themes and the renderer that shows its slides."""

    def __init__(self, deck: DeckSource, workshop: Workshop, renderer: Renderer) -> None:
        self._deck, self._workshop, self._renderer = deck, workshop, renderer
        self._themes = theme_files(deck, workshop.digests)

    @cached_property
    def styles(self) -> dict[Path, str]:
        """The themes' CSS by file; raises DeckError where one is not UTF-8."""
        return styles_of(self._themes, self._workshop.project)

    def render(self, markdown: Markdown) -> Slides:
        """Return the slides of Markdown.

        Raises DeckError, which names the theme if it is one that Marp refuses, SetupError where Node died.
        """
        deck, css = self._deck, list(self.styles.values())
        try:
            return self._renderer.render(markdown.text, css, deck.takes_html, deck.options.emoji)
        except ConversionError as error:
            raise at_fault(error, self._renderer, self.styles, deck, self._workshop.project) from error

    def show(self, ready: ReadyDeck) -> tuple[Slides, list[Stated]]:
        """Return a deck's slides, and the sentences on them that rest on claims.

        Raises as `render`, and DeckError where the deck's theme is not known.
        """
        markdown = ready.rendered.markdown
        slides = self.render(markdown)
        check_theme(markdown.front_matter.get("theme"), slides.themes, self._deck.shown)
        return slides, placed(list(ready.rendered.stated), slides.slides)

    def resolving(self, ready: ReadyDeck) -> Callable[[str], Path]:
        """Return what finds the file that a URL on the slides means, and notes that the deck depends on it.

        It raises DeckError for a file that the deck may not show.
        """
        deck, digests = self._deck, self._workshop.digests
        allowed = allowed_for(deck, self._workshop.project)

        def resolve(url: str) -> Path:
            path = ready.picture(url)
            if path is None:
                path = file_of(url, deck.folder)
                allowed.demand(path, url)
            digests.of(path)
            return path

        return resolve
