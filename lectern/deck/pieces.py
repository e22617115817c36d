"""A template cut at the ends of its slides, so that after an edit only what was edited is compiled anew.

Jinja compiles a template as a whole, which takes longer than all else that is done to a deck. Cut to pieces it comes
out the same where each piece is a template by itself, and none leaves anything to those after it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from jinja2 import Environment, Template
from jinja2.runtime import new_context

# Statements whose effect does not end with their own end tag.
LASTING = re.compile(r"\[%[-+]?\s*(?:set|import|from|macro|extends|block|do)\b")
END = "\n---\n"
# What Jinja does not leave as it is: tags, and ends of lines as other systems write them.
SIGNS = ("[[", "[%", "[#", "\r")


class Pieces:
    """The pieces of the template last compiled, by their text, and the environment that they were compiled in."""

    def __init__(self) -> None:
        self._made: tuple[str, Environment] | None = None
        self._known: dict[str, Template | str] = {}

    def environment(self, language: str, make: Callable[[], Environment]) -> Environment:
        """Return the environment for a language: the last one made, or a new one.

        Those made for one language have to be alike, and to keep no templates.
        """
        if self._made is None or self._made[0] != language:
            self._made, self._known = (language, make()), {}
        return self._made[1]

    def rendered(self, environment: Environment, text: str, names: Mapping[str, Any]) -> Iterator[str]:
        """Yield what each piece of a text becomes.

        Raises TemplateSyntaxError, with the wrong line, where a piece is no template by itself.
        """
        texts = [text] if LASTING.search(text) else _cut(text)
        self._known = {piece: self._known.get(piece) or _compiled(environment, piece) for piece in texts}
        context = new_context(environment, None, {}, dict(names), globals=environment.make_globals(None))
        for text in texts:
            piece = self._known[text]
            if isinstance(piece, str):
                yield piece
            else:
                yield from piece.root_render_func(context)


def _cut(text: str) -> list[str]:
    *pieces, last = text.split(END)
    return [*(piece + END for piece in pieces), last]


def _compiled(environment: Environment, piece: str) -> Template | str:
    """Return a piece as a template, or as it is if it holds nothing for Jinja."""
    if not any(sign in piece for sign in SIGNS):
        return piece
    code = environment.compile(piece)
    return environment.template_class.from_code(environment, code, environment.make_globals(None))
