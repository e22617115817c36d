"""A deck's file, its front matter, and what follows from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lectern.deck.markdown import Markdown, split
from lectern.deck.options import FOREIGN, DeckOptions
from lectern.errors import DeckError, Place

TEMPLATE_SUFFIX = ".j2"
RULE = re.compile(r"^---[^\S\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class DeckSource:
    """A deck as written: a Jinja template (`NAME.md.j2`) or plain Marp Markdown (`NAME.md`)."""

    path: Path
    shown: str  # the path as a person would write it
    text: str
    options: DeckOptions = FOREIGN

    @property
    def is_template(self) -> bool:
        """Whether the deck is a Jinja template."""
        return self.path.suffix == TEMPLATE_SUFFIX

    @property
    def takes_html(self) -> bool:
        """Whether any HTML in the deck is allowed, not only what Marp considers harmless."""
        return self.is_template or self.options.html

    @property
    def folder(self) -> Path:
        """The folder to which the deck's paths are relative."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The name of its outputs: the file's up to the first dot."""
        return self.path.name.partition(".")[0]

    @cached_property
    def markdown(self) -> Markdown:
        """The text with its front matter apart; a template's slides are not Markdown yet."""
        return split(self.text, self.shown)

    @property
    def front_matter(self) -> dict[str, Any]:
        """The deck's YAML front matter; raises DeckError where it is not YAML."""
        return self.markdown.front_matter

    @property
    def language(self) -> str:
        """The deck's language, by default English."""
        return str(self.front_matter.get("lang") or "en")

    def line_of(self, fragment: str) -> int | None:
        """Return the line where `fragment` first stands in the source, if it does."""
        before, found, _ = self.text.partition(fragment)
        return before.count("\n") + 1 if found else None

    def line_of_url(self, url: str) -> int | None:
        """Return the line where a URL of the page first stands: Marp writes %20 for a space, and so on."""
        return self.line_of(url) or self.line_of(unquote(url))


def read_deck(path: Path, shown: str, options: DeckOptions = FOREIGN) -> DeckSource:
    """Read a deck; raise DeckError where there is none or it is not UTF-8 text."""
    try:
        return DeckSource(path, shown, path.read_text(encoding="utf-8-sig"), options)
    except (OSError, UnicodeDecodeError) as error:
        raise DeckError(
            f"cannot read the deck: {error}", Place(shown), "name a Markdown file in UTF-8"
        ) from error
