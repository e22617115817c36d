"""What the last build of a deck read and wrote: if all of it is unchanged, there is nothing to do."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from lectern import kept
from lectern.sources.searches import names_in
from lectern.sources.stamps import Sighting, sight, stamp


@dataclass(frozen=True)
class Record:
    """One finished build: the files that it read and wrote, each as it found or left it, and a summary.

    Paths are strings. A file that was looked for and missing has neither stamp nor digest.
    """

    files: Mapping[str, tuple[list[int] | None, str | None]]  # stamp and digest
    folders: Mapping[str, list[str]]  # names in folders that were searched
    summary: str

    def unchanged(self) -> Record | None:
        """Return this record with present stamps, if every file is as the build found or left it; otherwise None."""
        if any(names_in(Path(folder)) != names for folder, names in self.folders.items()):
            return None
        files = {}
        for path, (known, digest) in self.files.items():
            now = stamp(path)
            if now != known:
                found = sight(path)
                if found.digest != digest:
                    return None
                now = found.stamp
            files[path] = (now, digest)
        return replace(self, files=files)


def read_record(path: Path, tell: kept.Tell) -> Record | None:
    """Return the record at `path`, or None where there is none."""
    try:
        stored = json.loads(kept.read(path, tell) or b"")
        files = {name: (stamp, digest) for name, (stamp, digest) in stored.pop("files").items()}
        return Record(files=files, **stored)
    except (ValueError, TypeError, KeyError):
        return None


def write_record(path: Path, record: Record, tell: kept.Tell) -> None:
    """Write the record of a finished build, where that can be done."""
    kept.write(path, json.dumps(asdict(record)).encode(), tell)


def record_of(
    seen: Mapping[Path, Sighting],
    wrote: Mapping[Path, str],
    folders: Mapping[Path, Iterable[str]],
    summary: str,
) -> Record:
    """Return the record of a build that saw files and folders, and wrote files with these digests."""
    files = {str(path): (found.stamp, found.digest) for path, found in seen.items()}
    # Without stamps, so that the next build reads them.
    files |= {str(path): ([], digest) for path, digest in wrote.items()}
    return Record(files, {str(folder): list(names) for folder, names in folders.items()}, summary)
