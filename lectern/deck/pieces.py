"""A template cut at the ends of its slides, so that after an edit only what was edited is compiled and rendered again.

Jinja compiles a template as a whole, which takes longer than all the rest of rendering it. Cut into pieces it gives
the same result if each piece is a template by itself, and none affects those after it. A piece whose figures are
unchanged gives what it gave before.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import CodeType
from typing import Any

from jinja2 import Environment, Template
from jinja2.runtime import Context, new_context

from lectern.deck.claims import Stated
from lectern.deck.named import Named, figures_in
from lectern.deck.views import Lookup, NotMadeError
from lectern.making.request import Request

# Statements that affect what comes after their end tag.
LASTING = re.compile(r"\[%[-+]?\s*(?:set|import|from|macro|extends|block|do)\b")
# What may give something else each time: random choices, and other files.
PASSING = re.compile(r"\b(?:random|lipsum|include)\b")
END = "\n---\n"
# What Jinja changes: tags, and the line ends of other systems.
SIGNS = ("[[", "[%", "[#", "\r")


class PieceError(Exception):
    """A piece is no template by itself, or something went wrong in it; its line in the whole template is not known."""


@contextlib.contextmanager
def _in_a_piece() -> Iterator[None]:
    """Turn whatever Jinja, or an expression of the deck, raises into a PieceError; a figure may still be missing."""
    try:
        yield
    except NotMadeError:
        raise
    except Exception as error:
        raise PieceError from error


@dataclass
class Noting:
    """Finds figures, and notes which were found, and whether a function was called, whose value may change."""

    made: Lookup
    found: dict[Request, Any] = field(default_factory=dict)
    called: bool = False

    def __call__(self, request: Request) -> Any:
        """Return a figure."""
        self.found[request] = figure = self.made(request)
        return figure

    def function(self, function: Callable[..., str]) -> Callable[..., str]:
        """Return a function that notes when it is called."""

        def noted(*arguments: Any) -> str:
            self.called = True
            return function(*arguments)

        return noted


@dataclass(frozen=True)
class _Outcome:
    """What a piece became, the figures that it used, and the claims that it stated after `before` others."""

    text: str
    found: Mapping[Request, Any]
    before: int
    stated: tuple[Stated, ...]

    def holds(self, made: Lookup, before: int) -> bool:
        """Whether the piece would become the same again; all its figures are looked up, also after one that changed."""
        same = [made(request) is figure for request, figure in self.found.items()]
        return all(same) and (before == self.before or not self.stated)


@dataclass(frozen=True)
class Compiled:
    """A piece with something for Jinja in it, compiled: of a template in one language."""

    code: CodeType
    named: tuple[Named, ...]  # the figures that it names as constants


class _Piece:
    """A compiled piece, and what it became last."""

    def __init__(self, environment: Environment, text: str, compiled: Compiled) -> None:
        self.text, self.compiled = text, compiled
        globals_ = environment.make_globals(None)
        self._template = Template.from_code(environment, compiled.code, globals_)
        self._outcome: _Outcome | None = None
        self._lasts = not PASSING.search(text)

    def rendered(self, context: Context, noting: Noting, stated: list[Stated]) -> str:
        before = len(stated)
        with _in_a_piece():
            if self._outcome and self._outcome.holds(noting.made, before):
                stated += self._outcome.stated
                return self._outcome.text
            noting.found, noting.called = {}, False
            text = "".join(self._template.root_render_func(context))
        keeps = self._lasts and noting.found and not noting.called
        self._outcome = _Outcome(text, noting.found, before, tuple(stated[before:])) if keeps else None
        return text


class Pieces:
    """The pieces of the template last compiled, by their text, and the environment that they were compiled in."""

    def __init__(self, kept: Mapping[str, Compiled] | None = None) -> None:
        """Begin with pieces that were compiled before, in the language of the template that is rendered first."""
        self._kept = kept or {}
        self._made: tuple[str, Environment] | None = None
        self._known: dict[str, _Piece | str] = {}

    @property
    def compiled(self) -> dict[str, Compiled]:
        """The pieces of the template last compiled with something for Jinja in them."""
        return {text: piece.compiled for text, piece in self._known.items() if isinstance(piece, _Piece)}

    def environment(self, language: str, make: Callable[[], Environment]) -> Environment:
        """Return the environment for a language: the last one made, or a new one.

        Environments for one language have to be alike, and must not cache templates.
        """
        if self._made is None or self._made[0] != language:
            self._kept = {} if self._made else self._kept
            self._made, self._known = (language, make()), {}
        return self._made[1]

    def rendered(
        self,
        environment: Environment,
        text: str,
        names: Mapping[str, Any],
        noting: Noting,
        stated: list[Stated],
    ) -> Iterator[str]:
        """Yield what each piece of a text becomes; `names` find figures by `noting`, claims are added to `stated`.

        Raises PieceError where one cannot be compiled or rendered, NotMadeError for a figure that is missing.
        """
        context = new_context(environment, None, {}, dict(names), globals=environment.make_globals(None))
        for piece in self._pieces(environment, text):
            yield piece if isinstance(piece, str) else piece.rendered(context, noting, stated)

    def named(self, environment: Environment, text: str) -> list[Named]:
        """Return the figures that a text names as constants; raise PieceError as `rendered` does."""
        found, line = [], 0
        for piece in self._pieces(environment, text):
            named = () if isinstance(piece, str) else piece.compiled.named
            found += [(name, parameters, line + at) for name, parameters, at in named]
            line += (piece if isinstance(piece, str) else piece.text).count("\n")
        return found

    def _pieces(self, environment: Environment, text: str) -> list[_Piece | str]:
        """Return the pieces of a text; those with nothing for Jinja in them are plain text."""
        texts = [text] if LASTING.search(text) else _cut(text)
        self._known = {piece: self._known.get(piece) or self._piece(environment, piece) for piece in texts}
        return [self._known[piece] for piece in texts]

    def _piece(self, environment: Environment, text: str) -> _Piece | str:
        if not any(sign in text for sign in SIGNS):
            return text
        return _Piece(environment, text, self._kept.get(text) or _compiled(environment, text))


def _cut(text: str) -> list[str]:
    *pieces, last = text.split(END)
    return [*(piece + END for piece in pieces), last]


def _compiled(environment: Environment, text: str) -> Compiled:
    with _in_a_piece():
        return Compiled(environment.compile(text), tuple(figures_in(environment.parse(text))))
