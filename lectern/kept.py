"""Files that can be made again: each begins with a digest of the rest, and one that is damaged counts as missing.

Where they cannot be written, on a full or protected disk, nothing is lost but time. All that is cached uses this:
digests, results, compiled pieces, the preview's pages, the record of a build.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from lectern import atomic
from lectern.errors import OutputError

Tell = Callable[[str], None]  # records a remark for the person who builds


def read(path: Path, tell: Tell) -> bytes | None:
    """Return what was kept at `path`, or None where there is nothing, or not what was written."""
    try:
        head, _, content = path.read_bytes().partition(b"\n")
    except OSError:
        return None
    if head == _digest(content):
        return content
    tell(f"{path.parent.name}/{path.name} in the cache was damaged, and is made again")
    return None


def write(path: Path, content: bytes, tell: Tell) -> bool:
    """Keep `content` at `path`; return False, with a remark that says why, where that cannot be done."""
    try:
        atomic.write(path, b"%s\n%s" % (_digest(content), content))
    except OutputError as error:
        tell(f"nothing can be kept in {path.parent}, so the next build takes longer: {error.message}")
        return False
    return True


def _digest(content: bytes) -> bytes:
    return hashlib.sha256(content).hexdigest().encode()
