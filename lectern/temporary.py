"""Temporary folders that are deleted soon after their process, however it ends: of Node, of workers, of commands."""

from __future__ import annotations

import contextlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from lectern.errors import SetupError
from lectern.locking import FileLock

PREFIX = "lectern-"
LOCK = ".lock"  # held as long as the folder is used
REMEDY = "free space, or name another folder for temporary files: TMPDIR=DIR"


@contextlib.contextmanager
def folder() -> Iterator[Path]:
    """Make a folder in the system's temporary directory, and delete it on leaving."""
    path, lock = begin()
    try:
        yield path
    finally:
        end(path, lock)


def begin() -> tuple[Path, FileLock]:
    """Make such a folder, which `end` deletes. Raises SetupError where none can be made."""
    try:
        while True:
            path = Path(tempfile.mkdtemp(prefix=PREFIX))
            lock = FileLock(path / LOCK)
            if (
                lock.acquire() and (path / LOCK).exists()
            ):  # otherwise another process's `clean` came in between
                return path, lock
            lock.release()
    except OSError as error:
        where = f" at {error.filename}" if error.filename else ""
        raise SetupError(
            f"no temporary folder can be made{where}: {error.strerror or error}", remedy=REMEDY
        ) from error


def end(path: Path, lock: FileLock) -> None:
    """Delete such a folder; its lock comes last, since `clean` finds by it what was not deleted completely."""
    try:
        with contextlib.suppress(OSError):
            for inner in path.iterdir():
                if inner.name != LOCK:
                    _delete(inner)
    finally:  # also where the deletion was interrupted
        shutil.rmtree(path, ignore_errors=True)
        lock.release()


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with contextlib.suppress(OSError):
            path.unlink()


def clean() -> None:
    """Delete the folders of processes that were killed, this user's only."""
    with contextlib.suppress(OSError):
        for path in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/{LOCK}"):
            with contextlib.suppress(OSError):
                lock = FileLock(path)
                if path.parent.stat().st_uid == os.getuid() and lock.acquire():
                    end(path.parent, lock)
