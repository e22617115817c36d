"""The page as PDF, printed by a browser: tagged, with outline, title, author and language."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from lectern import temporary
from lectern.errors import SetupError
from lectern.marp.browser import bundled_chromium, printing_environment
from lectern.marp.node import ConversionError
from lectern.marp.page import Page
from lectern.marp.renderer import Renderer

ROOM = 64 << 20  # bytes that Chromium needs for temporary files
OPTIONS = ("--pdf", "--pdf-outlines")
REMEDY = "install Chrome, Chromium, Edge or Firefox (or set CHROME_PATH to one), or build with --formats html"


def print_pdf(renderer: Renderer, markdown: str, page: Page, cache: Path) -> bytes:
    """Return the page as PDF, from the first browser that can print it.

    Raises SetupError, with the failure of each browser, where none can.
    """
    failures: list[str] = []
    for environment in _browsers(cache, renderer.folder, failures):
        try:
            return renderer.convert(markdown, page.contents, ".pdf", OPTIONS, environment)
        except ConversionError as error:
            failures.append(f"{environment.get('CHROME_PATH', 'the installed browser')}: {_short(error)}")
    raise SetupError("the PDF was not made. " + "; ".join(failures), remedy=_remedy(renderer.folder))


def _remedy(folder: Path) -> str:
    """Return the remedy; a browser without space for its temporary files does not say so plainly."""
    free = shutil.disk_usage(folder).free
    return f"there are {free >> 20} MB for temporary files: {temporary.REMEDY}" if free < ROOM else REMEDY


def _browsers(cache: Path, spare: Path, failures: list[str]) -> Iterator[Mapping[str, str]]:
    """Yield the environments to try: for the installed browser, then for the bundled one."""
    tried = None
    for find in (printing_environment, bundled_chromium):
        environment = _found(find, cache, spare, failures)
        if environment is not None and environment != tried:
            tried = environment
            yield environment


def _found(
    find: Callable[[Path, Path], Mapping[str, str]], cache: Path, spare: Path, failures: list[str]
) -> Mapping[str, str] | None:
    try:
        return find(cache, spare)
    except SetupError as error:
        failures += [error.message] if error.message not in failures else []
        return None


def _short(error: ConversionError) -> str:
    return " ".join(str(error).split())[:300]
