"""Searches for files by pattern, recorded so that files added or deleted since can be found out."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path


class Searches:
    """Finds files, and keeps which folders it looked through, with the names it saw there."""

    def __init__(self) -> None:
        self.folders: dict[Path, list[str]] = {}
        self._matches: dict[tuple[Path, str], list[Path]] = {}
        self._lock = threading.Lock()  # must be held to change these two

    def glob(self, root: Path, pattern: str) -> list[Path]:
        """Return the files under `root` that match `pattern`, sorted."""
        with self._lock:
            self._look_through(_searched(root, pattern))
            self._matches[root, pattern] = found = _matching(root, pattern)
        return found

    def _look_through(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            self.folders.setdefault(folder, names_in(folder))

    def found_since(self) -> list[Path]:
        """Return the files that the same searches would find now and did not, or no longer find."""
        with self._lock:
            searches = dict(self._matches)
        return [
            path
            for (root, pattern), found in searches.items()
            for path in {*found} ^ {*_matching(root, pattern)}
        ]

    def forget(self) -> None:
        """Forget all searches."""
        with self._lock:
            self.folders, self._matches = {}, {}


def _searched(root: Path, pattern: str) -> list[Path]:
    """Return the folders in which a file that matches would be."""
    fixed = root
    for part in Path(pattern).parts[:-1]:
        if any(sign in part for sign in "*?["):
            return [*(path for path in fixed.rglob("*") if path.is_dir()), fixed]
        fixed /= part
    return [fixed]


def _matching(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if path.is_file())


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder, temporary and compiled files aside."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", "__")))
    except OSError:
        return []
