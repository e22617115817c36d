"""Whose picture `img/NAME.png` is: a figure's, or a deck's own."""

from __future__ import annotations

from lectern.deck.allowed import allowed_for
from lectern.deck.mentions import named_figure
from lectern.deck.source import DeckSource
from lectern.errors import DeckError
from lectern.marp.resources import file_of
from lectern.workshop import Workshop


class Pictures:
    """The images of one deck: a deck from outside the project that comes with `img/NAME.png` shows its own."""

    def __init__(self, deck: DeckSource, workshop: Workshop) -> None:
        self._deck, self._workshop = deck, workshop
        self._is_foreign = not deck.folder.resolve().is_relative_to(workshop.project.root.resolve())
        self._allowed = allowed_for(deck, workshop.project)

    def figure_of(self, url: str) -> str | None:
        """Return the figure that an image's path stands for; a remark says where the deck's own is shown."""
        name = named_figure(url, self._workshop.catalogue)
        if name and self.is_own(url):
            remark = f"{self._deck.shown} shows its own {url}, not the figure {name!r}"
            self._workshop.progress.tell(remark)
            return None
        return name

    def is_own(self, url: str) -> bool:
        """Whether a path means a file that came with the deck, on which the build depends from now on."""
        if not self._is_foreign:
            return False
        try:
            path = file_of(url, self._deck.folder)
        except DeckError:
            return False
        return path in self._allowed and self._workshop.digests.of(path) is not None
