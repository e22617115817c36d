"""One build at a time makes a figure; who comes second waits, and finds it made."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

from lectern.errors import BuildError
from lectern.locking import FileLock

POLL = 0.05  # seconds after which who waits tries again


class Locks:
    """The locks of one project's figures, in a folder of their own. Safe to use from several threads."""

    def __init__(self, folder: Path, images: Path, tell: Callable[[str], None]) -> None:
        self._folder, self._images, self._tell = folder, images, tell
        self._closed = threading.Event()

    @contextlib.contextmanager
    def held(self, stem: Path) -> Iterator[None]:
        """Hold the lock of the figure with this stem, waiting for another build that makes it now.

        Where there can be no locks, as on a disk that cannot be written, there is none. Raises BuildError when the
        locks are closed meanwhile.
        """
        name = "-".join(stem.relative_to(self._images).parts)
        lock = FileLock(self._folder / f"{name}.lock")
        with contextlib.suppress(OSError):
            self._folder.mkdir(parents=True, exist_ok=True)
            if not lock.acquire():
                self._tell(f"{name} was being made by another build, and was waited for")
                self._wait_for(lock, name)
        try:
            yield
        finally:
            lock.release()

    def _wait_for(self, lock: FileLock, name: str) -> None:
        while not lock.acquire():
            if self._closed.wait(POLL):
                raise BuildError(f"{name}: the build was stopped while it waited for another")

    def close(self) -> None:
        """Make all who wait stop waiting."""
        self._closed.set()
