"""Marp: Markdown to slides, and slides to files."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from lectern import temporary
from lectern.deck.markdown import Markdown
from lectern.errors import SetupError
from lectern.marp.node import INSTALL, ConversionError, Node
from lectern.splice import splice

SEPARATOR = "\n---\n"  # between the pieces of a deck, of which only those that are new are sent
KEPT = 40  # files in the server's cache


@dataclass(frozen=True)
class Slides:
    """A rendered deck: the HTML of each slide, its style, its speaker notes, the themes that Marp knew."""

    slides: tuple[str, ...]
    css: str
    comments: tuple[tuple[str, ...], ...]
    themes: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """What replaces a page's URLs, often data URIs, and the alt texts of figures by URL."""

    files: Mapping[str, str]
    descriptions: Mapping[str, str]


class Renderer:
    """Marp in one warm Node process. Not safe to use from several threads at once.

    Leaving the context ends the process and deletes its temporary files, a browser's profile among them. A long-lived
    renderer starts another process where its own was killed.
    """

    def __init__(self, cache: Path, long_lived: bool = False) -> None:
        """Start Node, without waiting for it; raises SetupError where it or Marp is not installed."""
        self._cache = cache / "marp"
        self._long_lived = long_lived
        self.folder, self._lock = temporary.begin()
        with contextlib.ExitStack() as undoing:
            undoing.callback(temporary.end, self.folder, self._lock)
            self._node = Node(self._cache, self.folder, long_lived)
            undoing.pop_all()
        self._forget()

    def _forget(self) -> None:
        """Forget what the process was sent, and sent itself."""
        self._rendered: tuple[dict[str, Any], Slides] | None = None
        self._received: dict[str, tuple[str, ...]] = {}  # the last answer's texts, by operation
        self._pieces: list[str] = []  # of the deck last sent

    @property
    def remarks(self) -> list[str]:
        """Remarks for the person who builds."""
        return self._node.remarks

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and any browser that it started."""
        try:
            self._node.close()
        finally:
            temporary.end(self.folder, self._lock)
        self._prune()

    def _prune(self) -> None:
        """Delete the oldest files of the server's cache: packed themes, formulas, pages, compiled code."""
        with contextlib.suppress(OSError):
            kept = sorted(self._cache.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in kept[KEPT:]:
                path.unlink()

    def render(self, markdown: str, themes: Sequence[str], html: bool, emoji: str = "text") -> Slides:
        """Render `markdown` with `themes` (CSS texts) known; `html` allows any HTML in it.

        With "twemoji" for `emoji` these are pictures. The same deck asked for twice in a row is rendered once.
        Raises ConversionError with Marp's own message, SetupError where Node died, or rendered nothing.
        """
        if self._long_lived and self._node.has_ended:
            self._node.restart()
            self._forget()
        request = {"markdown": markdown, "themes": list(themes), "html": html, "emoji": emoji}
        if self._rendered is None or self._rendered[0] != request:
            answer = self._node.ask("render", **{**request, "markdown": self._changes(markdown)})
            *slides, css = self._completed("render", answer["texts"])
            comments = tuple(map(tuple, answer["comments"]))
            slides = Slides(tuple(slides), css, comments, tuple(answer["themes"]))
            if not slides.slides:
                raise SetupError("Marp rendered no slides", remedy="build again, or reinstall: " + INSTALL)
            self._rendered = request, slides
        return self._rendered[1]

    def filled(self, contents: Contents) -> tuple[tuple[str, ...], str]:
        """Return the slides last rendered, and their style, with `contents` in them."""
        *slides, css = self._completed("fill", self._node.ask("fill", contents=vars(contents))["texts"])
        return tuple(slides), css

    def _changes(self, markdown: str) -> tuple[int, int, list[str]]:
        """Return how the deck differs from the last: the numbers of equal pieces at both ends, and those between."""
        before, self._pieces = self._pieces, markdown.split(SEPARATOR)
        return splice(before, self._pieces)

    def _completed(self, operation: str, texts: Sequence[str | int]) -> tuple[str, ...]:
        """Return the texts of an answer, in which those of the last answer are given by their position there."""
        before = self._received.get(operation, ())
        self._received[operation] = tuple(before[text] if isinstance(text, int) else text for text in texts)
        return self._received[operation]

    def shell(self, front_matter: str) -> tuple[str, str, str]:
        """Return the page around slides without notes: what comes before the style, between it and them, and after."""
        before, between, after = self._node.ask("shell", frontMatter=front_matter)["parts"]
        return before, between, after

    def page(self, front_matter: str, contents: Contents) -> bytes:
        """Return the HTML page of the deck last rendered, with `contents` in it; fast.

        Only for decks of which `depends_on_slides` is false. Raises ConversionError with Marp's own message,
        SetupError where Node died.
        """
        return self._made(".html", "page", contents, frontMatter=front_matter)

    def convert(
        self,
        markdown: str,
        contents: Contents,
        suffix: str,
        options: Sequence[str] = (),
        environment: Mapping[str, str] | None = None,
    ) -> bytes:
        """Return what Marp CLI makes of Markdown, with the themes of the last rendering and `contents` in it.

        Raises ConversionError with Marp's own message, SetupError where Node died.
        """
        request = {"markdown": markdown, "options": list(options), "environment": dict(environment or {})}
        return self._made(suffix, "convert", contents, **request)

    def _made(self, suffix: str, operation: str, contents: Contents, **request: Any) -> bytes:
        output = self.folder / f"deck{suffix}"
        output.unlink(missing_ok=True)
        self._node.ask(operation, output=str(output), contents=str(self._in_a_file(contents)), **request)
        if not output.is_file():
            raise ConversionError("Marp CLI wrote nothing: " + self._node.last_words(), None)
        return output.read_bytes()

    def _in_a_file(self, contents: Contents) -> Path:
        """Return a file with the contents: megabytes take long through a pipe."""
        path = self.folder / "contents.json"
        try:
            path.write_text(json.dumps(vars(contents)), encoding="utf-8")
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror}", remedy=temporary.REMEDY) from error
        return path


# Directives by which a slide changes the page around the slides.
PAGE_DIRECTIVE = re.compile(
    r"^\W*_?(?:transition|title|description|author|keywords|url|image|lang)\s*:", re.MULTILINE
)


def depends_on_slides(markdown: Markdown) -> bool:
    """Whether the page around the slides may be more than a function of the front matter.

    Marp takes a missing title from the slides and a missing language from the system, and slides may hold
    directives for the page.
    """
    named = {found.split(":")[0].strip() for found in PAGE_DIRECTIVE.findall(markdown.block)}
    if "transition" in named or not {"title", "lang"} <= named:
        return True
    return bool(PAGE_DIRECTIVE.search(markdown.body))
