"""Stamps, which show whether a file was touched, and sightings: a stamp with the digest of what was read then."""

from __future__ import annotations

import hashlib
import os
import stat
import time
from dataclasses import dataclass
from pathlib import Path

Stamp = list[int]

# A file changed less than this before it was looked at may change again unseen: clocks of file systems are coarse.
SETTLED_NS = 100_000_000
UNSETTLED: Stamp = []  # is the stamp of no file


@dataclass(frozen=True)
class Sighting:
    """A file as it was at one moment; both are None where there was none.

    An unsettled stamp cannot rule out that the file has changed since: only its content can.
    """

    stamp: Stamp | None
    digest: str | None


def stamp(path: Path | str) -> Stamp | None:
    """Return what changes when a file does, or None where there is no such file.

    The time of the last change of its status is part of it: unlike that of its content, no program can set it back.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):  # no such file, or no path at all
        return None
    if not stat.S_ISREG(status.st_mode):
        return None
    return [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]


def settled(found: Stamp) -> bool:
    """Whether a file with this stamp, read now, cannot change without getting another."""
    return time.time_ns() - max(found[1], found[2]) > SETTLED_NS


def sight(path: Path | str) -> Sighting:
    """Look at a file, its stamp first: what is written to it from then on shows."""
    found = stamp(path)
    if found is None:
        return Sighting(None, None)
    kept = found if settled(found) else UNSETTLED
    try:
        return Sighting(kept, digest_bytes(Path(path).read_bytes()))
    except FileNotFoundError:  # it was deleted a moment ago
        return Sighting(None, None)


def digest_bytes(content: bytes) -> str:
    """Return the short digest by which contents are known."""
    return hashlib.sha256(content).hexdigest()[:16]
