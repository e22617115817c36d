"""Figures that plain Markdown refers to: `img/NAME.png` as an image, a background, or the only code on a slide."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TYPE_CHECKING
from urllib.parse import unquote

from lectern.deck.front_matter import heading_divider
from lectern.deck.markdown import Markdown
from lectern.making.sidecar import IMAGES
from lectern.sources.catalogue import Catalogue, canonical

if TYPE_CHECKING:
    from markdown_it.token import Token

# The folders before img/ are matched from their beginning only: trying at each letter would take as long as a render.
PATH = re.compile(rf"(?:(?<![\w.~%/-])[\w.~%/-]*/)?img/[\w.%-]+\.(?:{'|'.join(IMAGES)})\b")


# Finds the figure that an image's path stands for in one deck.
FigureOf = Callable[[str], str | None]


def paths_in(text: str) -> Iterator[str]:
    """Yield the paths in a text that may be those of pictures; only lines with one are searched."""
    found = text.find("img/")
    while found >= 0:
        begin, end = text.rfind("\n", 0, found) + 1, text.find("\n", found)
        end = end if end >= 0 else len(text)
        yield from PATH.findall(text[begin:end])
        found = text.find("img/", end)


@dataclass(frozen=True)
class Mention:
    """A place in the Markdown that shows a figure."""

    figure: str
    url: str
    line: int


def named_figure(url: str, catalogue: Catalogue) -> str | None:
    """Return the figure that an image's path stands for: `img/NAME.png` or .svg where a figure NAME exists."""
    path = PurePosixPath(unquote(url))
    if path.suffix[1:] not in IMAGES or path.parent.name != "img" or "://" in url:
        return None
    name = canonical(path.stem)
    return name if name in catalogue else None


def mentions(markdown: Markdown, figure_of: FigureOf) -> list[Mention]:
    """Return the figures that the Markdown shows, in order."""
    found = [(url, 1) for url in PATH.findall(markdown.block)]
    for slide in _slides(markdown):
        found += [(url, line) for kind, url, line in slide if kind == "shown"]
        codes = [(url, line) for kind, url, line in slide if kind == "code"]
        found += codes if len(codes) == 1 else []
    named = [(figure_of(url), url, line) for url, line in found]
    return [Mention(figure, url, line) for figure, url, line in named if figure]


def show_lone_code(markdown: Markdown, figure_of: FigureOf) -> Markdown:
    """Return the Markdown with each slide's only inline code, where it names a figure, turned into the image."""
    lines = markdown.text.split("\n")
    for slide in _slides(markdown):
        codes = [(text, line) for kind, text, line in slide if kind == "code"]
        if len(codes) == 1 and figure_of(codes[0][0]):
            _replace_code(lines, *codes[0])
    return replace(markdown, text="\n".join(lines))


def _replace_code(lines: list[str], url: str, first: int) -> None:
    """Replace the code span with `url`, which stands at or soon after line `first` (from 1)."""
    code = re.compile(rf"(`+) ?{re.escape(url)} ?\1")
    for number in range(first - 1, len(lines)):
        replaced, count = code.subn(lambda _: f"![]({url})", lines[number], count=1)
        if count:
            lines[number] = replaced
            return


def _slides(markdown: Markdown) -> Iterator[list[tuple[str, str, int]]]:
    """Yield for each slide its ("shown", url, line) and ("code", text, line)."""
    from markdown_it import MarkdownIt

    dividers = {f"h{level}" for level in heading_divider(markdown.front_matter)}
    slide: list[tuple[str, str, int]] = []
    for token in MarkdownIt("commonmark", {"html": True}).enable("table").parse(markdown.body):
        line = markdown.start + (token.map[0] if token.map else 0)
        if token.level == 0 and _divides(token, dividers):
            yield slide
            slide = []
        if token.type == "html_block":
            slide += [("shown", url, line) for url in PATH.findall(token.content)]
        for child in token.children or ():
            slide += [(kind, text, line) for kind, text in _inline(child)]
    yield slide


def _divides(token: Token, headings: set[str]) -> bool:
    return token.type == "hr" or (token.type == "heading_open" and token.tag in headings)


def _inline(token: Token) -> Iterable[tuple[str, str]]:
    match token.type:
        case "image":
            yield "shown", str(token.attrs["src"])
        case "code_inline":
            yield "code", token.content
        case "html_inline":
            yield from (("shown", url) for url in PATH.findall(token.content))
