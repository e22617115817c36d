"""A template cut at the ends of its slides, so that after an edit only what was edited is compiled anew.

Jinja compiles a template as a whole, which takes longer than all else that is done to a deck. Cut to pieces it comes
out the same where each piece is a template by itself, and none leaves anything to those after it.
"""

from __future__ import annotations

import re
from types import CodeType

from jinja2 import Environment, Template

# Statements whose effect does not end with their own end tag.
LASTING = re.compile(r"\[%[-+]?\s*(?:set|import|from|macro|extends|block|do)\b")
END = re.compile(r"(?<=\n---\n)")


class Pieces:
    """The pieces of the template last compiled, by their text; for templates in one language."""

    def __init__(self) -> None:
        self._language = ""
        self._codes: dict[str, CodeType] = {}

    def templates(self, environment: Environment, language: str, text: str) -> list[Template]:
        """Return a template for each piece of a text.

        Raises TemplateSyntaxError, with the wrong line, where a piece is no template by itself. `environment` may be
        another each time, if it differs in nothing but what belongs to `language`: constants are folded with it.
        """
        if language != self._language:
            self._language, self._codes = language, {}
        texts = [text] if LASTING.search(text) else END.split(text)
        self._codes = {piece: self._codes.get(piece) or environment.compile(piece) for piece in texts}
        return [
            environment.template_class.from_code(
                environment, self._codes[piece], environment.make_globals(None)
            )
            for piece in texts
        ]
