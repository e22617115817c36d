"""Marp themes: CSS files beside the deck."""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from lectern.errors import DeckError, Place, nearest
from lectern.sources.digests import Digests

NAME = re.compile(r"/\*.*?@theme\s+([\w-]+)", re.DOTALL)
FOLDERS = (".", "theme", "themes")


def theme_files(folder: Path, digests: Digests) -> dict[str, Path]:
    """Return the themes in the deck's folder, or in `theme/` or `themes/` there, by name."""
    found: dict[str, Path] = {}
    for path in [path for name in FOLDERS for path in digests.glob(folder / name, "*.css")]:
        digests.of(path)
        if name := NAME.search(path.read_text(encoding="utf-8", errors="replace")):
            found.setdefault(name[1], path)
    return found


def check_theme(wanted: object, known: Iterable[str], shown: str) -> None:
    """Raise DeckError where the deck's theme is not known; Marp itself would silently use its default."""
    names = set(known)
    if wanted is not None and wanted not in names:
        remedy = (
            f"{nearest(str(wanted), names)}; a theme is a CSS file beside the deck with /* @theme NAME */"
        )
        raise DeckError(f"there is no theme {wanted!r}", Place(shown, 1), remedy)
