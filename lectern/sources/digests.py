"""Digests of files, remembered between builds by size and time of change.

Every path asked for is noted, existing or not: together they are all that a build depended on.
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from lectern import atomic

# A file changed less than this before it was read may change again unseen: clocks of file systems are coarse.
SETTLED_NS = 100_000_000


def stamp(path: Path) -> list[int] | None:
    """Return what tells at a glance whether a file was touched, or None where there is no such file."""
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ino]


class Digests:
    """Content digests, and what was derived from contents, kept in one JSON file."""

    def __init__(self, memory: Path) -> None:
        self._memory = memory
        try:
            known = json.loads(memory.read_text())
            self._files: dict[str, Any] = known["files"]
            self._derived: dict[str, Any] = known["derived"]
        except (OSError, ValueError, KeyError):
            self._files, self._derived = {}, {}
        self.seen: dict[Path, str | None] = {}
        self.searched: set[Path] = set()  # folders in which files were looked for by pattern
        self._matches: dict[tuple[Path, str], list[Path]] = {}  # of the patterns looked for

    def of(self, path: Path) -> str | None:
        """Return the digest of the file's content, or None where there is no such file."""
        if path not in self.seen:
            self.seen[path] = self._digest(path)
        return self.seen[path]

    def _digest(self, path: Path) -> str | None:
        now = stamp(path)
        if now is None or not path.is_file():
            return None
        remembered = self._files.get(str(path))
        if remembered and remembered[:3] == now:
            return remembered[3]
        digest = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
        if time.time_ns() - now[1] > SETTLED_NS:
            self._files[str(path)] = [*now, digest]
        return digest

    def glob(self, root: Path, pattern: str) -> list[Path]:
        """Return the files under `root` that match `pattern`, sorted; the folders searched are noted."""
        fixed = root
        for part in Path(pattern).parts[:-1]:
            if any(sign in part for sign in "*?["):
                self.searched |= {path for path in fixed.rglob("*") if path.is_dir()}
                break
            fixed /= part
        self.searched.add(fixed)
        self._matches[root, pattern] = found = _matching(root, pattern)
        return found

    def found_since(self) -> list[Path]:
        """Return the files that would be found, or no longer, if what was looked for by pattern were looked for now."""
        return [
            path
            for (root, pattern), found in self._matches.items()
            for path in {*found} ^ {*_matching(root, pattern)}
        ]

    def derive(self, kind: str, path: Path, function: Callable[[str], Any]) -> Any:
        """Return `function` of the file's text: JSON-like data, remembered by `kind` and content."""
        key = f"{kind} {self.of(path)}"
        if key not in self._derived:
            self._derived[key] = function(path.read_text(encoding="utf-8"))
        return self._derived[key]

    def changed(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of `paths` whose content is no longer what it was when first asked for."""
        return [path for path in paths if path in self.seen and self._digest(path) != self.seen[path]]

    def wrote(self, path: Path) -> None:
        """Look at `path` again when it is next asked for: this build has written it."""
        self.seen.pop(path, None)

    def look_again(self) -> None:
        """Begin anew, as the next build would: every file is looked at again when it is asked for."""
        self.seen, self.searched, self._matches = {}, set(), {}

    def save(self) -> None:
        """Write what is remembered of the files that still exist."""
        self._files = {path: entry for path, entry in self._files.items() if stamp(Path(path))}
        current = {entry[3] for entry in self._files.values()}
        self._derived = {k: v for k, v in self._derived.items() if k.rsplit(" ", 1)[1] in current}
        content = {"files": self._files, "derived": self._derived}
        atomic.write(self._memory, json.dumps(content).encode())


def _matching(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if path.is_file())
