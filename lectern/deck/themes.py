"""Marp themes: CSS files beside the deck, and those that the command line names."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from lectern.deck.source import DeckSource
from lectern.errors import DeckError, Place, nearest
from lectern.marp.resources import absolute_css
from lectern.project import Project
from lectern.sources.digests import Digests

NAME = re.compile(r"/\*.*?@theme\s+([\w-]+)", re.DOTALL)
FOLDERS = (".", "theme", "themes")


def theme_files(deck: DeckSource, digests: Digests) -> dict[str, Path]:
    """Return, by name, the themes of the deck's theme set, in its folder, and in `theme/` or `themes/` there.

    Raises DeckError for a file of the theme set that is not a theme.
    """
    found: dict[str, Path] = {}
    for path in deck.options.theme_set:
        if path.is_dir():
            _add(found, digests.searches.glob(path, "*.css"), digests)
        elif not _add(found, [path], digests):
            raise DeckError("this is not a theme", Place(path), "begin it with /* @theme NAME */")
    for name in FOLDERS:
        _add(found, digests.searches.glob(deck.folder / name, "*.css"), digests)
    return found


def _add(found: dict[str, Path], paths: Iterable[Path], digests: Digests) -> bool:
    """Add those files that are themes, of each name the first; return whether all are."""
    named = [(_name_of(path, digests), path) for path in paths]
    for name, path in named:
        if name:
            found.setdefault(name, path)
    return all(name for name, _ in named)


def _name_of(path: Path, digests: Digests) -> str | None:
    digests.of(path)
    name = NAME.search(path.read_text(encoding="utf-8", errors="replace"))
    return name[1] if name else None


def styles_of(themes: Mapping[str, Path], project: Project) -> dict[Path, str]:
    """Return the themes' CSS by file; raise DeckError where one is not UTF-8."""
    return {path: absolute_css(_read(path, project), path.parent) for path in themes.values()}


def _read(path: Path, project: Project) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise DeckError(
            f"cannot read the theme: {error}", Place(project.shown(path)), "save it as UTF-8"
        ) from error


def check_theme(wanted: object, known: Iterable[str], shown: str) -> None:
    """Raise DeckError where the deck's theme is unknown; Marp itself would silently use its default."""
    names = set(known)
    if isinstance(wanted, (list, dict)):
        raise DeckError("theme is not a name", Place(shown, 1), f"write one: {', '.join(sorted(names))}")
    if wanted and wanted not in names:
        remedy = (
            f"{nearest(str(wanted), names)}; a theme is a CSS file beside the deck with /* @theme NAME */"
        )
        raise DeckError(f"there is no theme {wanted!r}", Place(shown, 1), remedy)
