"""The Node process that renders: started once, asked many times."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

from lectern import temporary
from lectern.deck.markdown import Markdown
from lectern.errors import BuildError, SetupError
from lectern.marp import processes
from lectern.project import ENGINE_ROOT
from lectern.splice import splice

SERVER = Path(__file__).with_name("server.cjs")
CUT = "\n---\n"  # between the pieces of a deck, of which only those that are new are told
KEPT = 40  # files in the server's cache
START = 60.0  # seconds after which Node is taken not to start
ANSWER = 600.0  # and not to answer
KEEPING = 2.0  # seconds that Node has, when it is asked nothing more, to write what it keeps
FULL = ("ENOSPC", "EDQUOT", "EROFS")  # what Node calls a disk that takes nothing
INSTALL = "run `make`, or `npm ci` in the project's folder"
NODE = "install Node.js 20 or newer, then " + INSTALL


@dataclass(frozen=True)
class Slides:
    """A rendered deck: the HTML of each slide, its style, its speaker notes, the themes Marp knew."""

    slides: tuple[str, ...]
    css: str
    comments: tuple[tuple[str, ...], ...]
    themes: tuple[str, ...]


@dataclass(frozen=True)
class Contents:
    """What goes into a page: for each URL it loads another, often a data URI, and alt texts of figures by URL."""

    files: Mapping[str, str]
    descriptions: Mapping[str, str]


class RendererDiedError(SetupError):
    """Node ended; a long-lived renderer starts it anew when it is next to render."""


class ConversionError(BuildError):
    """Marp could not do what it was asked; `code` is Marp CLI's, 2 where it found no browser."""

    def __init__(self, message: str, code: int | None) -> None:
        super().__init__(message)
        self.code = code


