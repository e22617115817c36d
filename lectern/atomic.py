"""Write files whole or not at all: every output, of figures, of decks and of commands, is written by this."""

from __future__ import annotations

import contextlib
import os
import re
import tempfile
from collections.abc import Iterable
from pathlib import Path

from lectern.errors import OutputError, Place

PART = re.compile(r"\..*\.(\d+)-[^.]*\.tmp")  # a file being written, with the number of its process


def write(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; on failure the old file is untouched.

    Raises OutputError naming the path: disk full, folder not writable, a folder where a file should be.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        prefix = f".{path.name}.{os.getpid()}-"
        handle, temporary = tempfile.mkstemp(prefix=prefix, suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "free space or choose a folder that can be written; the previous file is unchanged"
        raise OutputError(f"cannot write: {reason}", Place(path), remedy) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()


def clean(folders: Iterable[Path]) -> None:
    """Delete the half-written files that killed processes left in these folders."""
    for folder in folders:
        with contextlib.suppress(OSError):
            for path in folder.glob(".*.tmp"):
                if (found := PART.fullmatch(path.name)) and not _runs(int(found[1])):
                    path.unlink(missing_ok=True)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except OSError:  # the process is another user's
        return True
    return True
