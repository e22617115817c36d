"""Digests of files, remembered between builds as long as nothing shows that they were touched.

Every path asked for is noted, existing or not: together with the searches they are all that a build depended on.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from lectern import kept
from lectern.sources.derived import Derived
from lectern.sources.searches import Searches
from lectern.sources.stamps import UNSETTLED, Sighting, Stamp, digest_bytes, sight, stamp


class Digests:
    """Content digests; threads that ask for a file at the same time get the same answer."""

    def __init__(self, memory: Path, tell: kept.Tell = lambda _: None) -> None:
        self._memory = memory
        self._tell = tell
        try:
            self._files: dict[str, Any] = dict(json.loads(kept.read(memory, tell) or b""))
        except (ValueError, TypeError):
            self._files = {}
        self.searches = Searches()
        self.derived = Derived(memory.with_name(f"{memory.name}.derived"), self.of, tell)
        self.seen: dict[Path, str | None] = {}
        self._stamps: dict[Path, Stamp | None] = {}
        self._lock = threading.RLock()  # must be held to look at a file, or to forget one

    def of(self, path: Path) -> str | None:
        """Return the digest of the file's content, or None where there is no such file."""
        with self._lock:
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
        with self._lock:
            return {path: Sighting(self._stamps[path], digest) for path, digest in self.seen.items()}

    def changed(self, paths: Iterable[Path]) -> list[Path]:
        """Return those of `paths` whose content is no longer what it was when first asked for."""
        with self._lock:
            return [p for p in paths if p in self.seen and self._sight(p).digest != self.seen[p]]

    def wrote(self, path: Path, content: bytes | None = None) -> None:
        """Look at `path` again when it is next asked for; or take it to be `content`, which this build has written."""
        with self._lock:
            self.seen.pop(path, None)
            if content is not None:
                self.seen[path], self._stamps[path] = digest_bytes(content), UNSETTLED

    def look_again(self) -> None:
        """Forget what was seen, as the next build would: each file is looked at again when it is asked for."""
        with self._lock:
            self.seen, self._stamps = {}, {}
        self.searches.forget()

    def save(self) -> None:
        """Write what is remembered of the files that still exist."""
        with self._lock:
            self._files = {path: entry for path, entry in self._files.items() if stamp(path)}
            content = json.dumps(self._files).encode()
        kept.write(self._memory, content, self._tell)
        self.derived.save({entry[-1] for entry in self._files.values()})
