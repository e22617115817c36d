"""What was derived from files' contents, such as the imports of a module, remembered between builds."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection
from functools import cached_property
from pathlib import Path
from typing import Any

from lectern import kept
from lectern.sources.stamps import digest_bytes

ENGINE = Path(__file__).resolve().parent.parent


class Derived:
    """JSON-like data by kind and content; also by the engine's own code, a newer version of which may find more."""

    def __init__(self, memory: Path, digest_of: Callable[[Path], str | None], tell: kept.Tell) -> None:
        self._memory = memory
        self._digest_of = digest_of
        self._tell = tell
        self._lock = (
            threading.Lock()
        )  # to be held to change what is known; not while deriving, which may ask for more
        try:
            self._known: dict[str, Any] = dict(json.loads(kept.read(memory, tell) or b""))
        except (ValueError, TypeError):
            self._known = {}

    def of(self, kind: str, path: Path, function: Callable[[str], Any]) -> Any:
        """Return `function` of the file's text, or what it returned for the same text before.

        What was read is what counts, should the file have changed since its digest was asked for.
        """
        key = self._key(kind, self._digest_of(path))
        if key not in self._known:
            content = path.read_bytes()
            key = self._key(kind, digest_bytes(content))
            found = function(content.decode("utf-8"))
            with self._lock:
                self._known[key] = found
        return self._known[key]

    def save(self, current: Collection[str]) -> None:
        """Write what is known of contents with the digests that are current; forget the rest."""
        with self._lock:
            self._known = {
                key: found for key, found in self._known.items() if key.rsplit(" ", 1)[1] in current
            }
        kept.write(self._memory, json.dumps(self._known).encode(), self._tell)

    def _key(self, kind: str, digest: str | None) -> str:
        return f"{kind} {self._engine} {digest}"

    @cached_property
    def _engine(self) -> str:
        """The digest of the code that may derive anything."""
        sources = (path for folder in ("sources", "deck") for path in (ENGINE / folder).glob("*.py"))
        return digest_bytes(b"".join(path.read_bytes() for path in sorted(sources)))
