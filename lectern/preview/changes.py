"""Reports file changes as soon as they happen, by observing the folders that the deck depends on."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from watchdog.events import (
    EVENT_TYPE_CLOSED,
    EVENT_TYPE_CREATED,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
    FileSystemEvent,
    FileSystemEventHandler,
)
from watchdog.observers import Observer
from watchdog.observers.api import ObservedWatch

# Reading a file is an event too, and the preview reads files itself: only these events mean a change.
CHANGES = (
    EVENT_TYPE_CLOSED,
    EVENT_TYPE_CREATED,
    EVENT_TYPE_DELETED,
    EVENT_TYPE_MODIFIED,
    EVENT_TYPE_MOVED,
)


class Changes(FileSystemEventHandler):
    """Reports the path of every change in the watched folders."""

    def __init__(self, report: Callable[[Path, bool], None]) -> None:
        """Begin with no folders; `report` receives each path, and whether its change is known to be complete."""
        self._report = report
        self._observer = Observer()
        self._watched: dict[Path, tuple[int, ObservedWatch]] = {}  # with the folder's inode
        self._observer.start()

    def watch(self, folders: Iterable[Path]) -> bool:
        """Watch these folders, and no others; return whether some are new, in which a change may have been missed.

        A folder that was replaced by another of the same name is watched again.
        """
        present = {folder: inode for folder in folders if (inode := _inode(folder)) is not None}
        for folder, (inode, watch) in list(self._watched.items()):
            if present.get(folder) != inode:
                self._observer.unschedule(watch)
                del self._watched[folder]
        new = [folder for folder in present if folder not in self._watched]
        for folder in new:
            self._watched[folder] = present[folder], self._observer.schedule(self, str(folder))
        return bool(new)

    def on_any_event(self, event: FileSystemEvent) -> None:
        """Report what changed: both names of a file that was renamed, as editors do when they save.

        A modified folder only means that something in it changed, which is reported by its own name.
        """
        kind = event.event_type
        if kind not in CHANGES or (event.is_directory and kind == EVENT_TYPE_MODIFIED):
            return
        if event.src_path:
            self._report(Path(str(event.src_path)), kind == EVENT_TYPE_CLOSED)
        if event.dest_path:
            self._report(Path(str(event.dest_path)), True)

    def close(self) -> None:
        """Stop observing."""
        self._observer.stop()
        self._observer.join()


def _inode(folder: Path) -> int | None:
    try:
        return folder.stat().st_ino if folder.is_dir() else None
    except OSError:
        return None


class Nearest(dict[Path, Path]):
    """For each folder, itself or the nearest above it that exists; each is looked up once."""

    def __missing__(self, folder: Path) -> Path:
        """Look up a folder."""
        self[folder] = folder if folder.is_dir() else self[folder.parent]
        return self[folder]
