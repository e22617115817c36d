"""Front matter as Marp reads it: YAML in which every value is text, and those of Marp's own keys need no quotes."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lectern.errors import DeckError, Place

# Directives of Marpit and of Marp's command line; those of its core are read strictly. With `_` they affect one slide.
DIRECTIVES = (
    *("headingDivider", "style", "theme", "lang"),
    *("backgroundColor", "backgroundImage", "backgroundPosition", "backgroundRepeat", "backgroundSize"),
    *("class", "color", "footer", "header", "paginate"),
    *("author", "description", "image", "keywords", "title", "url", "transition"),
)
LOOSE = re.compile(rf"""((["']?)_?(?:{"|".join(DIRECTIVES)})\2\s*:)(\s*)(.*)""")
SPECIAL = tuple("[\"'{|>~&*")  # a value that begins with one of these is YAML
TAB = re.compile(r"^(\s*[^\s:#]+:)\t\s*", re.MULTILINE)  # Marp's YAML accepts it as a space

FENCE = re.compile(r"(-{3,})[ \t]*")
CLOSING = re.compile(r" {0,3}(-{3,})[ \t]*")


def split_front_matter(text: str) -> tuple[str, int]:
    """Return the text between a first line `---` and the next, and the number of the line after it.

    Without front matter: an empty text, and 1.
    """
    end = text.find("\n")
    opening = FENCE.fullmatch(text[: end if end >= 0 else None].removesuffix("\r"))
    begin, number = end + 1, 2
    while opening and end >= 0:  # lines after the front matter, most of a long deck, are not read
        at, end = end + 1, text.find("\n", end + 1)
        closing = CLOSING.fullmatch(text[at : end if end >= 0 else None].removesuffix("\r"))
        if closing and len(closing[1]) >= len(opening[1]):
            return text[begin : max(begin, at - 1)], number + 1
        number += 1
    return "", 1


def read_front_matter(block: str, shown: str) -> dict[str, Any]:
    """Return the fields of front matter as `split_front_matter` gives it: texts, lists and mappings.

    Raises DeckError, with the line, where Marp would silently ignore it.
    """
    import yaml

    block = "\n".join(_loosened(line.removesuffix("\r")) for line in block.split("\n"))
    first = 2 + len(block[: len(block) - len(block.lstrip())].split("\n")) - 1
    try:
        loader = getattr(yaml, "CBaseLoader", yaml.BaseLoader)(TAB.sub(r"\1 ", block.strip()) + "\n")
        try:
            node = loader.get_single_node()
            found = loader.construct_document(node) if node else None
        finally:
            loader.dispose()
    except UnicodeEncodeError as error:
        message = f"the front matter holds half a character: {error.object[error.start]!r}"
        raise DeckError(message, Place(shown, 1), "write the whole character") from error
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        problem = getattr(error, "problem", None) or str(error)
        raise _not_yaml(problem, Place(shown, mark.line + first if mark else 1)) from error
    if not found:
        return {}
    if not isinstance(found, dict):
        raise DeckError(
            "the front matter is not a YAML mapping", Place(shown, 1), "write one `key: value` a line"
        )
    if twice := _named_twice(node):
        raise _not_yaml(f"{twice.value} is given twice", Place(shown, twice.start_mark.line + first))
    return found


def _loosened(line: str) -> str:
    """Return a line with the value of a directive in quotes, where YAML could misread it."""
    directive = LOOSE.fullmatch(line)
    value = directive[4].rstrip() if directive else ""
    if not directive or not value or value.startswith(SPECIAL):
        return line
    escaped = value.replace('"', '\\"')
    return f'{directive[1]}{directive[3]}"{escaped}"'


def _named_twice(node: Any) -> Any:
    """Return the first key of a mapping that repeats another, if any does."""
    seen: set[str] = set()
    for key, _ in node.value:
        if key.value in seen:
            return key
        seen.add(key.value)
    return None


def _not_yaml(problem: str, place: Place) -> DeckError:
    return DeckError(f"the front matter is not YAML: {problem}", place, "quote values with «: » or «#»")


def heading_divider(front_matter: Mapping[str, Any]) -> set[int]:
    """Return the levels of the headings that begin a slide: up to a number, or in a list; other values mean none."""
    wanted = front_matter.get("headingDivider")
    if isinstance(wanted, list):
        return {level for item in wanted if (level := _leading_number(item)) in range(1, 7)}
    level = _leading_number(wanted)
    return set(range(1, level + 1)) if level in range(1, 7) else set()


def _leading_number(value: object) -> int:
    """Return the integer that a text begins with, as JavaScript reads it, or 0."""
    number = re.match(r"\s*\+?(\d+)", value) if isinstance(value, str) else None
    return int(number[1]) if number else 0
