"""A deck's Markdown with its front matter apart: split once, and carried from the deck's file to the page."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

from lectern.deck.front_matter import read_front_matter, split_front_matter


@dataclass(frozen=True)
class Markdown:
    """Markdown as Marp takes it; `split` makes it of a text."""

    text: str
    block: str  # the front matter, without the rules around it
    start: int  # the number of the line after it
    shown: str  # the file that errors name

    @cached_property
    def front_matter(self) -> dict[str, Any]:
        """The fields of the front matter; raises DeckError where it is not YAML."""
        return read_front_matter(self.block, self.shown)

    @property
    def fenced(self) -> str:
        """The front matter between rules, as a deck without slides."""
        return f"---\n{self.block}\n---\n"

    @property
    def body(self) -> str:
        """The Markdown after the front matter."""
        return "\n".join(self.text.split("\n")[self.start - 1 :])


def split(text: str, shown: str) -> Markdown:
    """Return a text's front matter and the rest, for a deck that errors call `shown`."""
    block, start = split_front_matter(text)
    return Markdown(text, block, start, shown)
