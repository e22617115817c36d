"""Deck templates: Jinja with brackets, since `{{ }}`, `{% %}` and `{# #}` occur in LaTeX."""

from __future__ import annotations

import contextlib
import traceback
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import (
    Environment,
    FileSystemLoader,
    StrictUndefined,
    Template,
    TemplateNotFound,
    TemplateSyntaxError,
    UndefinedError,
)
from jinja2.exceptions import SecurityError
from jinja2.sandbox import ImmutableSandboxedEnvironment

from lectern.deck.allowed import Allowed, allowed_for
from lectern.deck.claims import ClaimTag, Stated
from lectern.deck.markdown import Markdown, split
from lectern.deck.named import Named, figures_by_condition, figures_in
from lectern.deck.pieces import Noting, PieceError, Pieces
from lectern.deck.source import DeckSource
from lectern.deck.views import FiguresView, Lookup, NotMadeError
from lectern.errors import BuildError, DeckError, Place
from lectern.making.request import Request
from lectern.project import Project
from lectern.sources.catalogue import Catalogue
from lectern.sources.digests import Digests


@dataclass(frozen=True)
class Rendered:
    """A deck as Markdown, and its sentences that rest on claims."""

    markdown: Markdown
    stated: tuple[Stated, ...]


class DeckTemplate:
    """One deck's template."""

    def __init__(
        self,
        deck: DeckSource,
        project: Project,
        catalogue: Catalogue,
        digests: Digests,
        filters: Mapping[str, Callable[..., str]],
        functions: Mapping[str, Callable[..., str]],
        pieces: Pieces | None = None,
    ) -> None:
        self._deck = deck
        self._pieces = pieces
        self._project = project
        self._catalogue = catalogue
        self._functions = functions
        self._chosen = project.chosen

        def environment() -> Environment:
            return _environment(_NotingLoader(deck.folder, digests, allowed_for(deck, project)), filters)

        self._environment = pieces.environment(deck.language, environment) if pieces else environment()

    def mentions(self) -> dict[Request, int]:
        """Return the figures that the template names as constants, with their lines.

        Raises DeckError for template syntax, for a figure that does not exist and for wrong parameters.
        """
        found: dict[Request, int] = {}
        for name, parameters, line in self._named():
            found.setdefault(self._request(name, parameters, line), line)
        return found

    def beside(self, request: Request) -> list[Request]:
        """Return a figure that turned out to be needed, with those that its condition in the template names too."""
        with self._placing_errors():
            tree = self._environment.parse(self._deck.text, filename=str(self._deck.path))
        groups = [[self._request(*named) for named in group] for group in figures_by_condition(tree)]
        return next((group for group in groups if request in group), [request])

    def _named(self) -> list[Named]:
        if self._pieces:
            with contextlib.suppress(PieceError):  # parsed whole, a mistake has its line
                return self._pieces.named(self._environment, self._deck.text)
        with self._placing_errors():
            tree = self._environment.parse(self._deck.text, filename=str(self._deck.path))
        return list(figures_in(tree))

    def _request(self, name: str, parameters: Mapping[str, Any], line: int) -> Request:
        try:
            figure = FiguresView(self._catalogue, lambda _: None, self._project.root)[name]
            return figure(**parameters).request
        except DeckError as error:
            raise DeckError(error.message, Place(self._deck.shown, line), error.remedy) from error

    def render(self, made: Lookup) -> Rendered:
        """Render the template with the figures that `made` finds.

        Raises NotMadeError for a figure it does not find, DeckError, with file and line, for what is undefined.
        """
        if self._pieces:
            with contextlib.suppress(PieceError):  # rendered whole, a mistake has its line
                return self._in_pieces(self._pieces, made)
        names = self._names(made, self._functions)
        stated = self._stating()
        with self._placing_errors():
            markdown = self._whole().render(names)
        return self._result(markdown, stated)

    def _whole(self) -> Template:
        """Return the deck's template as it was read, even if the file has changed since."""
        environment, path = self._environment, self._deck.path
        code = environment.compile(self._deck.text, path.name, str(path))
        return Template.from_code(environment, code, environment.make_globals(None))

    def _in_pieces(self, pieces: Pieces, made: Lookup) -> Rendered:
        noting = Noting(made)
        functions = {name: noting.function(function) for name, function in self._functions.items()}
        names = self._names(noting, functions)
        stated = self._stating()
        markdown = "".join(pieces.rendered(self._environment, self._deck.text, names, noting, stated))
        return self._result(markdown, stated)

    def _names(self, made: Lookup, functions: Mapping[str, Callable[..., str]]) -> dict[str, Any]:
        """Return what the template may name."""
        figures = FiguresView(self._catalogue, made, self._project.root)
        return {"figures": figures, "chosen": self._chosen, **functions}

    def _stating(self) -> list[Stated]:
        """Return the list to which the template will add the claims that it states."""
        stated: list[Stated] = []
        self._environment.stated = stated  # type: ignore[attr-defined]
        return stated

    def _result(self, markdown: str, stated: list[Stated]) -> Rendered:
        """Return what was rendered; raise DeckError where an expression gave half of a character."""
        try:
            markdown.encode()
        except UnicodeEncodeError as error:
            half = markdown[error.start]
            place = Place(self._deck.shown, self._deck.line_of(half.encode("unicode_escape").decode()))
            raise DeckError(f"half a character: {half!r}", place, "write the whole character") from error
        return Rendered(split(markdown, self._deck.shown), tuple(stated))

    @contextlib.contextmanager
    def _placing_errors(self) -> Iterator[None]:
        """Turn whatever goes wrong in the template into a DeckError with file and line."""
        try:
            yield
        except NotMadeError:
            raise
        except TemplateSyntaxError as error:
            place = self._place(error.filename, error.lineno)
            raise DeckError(f"template syntax: {error.message}", place, "correct the tag") from error
        except TemplateNotFound as error:
            place = self._place_in(error)
            raise DeckError(
                f"there is no template {error.name}", place, "paths start at the deck's folder"
            ) from error
        except BuildError as error:
            if error.place is None:
                error.place = self._place_in(error)
            raise
        except SecurityError as error:
            remedy = "a template has access to figures, their values and claims, not to Python's internals"
            raise DeckError(f"{error}", self._place_in(error), remedy) from error
        except UndefinedError as error:
            known = ", ".join(sorted(["figures", "chosen", *self._functions]))
            raise DeckError(f"{error}", self._place_in(error), f"there is: {known}") from error
        except Exception as error:
            message = f"{type(error).__name__}: {error}"
            raise DeckError(message, self._place_in(error), "correct the expression") from error

    def _place_in(self, error: BaseException) -> Place:
        """Return the innermost line of a template in an error's traceback; Jinja's tracebacks show templates."""
        frames = traceback.extract_tb(error.__traceback__)
        for frame in reversed(frames):
            if Path(frame.filename).is_relative_to(self._deck.folder):
                return self._place(frame.filename, frame.lineno)
        return Place(self._deck.shown)

    def _place(self, filename: str | None, line: int | None) -> Place:
        return Place(self._project.shown(Path(filename)) if filename else self._deck.shown, line)


