"""What the last build of a deck read and wrote: if all of it is as it was, there is nothing to do."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from lectern import atomic


@dataclass(frozen=True)
class Record:
    """One finished build. Paths are strings; a file that was looked for and missing has no stamp."""

    stamps: Mapping[str, list[int] | None]  # inputs and outputs: size and time of change
    digests: Mapping[str, str | None]  # inputs
    folders: Mapping[str, list[str]]  # names in folders that were searched
    summary: str

    def holds(self) -> bool:
        """Whether everything is as the build left it."""
        return all(self._is_same(path) for path in self.stamps) and all(
            _names(Path(path)) == names for path, names in self.folders.items()
        )

    def _is_same(self, path: str) -> bool:
        now = _stamp(path)
        if now == self.stamps[path]:
            return True
        known = self.digests.get(path)
        return now is not None and known is not None and _digest(path) == known


def read_record(path: Path) -> Record | None:
    """Return the record at `path`, or None where there is none."""
    try:
        return Record(**json.loads(path.read_text()))
    except (OSError, ValueError, TypeError):
        return None


def write_record(
    path: Path,
    inputs: Mapping[Path, str | None],
    outputs: Iterable[Path],
    folders: Iterable[Path],
    summary: str,
) -> None:
    """Write down a finished build."""
    names = [str(name) for name in (*inputs, *outputs)]
    record = Record(
        stamps={name: _stamp(name) for name in names},
        digests={str(name): digest for name, digest in inputs.items()},
        folders={str(folder): _names(folder) for folder in folders},
        summary=summary,
    )
    atomic.write(path, json.dumps(asdict(record)).encode())


def _stamp(path: str) -> list[int] | None:
    try:
        status = os.stat(path)
    except OSError:
        return None
    return [status.st_size, status.st_mtime_ns]


def _digest(path: str) -> str:
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()[:16]


def _names(folder: Path) -> list[str]:
    """Return what is in a folder, temporary and compiled files aside."""
    try:
        return sorted(entry.name for entry in os.scandir(folder) if not entry.name.startswith((".", "__")))
    except OSError:
        return []