class Renderer:
    """Marp in one warm Node process. Not safe to use from several threads at once.

    Starting does not wait: Node loads while the caller goes on. Leaving the context ends the process and
    deletes its temporary files, a browser's profile among them.
    """

    def __init__(self, cache: Path, long_lived: bool = False) -> None:
        node = shutil.which("node")
        if node is None:
            raise SetupError("Node.js was not found; the slides are rendered with it", remedy=NODE)
        if not (ENGINE_ROOT / "node_modules" / "@marp-team" / "marp-cli").is_dir():
            raise SetupError("Marp is not installed", remedy=INSTALL)
        self._cache = cache / "marp"
        self._long_lived = long_lived
        self._asked = 0
        self.notes: list[str] = []  # for whoever builds
        self.folder, self._lock = temporary.begin()
        with contextlib.ExitStack() as undoing:
            undoing.callback(temporary.end, self.folder, self._lock)
            self._said = undoing.enter_context((self.folder / "stderr").open("w+"))
            self._start(node)
            undoing.pop_all()

    def _start(self, node: str) -> None:
        # In a process that renders once or twice, V8's optimizing compiler costs more than it saves: where nothing is
        # kept yet, 0.15 s of 0.75 s for a deck of 50 slides, a third for one of 500.
        options, stays = ([], ["stays"]) if self._long_lived else (["--no-opt"], [])
        try:
            self._process = subprocess.Popen(
                [node, *options, str(SERVER), str(self._cache), *stays],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=self._said,
                encoding="utf-8",
                errors="replace",
                env={**os.environ, "TMPDIR": str(self.folder)},
                start_new_session=True,  # Ctrl-C reaches this process, which ends that one in order
            )
        except OSError as error:
            raise SetupError(f"{node} cannot be run: {error.strerror or error}", remedy=NODE) from error
        self._ready = False
        self._busy = False
        self._converted = False  # for which a browser may have been started
        self._rendered: tuple[dict[str, Any], Slides] | None = None
        self._received: dict[str, tuple[str, ...]] = {}  # the last answer's texts, by operation
        self._pieces: list[str] = []  # of the deck last told

    def __enter__(self) -> Renderer:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the process, and with it a browser it may have started."""
        try:
            if self._busy:  # with its input open: on its end it would end by itself, before its browser
                processes.end(self._process)
            else:
                self._let_end()
        finally:
            self._close_pipes()
            self._said.close()
            temporary.end(self.folder, self._lock)
        self._prune()

    def _let_end(self) -> None:
        """Let the process keep what it found out, and end; a browser that is still there ends after it."""
        started = processes.started_by(self._process) if self._converted else set()
        try:
            with contextlib.suppress(OSError):
                self._process.stdin.close()  # type: ignore[union-attr]
            with contextlib.suppress(subprocess.TimeoutExpired):
                self._process.wait(KEEPING)
        finally:
            self._process.kill()
            processes.kill(started)
            self._process.wait()

    def _close_pipes(self) -> None:
        for pipe in (self._process.stdin, self._process.stdout):
            with contextlib.suppress(OSError):
                pipe.close()  # type: ignore[union-attr]

    def _prune(self) -> None:
        """Drop the oldest of what the server keeps: packed themes, formulas, pages, compiled code."""
        with contextlib.suppress(OSError):
            kept = sorted(self._cache.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in kept[KEPT:]:
                path.unlink()

    def render(self, markdown: str, themes: Sequence[str], html: bool, emoji: str = "text") -> Slides:
        """Render `markdown` with `themes` (CSS texts) known; `html` allows any HTML in it.

        With "twemoji" for `emoji` these are pictures. The same deck asked for twice in a row is rendered once.
        Raises SetupError where Node died, or made nothing.
        """
        if self._long_lived and self._process.poll() is not None:
            self._start_anew()
        request = {"markdown": markdown, "themes": list(themes), "html": html, "emoji": emoji}
        if self._rendered is None or self._rendered[0] != request:
            answer = self._ask("render", **{**request, "markdown": self._told_pieces(markdown)})
            *slides, css = self._completed("render", answer["texts"])
            comments = tuple(map(tuple, answer["comments"]))
            slides = Slides(tuple(slides), css, comments, tuple(answer["themes"]))
            if not slides.slides:
                raise SetupError("Marp rendered no slides", remedy="build again, or reinstall: " + INSTALL)
            self._rendered = request, slides
        return self._rendered[1]

    def filled(self, contents: Contents) -> tuple[tuple[str, ...], str]:
        """Return the slides last rendered, and their style, with `contents` in them."""
        *slides, css = self._completed("fill", self._ask("fill", contents=vars(contents))["texts"])
        return tuple(slides), css

    def _told_pieces(self, markdown: str) -> tuple[int, int, list[str]]:
        """Return the deck's pieces as they are told: how many are as they were on both sides, and those between."""
        before, self._pieces = self._pieces, markdown.split(CUT)
        return splice(before, self._pieces)

    def _completed(self, operation: str, texts: Sequence[str | int]) -> tuple[str, ...]:
        """Return the texts of an answer, in which those of the last answer are given by their position there."""
        before = self._received.get(operation, ())
        self._received[operation] = tuple(before[text] if isinstance(text, int) else text for text in texts)
        return self._received[operation]

    def shell(self, front_matter: str) -> tuple[str, str, str]:
        """Return the page around slides without notes: what stands before the style, between it and them, and after."""
        before, between, after = self._ask("shell", frontMatter=front_matter)["parts"]
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
        """Return what Marp CLI makes of Markdown whose themes are those last rendered with, with `contents` in it.

        Raises ConversionError with Marp's own message, SetupError where Node died.
        """
        self._converted = True
        request = {"markdown": markdown, "options": list(options), "environment": dict(environment or {})}
        return self._made(suffix, "convert", contents, **request)

    def _made(self, suffix: str, operation: str, contents: Contents, **request: Any) -> bytes:
        output = self.folder / f"deck{suffix}"
        output.unlink(missing_ok=True)
        self._ask(operation, output=str(output), contents=str(self._given(contents)), **request)
        if not output.is_file():
            raise ConversionError("Marp CLI wrote nothing: " + self._last_words(), None)
        return output.read_bytes()

    def _given(self, contents: Contents) -> Path:
        """Return a file with the contents: megabytes take long through a pipe."""
        path = self.folder / "contents.json"
        try:
            path.write_text(json.dumps(vars(contents)), encoding="utf-8")
        except OSError as error:
            raise SetupError(f"cannot write {path}: {error.strerror}", remedy=temporary.REMEDY) from error
        return path

    def _ask(self, operation: str, **request: Any) -> dict[str, Any]:
        if not self._ready:
            self._ready = "ready" in self._read(START, "ready")
        self._asked += 1
        self._busy = True
        message = json.dumps({"id": self._asked, "op": operation, **request})
        try:
            self._process.stdin.write(message + "\n")  # type: ignore[union-attr]
            self._process.stdin.flush()  # type: ignore[union-attr]
        except OSError as error:
            raise self._died() from error
        answer = self._read(ANSWER, "id")
        self._busy = False
        self.notes += [remark for remark in answer.pop("remarks", ()) if remark not in self.notes]
        if answer.get("code") in FULL:
            raise SetupError(
                f"Node.js cannot write in {self.folder}: {answer['error']}", remedy=temporary.REMEDY
            )
        if "error" in answer:
            raise ConversionError(answer["error"], answer.get("code"))
        return answer

    def _read(self, patience: float, awaited: str) -> dict[str, Any]:
        """Return what Node says next, which has the name that is awaited; Node is ended where it says otherwise."""
        line = self._line(patience)
        try:
            answer = json.loads(line)
            if "error" in answer and "id" not in answer:
                raise SetupError(answer["error"], remedy=NODE)
            answer[awaited]
        except (ValueError, TypeError, LookupError) as error:
            processes.end(self._process)
            said = f"{self._process.args[0]} answers what Node.js would not: {line[:100].strip()!r}"  # type: ignore[index]
            raise SetupError(said, remedy=NODE) from error
        return answer

    def _line(self, patience: float) -> str:
        """Return the next line that Node writes, or end it after so many seconds."""
        latest = time.monotonic() + patience
        alarm = threading.Timer(patience, processes.end, [self._process])
        alarm.daemon = True
        alarm.start()
        try:
            line = self._process.stdout.readline()  # type: ignore[union-attr]
        finally:
            alarm.cancel()
        if not line and time.monotonic() >= latest:
            raise SetupError(f"Node.js said nothing for {patience:g} s: {self._last_words()}", remedy=NODE)
        if not line:
            raise self._died()
        return line

    def _start_anew(self) -> None:
        self._close_pipes()
        self._start(self._process.args[0])  # type: ignore[index]

    def _died(self) -> RendererDiedError:
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.wait(timeout=1)
        message = f"Node.js died while rendering (exit code {self._process.returncode}): {self._last_words()}"
        return RendererDiedError(message, remedy="build again; if it dies again, reinstall: " + INSTALL)

    def _last_words(self) -> str:
        self._said.seek(0)
        lines = [line.strip() for line in self._said.read().splitlines() if line.strip()]
        return "; ".join(lines[-5:]) or "it said nothing"


# Directives by which a slide has a say in the page around the slides.
PAGE_DIRECTIVE = re.compile(
    r"^\W*_?(?:transition|title|description|author|keywords|url|image|lang)\s*:", re.MULTILINE
)


def depends_on_slides(markdown: Markdown) -> bool:
    """Whether the page around the slides may be more than a function of the front matter.

    Marp takes a missing title from the slides and a missing language from the system, and slides may hold
    directives for the page.
    """
    named = {found.split(":")[0].strip() for found in PAGE_DIRECTIVE.findall(markdown.block)}
    return (
        not {"title", "lang"} <= named or "transition" in named or bool(PAGE_DIRECTIVE.search(markdown.body))
    )
