"""A rendered deck, checked: its formulas could be typeset, and the files that it shows exist."""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lectern.deck.source import DeckSource
from lectern.errors import BuildError, DeckError, Place, raise_all, reason
from lectern.latest import Latest
from lectern.marp.renderer import Contents, Slides
from lectern.marp.resources import data_uri, is_local, shown, urls_in

# The server has KaTeX mark errors with this colour: a formula that it cannot parse, or a single command.
FORMULA_ERROR = "var(--formula-error)"
UNPARSED = re.compile(r'<span[^>]* class="katex-error" title="([^"]*)"[^>]*>(.*?)</span>', re.DOTALL)
TEX_SOURCE = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.DOTALL)
UNKNOWN = re.compile(rf'style="color:{re.escape(FORMULA_ERROR)};?">(\\[^<]*)<')
MATHJAX_ERROR = re.compile(r'data-mjx-error="([^"]*)"')


@dataclass(frozen=True)
class Page:
    """A deck's rendered slides, the contents to put into them, and the URLs that remain external."""

    slides: Slides
    contents: Contents
    remote: tuple[str, ...]


@dataclass(frozen=True)
class Loads:
    """What rendered slides load: local files by URL, and external URLs."""

    files: Mapping[str, Path]
    remote: tuple[str, ...]


def check(
    slides: Slides, resolve: Callable[[str], Path], alt_of: Callable[[str], str | None], deck: DeckSource
) -> Page:
    """Check the slides, and return them with the files that they show, as data URIs.

    Parameters and errors are those of `loads`; `alt_of` gives the alt text of a figure's picture.
    """
    found = loads(slides, resolve, deck)
    files = {url: data_uri(path) for url, path in found.files.items()}
    return Page(slides, Contents(files, descriptions(files, alt_of)), found.remote)


def loads(slides: Slides, resolve: Callable[[str], Path], deck: DeckSource) -> Loads:
    """Check the slides, and find the files they show; `resolve` gives the file that a local URL means.

    Raises DeckError, or SeveralErrors, for every formula that could not be typeset and every file that is missing, or
    that `resolve` refuses, with slide and line.
    """
    numbers = [*range(1, len(slides.slides) + 1), None]
    found = [
        (number, *parts)
        for number, parts in zip(numbers, _found_in([*slides.slides, slides.css]), strict=True)
    ]
    errors: list[BuildError] = [
        _formula_error(message, formula, deck, number)
        for number, problems, _ in found
        for message, formula in problems
    ]
    files: dict[str, Path] = {}
    remote: list[str] = []
    for number, url in ((number, url) for number, _, urls in found for url in urls):
        if not is_local(url):
            remote += [url] if url.startswith(("http:", "https:", "//")) else []
        elif url not in files:
            try:
                files[url] = _existing(url, resolve)
            except DeckError as error:
                error.place = Place(deck.shown, deck.line_of_url(url), number)
                errors.append(error)
    raise_all(errors)
    return Loads(files, tuple(dict.fromkeys(remote)))


def _existing(url: str, resolve: Callable[[str], Path]) -> Path:
    """Return the file that a URL means; raise DeckError, without a place, where it is missing or cannot be read."""
    try:
        path = resolve(url)
        if path.is_file():
            return path
    except (OSError, ValueError) as error:  # too long, a NUL in it, a cycle of links, no permission
        raise DeckError(
            f"cannot read the file {shown(url)}: {reason(error)}", remedy="show another"
        ) from error
    raise DeckError(f"there is no file {shown(url)}", remedy=f"it was looked for at {path}")


def descriptions(urls: Iterable[str], alt_of: Callable[[str], str | None]) -> dict[str, str]:
    """Return the alt texts of figures' pictures, by URL, escaped for an attribute."""
    return {url: html.escape(alt) for url in urls if (alt := alt_of(url))}


@Latest  # from one edit to the next most slides stay the same
def _found_in(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the problems of the formulas on a slide, and the URLs that it loads."""
    return _formula_problems(text), [*dict.fromkeys(urls_in(text))]


def _formula_problems(text: str) -> list[tuple[str, str]]:
    """Return (problem, formula) for the formulas on a slide that could not be typeset."""
    problems = [(message, "") for message in MATHJAX_ERROR.findall(text)]
    if FORMULA_ERROR not in text:
        return problems
    problems += [(message, _text(source)) for message, source in UNPARSED.findall(text)]
    for formula in UNPARSED.sub("", text).split('<span class="katex">')[1:]:
        if (unknown := UNKNOWN.search(formula)) and (source := TEX_SOURCE.search(formula)):
            problems.append((f"KaTeX does not know {_text(unknown[1])}", _text(source[1])))
    return problems


def _formula_error(message: str, formula: str, deck: DeckSource, slide: int | None) -> DeckError:
    """Return the error for a formula; KaTeX underlines the place with combining characters."""
    said = re.sub("[\u0332\u0333]", "", html.unescape(message)).removeprefix("ParseError: ")
    place = Place(deck.shown, deck.line_of(formula) if formula else None, slide)
    return DeckError(
        f"formula {formula}: {said}" if formula else f"formula: {said}", place, "correct the formula"
    )


def _text(markup: str) -> str:
    return html.unescape(re.sub(r"<[^>]+>", "", markup)).strip()
