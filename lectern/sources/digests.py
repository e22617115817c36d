"""Digests of files, remembered between builds as long as nothing shows that they were touched.

Every path asked for is noted, existing or not: together they are all that a build depended on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern import kept
from lectern.sources.stamps import UNSETTLED, Sighting, Stamp, digest_bytes, sight, stamp

ENGINE = Path(__file__).resolve().parent.parent


class Digests:
    """Content digests, and what was derived from contents, kept in one file."""

    def __init__(self, memory: Path, tell: kept.Tell = lambda _: None) -> None:
        self._memory = memory
        self._tell = tell
        try:
            known = json.loads(kept.read(memory, tell) or b"")
            self._files: dict[str, Any] = known["files"]
            self._derived: dict[str, Any] = known["derived"]
        except (ValueError, KeyError):
            self._files, self._derived = {}, {}
        self.seen: dict[Path, str | None] = {}
        self.searched: dict[
            Path, list[str]
        ] = {}  # folders in which files were looked for, with what was there
        self._stamps: dict[Path, Stamp | None] = {}
        self._matches: dict[tuple[Path, str], list[Path]] = {}  # of the patterns looked for

    def of(self, path: Path) -> str | None:
        """Return the digest of the file's content, or None where there is no such file."""
        if path not in self.seen:
            found = self._sight(path)
            self.seen[path], self._stamps[path] = found.digest, found.stamp
        return self.seen[path]

    def _sight(self, path: Path) -> Sighting:
        now = stamp(path)
        if now is None:
            return Sighting(None, None)
        remembered = self._files.get(str(path))
        if remembered and remembered[:-1] == now:
            return Sighting(now, remembered[-1])
        found = sight(path)
        if found.stamp:
            self._files[str(path)] = [*found.stamp, found.digest]
        return found

    @property
    def sightings(self) -> dict[Path, Sighting]:
        """The files that were looked at, as they were then."""
        return {path: Sighting(self._stamps[path], digest) for path, digest in self.seen.items()}

    def glob(self, root: Path, pattern: str) -> list[Path]:
        """Return the files under `root` that match `pattern`, sorted; the folders searched are noted."""
        fixed = root
        for part in Path(pattern).parts[:-1]:
            if any(sign in part for sign in "*?["):
                self._search(path for path in fixed.rglob("*") if path.is_dir())
                break
            fixed /= part
        self._search([fixed])
        self._matches[root, pattern] = found = _matching(root, pattern)
        return found

    def _search(self, folders: Iterable[Path]) -> None:
        for folder in folders:
            self.searched.setdefault(folder, names_in(folder))

    def found_since(self) -> list[Path]:
        """Return the files that would be found, or no longer, if what was looked for by pattern were looked for now."""
        return [
            path
            for (root, pattern), found in self._matches.items()
            for path in {*found} ^ {*_matching(root, pattern)}
        ]

    def derive(self, kind: str, path: Path, function: Callable[[str], Any]) -> Any:
        """Return `function` of the file's text: JSON-like data, remembered by `kind` and content.

        What was read is what counts, should the file have changed since its digest was asked for.
        """
        digest = self.of(path)
        if (key := self._derived_key(kind, digest)) not in self._derived:
            content = path.read_bytes()
            key = self._derived_key(kind, digest_bytes(content))
            self._derived[key] = function(content.decode("utf-8"))
        return self._derived[key]

    def _derived_key(self, kind: str, digest: str | None) -> str:
        return f"{kind} {self._deriving} {digest}"

    @cached_property
    def _deriving(self) -> str:
        """The digest of the engine's own code that may derive anything: a newer version may find something else."""
        sources = (path for folder in ("sources", "deck") for path in (ENGINE / folder).glob("*.py"))
        return digest_bytes(b"".join(path.read_bytes() for path in sorted(sources)))

    def changed(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of `paths` whose content is no longer what it was when first asked for."""
        return [path for path in paths if path in self.seen and self._sight(path).digest != self.seen[path]]

    def wrote(self, path: Path, content: bytes | None = None) -> None:
        """Look at `path` again when it is next asked for; or take it to be `content`, which this build has written."""
        self.seen.pop(path, None)
        if content is not None:
            self.seen[path], self._stamps[path] = digest_bytes(content), UNSETTLED

    def look_again(self) -> None:
        """Begin anew, as the next build would: every file is looked at again when it is asked for."""
        self.seen, self.searched, self._stamps, self._matches = {}, {}, {}, {}

    def save(self) -> None:
        """Write what is remembered of the files that still exist."""
        self._files = {path: entry for path, entry in self._files.items() if stamp(path)}
        current = {entry[-1] for entry in self._files.values()}
        self._derived = {k: v for k, v in self._derived.items() if k.rsplit(" ", 1)[1] in current}
        content = {"files": self._files, "derived": self._derived}
        kept.write(self._memory, json.dumps(content).encode(), self._tell)


def _matching(root: Path, pattern: str) -> list[Path]:
    return sorted(path for path in root.glob(pattern) if path.is_file())


def names_in(folder: Path) -> list[str]:
    """Return what is in a folder, temporary and compiled files aside."""
    try:
        return sorted(path.name for path in folder.iterdir() if not path.name.startswith((".", "__")))
    except OSError:
        return []
