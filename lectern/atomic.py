"""Write files whole or not at all."""

from __future__ import annotations

import contextlib
import os
import tempfile
from pathlib import Path

from lectern.errors import OutputError, Place


def write(path: Path, content: bytes) -> None:
    """Replace `path` by `content` in one step; on failure the old file is untouched.

    Raises OutputError naming the path: disk full, folder not writable, a folder where a file should be.
    """
    temporary = None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            file.write(content)
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except OSError as error:
        reason = error.strerror or str(error)
        remedy = "free space or choose a folder that can be written; the previous file is as it was"
        raise OutputError(f"cannot write: {reason}", Place(path), remedy) from error
    finally:
        if temporary:
            with contextlib.suppress(OSError):
                Path(temporary).unlink()