def _environment(loader: FileSystemLoader, filters: Mapping[str, Callable[..., str]]) -> Environment:
    """Return an environment that caches no templates: each is read again, and its file noted, whenever it is used.

    A deck may be another person's: its expressions have access only to what they are given.
    """
    environment = ImmutableSandboxedEnvironment(
        block_start_string="[%",
        block_end_string="%]",
        variable_start_string="[[",
        variable_end_string="]]",
        comment_start_string="[#",
        comment_end_string="#]",
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
        undefined=StrictUndefined,
        loader=loader,
        extensions=[ClaimTag],
        cache_size=0,
    )
    environment.filters.update(filters)
    return environment


class _NotingLoader(FileSystemLoader):
    """Notes which files a template includes: they are inputs of the build."""

    def __init__(self, folder: Path, digests: Digests, allowed: Allowed) -> None:
        super().__init__(folder, encoding="utf-8-sig")
        self._folder, self._digests, self._allowed = folder, digests, allowed

    def get_source(self, environment: Environment, template: str) -> tuple[str, str, Callable[[], bool]]:
        """Return a template's text, as Jinja asks for it."""
        self._digests.of(self._folder / template)  # before it is read, so that a change in between is noticed
        source, filename, current = super().get_source(environment, template)
        self._allowed.demand(Path(filename), template)
        return source, filename, current
