"""A deck's file, its front matter, and what follows from its name."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from lectern.deck.options import FOREIGN, DeckOptions
from lectern.errors import DeckError, Place

TEMPLATE_SUFFIX = ".j2"


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
        """Whether any HTML in the deck is taken, not only what Marp takes for harmless."""
        return self.is_template or self.options.html

    @property
    def folder(self) -> Path:
        """The folder that the deck's own paths start from."""
        return self.path.parent

    @property
    def name(self) -> str:
        """The name of its outputs: the file's up to the first dot."""
        return self.path.name.partition(".")[0]

    @cached_property
    def front_matter(self) -> dict[str, Any]:
        """The deck's YAML front matter; raises DeckError where it is not YAML."""
        return read_front_matter(self.text, self.shown)

    @property
    def language(self) -> str:
        """The deck's language, English where it says none."""
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


def split_front_matter(text: str) -> tuple[str, int]:
    """Return the text between the first two `---` lines, and the number of the line after them.

    Without front matter: an empty text, and 1.
    """
    lines = text.split("\n")
    if lines[0].rstrip() != "---":
        return "", 1
    for number, line in enumerate(lines[1:], start=2):
        if line.rstrip() == "---":
            return "\n".join(lines[1 : number - 1]), number + 1
    return "", 1


def read_front_matter(text: str, shown: str) -> dict[str, Any]:
    """Return the front matter of Markdown; raise DeckError, with the line, where it is not a YAML mapping."""
    import yaml

    block, _ = split_front_matter(text)
    try:
        found = yaml.load(block, getattr(yaml, "CSafeLoader", yaml.SafeLoader))
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        place = Place(shown, mark.line + 2 if mark else 1)
        problem = getattr(error, "problem", None) or str(error)
        raise DeckError(
            f"the front matter is not YAML: {problem}", place, "quote values with «: » or «#»"
        ) from error
    if found is None:
        return {}
    if not isinstance(found, dict):
        raise DeckError(
            "the front matter is not a YAML mapping", Place(shown, 1), "write one `key: value` a line"
        )
    return found
