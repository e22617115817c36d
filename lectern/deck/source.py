"""A deck's file, its front matter, and what follows from its name."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern.errors import DeckError, Place

TEMPLATE_SUFFIX = ".j2"
RULE = re.compile(r"^---[^\S\n]*$", re.MULTILINE)


@dataclass(frozen=True)
class DeckSource:
    """A deck as written: a Jinja template (`NAME.md.j2`) or plain Marp Markdown (`NAME.md`)."""

    path: Path
    shown: str  # the path as a person would write it
    text: str

    @property
    def is_template(self) -> bool:
        """Whether the deck is a Jinja template."""
        return self.path.suffix == TEMPLATE_SUFFIX

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


def read_deck(path: Path, shown: str) -> DeckSource:
    """Read a deck; raise DeckError where there is none or it is not UTF-8 text."""
    try:
        return DeckSource(path, shown, path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise DeckError(
            f"cannot read the deck: {error}", Place(shown), "name a Markdown file in UTF-8"
        ) from error


def split_front_matter(text: str) -> tuple[str, int]:
    """Return the text between the first two `---` lines, and the number of the line after them.

    Without front matter: an empty text, and 1.
    """
    if (opening := RULE.match(text)) and (closing := RULE.search(text, opening.end())):
        block = text[opening.end() + 1 : max(closing.start() - 1, opening.end() + 1)]
        return block, text.count("\n", 0, closing.start()) + 2
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
