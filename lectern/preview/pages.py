"""The rendered deck as the preview keeps it: slides by content, so that only what changed is replaced in the page."""

from __future__ import annotations

import functools
import hashlib
import html
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lectern import kept
from lectern.latest import Latest

# How two slides of the same content differ if other slides, or claims, come before or after them.
NUMBERED = re.compile(r'\b(?:id|data-marpit-pagination(?:-total)?|data-claim)="\d+"')
HEADING = re.compile(r"<h[1-6]\b[^>]*>(.*?)</h[1-6]>", re.DOTALL)
FIGURE = re.compile(r'data-figure="([^"]*)"')
SCRIPT = re.compile(r"<script\b.*?</script>", re.DOTALL)


@dataclass(frozen=True)
class Slide:
    """A slide: `id` changes with its HTML, `key` with its content, wherever in the deck it is."""

    html: str
    notes: tuple[str, ...]
    id: str
    key: str
    title: str
    figures: tuple[str, ...]  # stems of the figures that it shows


@dataclass(frozen=True)
class Pages:
    """A deck that could be rendered."""

    slides: tuple[Slide, ...]
    css: str
    files: Mapping[str, Path]  # that the page may load, by the end of the URL
    shell: tuple[str, str, str]  # of the page: before the style, between it and the slides, after them

    @functools.cached_property
    def style_id(self) -> str:
        """A digest of the style."""
        return digest(self.css)

    @property
    def ids(self) -> set[str]:
        """The ids of the slides, and of the style."""
        return {self.style_id, *(slide.id for slide in self.slides)}

    def page(self, head: str) -> str:
        """Return the whole page, with `head` first in its head, and its style with the id lectern-style."""
        before, between, after = self.shell
        before = before.replace("<head>", f"<head>{head}", 1).removesuffix("<style>")
        slides = "\n".join(slide.html for slide in self.slides)
        return f'{before}<style id="lectern-style">{self.css}{between}{slides}{after}'


def slides_of(texts: Sequence[str], comments: Sequence[Sequence[str]]) -> tuple[Slide, ...]:
    """Return the slides of rendered HTML, with their speaker notes."""
    return tuple(_slides([(text, tuple(notes)) for text, notes in zip(texts, comments, strict=True)]))


@Latest  # from one edit to the next most slides stay the same
def _slides(rendered: tuple[str, tuple[str, ...]]) -> Slide:
    text, notes = rendered
    heading = HEADING.search(text)
    plain = html.unescape(re.sub(r"<[^>]+>", "", heading[1])).strip() if heading else ""
    content = SCRIPT.sub("", NUMBERED.sub("", text))
    figures = tuple(dict.fromkeys(html.unescape(stem) for stem in FIGURE.findall(text)))
    return Slide(text, notes, digest(text), digest(content), plain, figures)


def digest(text: str) -> str:
    """Return a short digest of a text."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def write_pages(path: Path, pages: Pages) -> None:
    """Keep the pages on disk, if there is space, for a preview that starts while the deck cannot be rendered."""
    content = {
        "slides": [[slide.html, slide.notes] for slide in pages.slides],
        "css": pages.css,
        "files": {name: str(file) for name, file in pages.files.items()},
        "shell": pages.shell,
    }
    kept.write(path, json.dumps(content).encode(), _ignored)


def read_pages(path: Path) -> Pages | None:
    """Return the pages that were kept; None where there are none, or they cannot be read."""
    try:
        content = json.loads(kept.read(path, _ignored) or b"")
        slides = slides_of([text for text, _ in content["slides"]], [notes for _, notes in content["slides"]])
        files = {name: Path(file) for name, file in content["files"].items()}
        before, between, after = content["shell"]
        return Pages(slides, content["css"], files, (before, between, after))
    except (ValueError, KeyError, TypeError, AttributeError):
        return None


def _ignored(remark: str) -> None:
    """Ignore a remark: the present deck soon replaces what was kept."""
