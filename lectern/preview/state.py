"""The state of the preview at one moment, and the messages that pages get when it changes."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections.abc import Mapping, Set
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from lectern.preview.pages import Pages, Slide
from lectern.splice import splice

KEPT = 50  # revisions whose files a page may still ask for


@dataclass(frozen=True)
class FigureState:
    """The state of one figure: fresh, waiting, computing, drawing or failed."""

    name: str
    phase: str
    since: float | None = None  # seconds since the epoch, for a step that runs
    slides: tuple[int, ...] = ()


@dataclass(frozen=True)
class Printing:
    """The PDF that was asked for: idle, running, ready or failed."""

    phase: str = "idle"
    since: float | None = None
    message: str = ""


@dataclass(frozen=True)
class Preview:
    """All that a page shows: the last deck that could be rendered, and the state of everything else."""

    pages: Pages | None = None
    figures: tuple[FigureState, ...] = ()
    problems: tuple[str, ...] = ()
    printing: Printing = field(default_factory=Printing)


class Feed:
    """The preview as it is now. Set by one thread, read and awaited on the server's event loop."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._preview, self._revision = Preview(), 0
        # By the end of the URL, with the last revision that uses it.
        self._files: dict[str, tuple[Path, int]] = {}
        self._listeners: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}

    @property
    def now(self) -> tuple[int, Preview]:
        """The latest revision and its preview."""
        with self._lock:
            return self._revision, self._preview

    def change(self, **changes: Any) -> None:
        """Set some of the preview's fields; if any of them changes, wake those who wait."""
        with self._lock:
            preview = replace(self._preview, **changes)
            if preview == self._preview:
                return
            self._preview, self._revision = preview, self._revision + 1
            if preview.pages:
                self._files |= {name: (path, self._revision) for name, path in preview.pages.files.items()}
                oldest = self._revision - KEPT
                self._files = {name: kept for name, kept in self._files.items() if kept[1] > oldest}
            listeners = list(self._listeners.items())
        for event, loop in listeners:
            with contextlib.suppress(RuntimeError):  # its loop has just closed
                loop.call_soon_threadsafe(event.set)

    def file(self, name: str) -> Path | None:
        """Return the file of a URL on the deck's pages; None for anything else on disk."""
        with self._lock:
            found = self._files.get(name)
            return found[0] if found else None

    async def after(self, revision: int) -> tuple[int, Preview]:
        """Return the preview once it is newer than a revision."""
        event = asyncio.Event()
        with self._lock:
            self._listeners[event] = asyncio.get_running_loop()
        try:
            while self.now[0] <= revision:
                await event.wait()
                event.clear()
            return self.now
        finally:
            with self._lock:
                del self._listeners[event]


@dataclass(frozen=True)
class Sent:
    """What a page has: slides and style by their ids, and the slides it was sent last."""

    ids: Set[str] = frozenset()
    slides: tuple[Slide, ...] = ()


def sent(preview: Preview) -> Sent:
    """Return what a page has once it was sent a preview."""
    return Sent(preview.pages.ids, preview.pages.slides) if preview.pages else Sent()


def message(revision: int, preview: Preview, sent: Sent, clock: float) -> Mapping[str, Any]:
    """Return the message for a page: the slides that are new to it, with HTML only where it has none of their id."""
    pages = preview.pages
    style = {"css": pages.css} if pages and pages.style_id not in sent.ids else {}
    return {
        "revision": revision,
        "slides": _changes(pages, sent) if pages else None,
        **style,
        "figures": [
            {"name": f.name, "phase": f.phase, "slides": f.slides, "seconds": f.since and clock - f.since}
            for f in preview.figures
        ],
        "problems": preview.problems,
        "printing": {
            "phase": preview.printing.phase,
            "seconds": preview.printing.since and clock - preview.printing.since,
            "message": preview.printing.message,
        },
    }


def _changes(pages: Pages, sent: Sent) -> Mapping[str, Any]:
    """Return how many slides at the beginning and the end are as they were sent last, and those between."""
    first, last, between = splice(sent.slides, pages.slides)
    slides = [
        {"id": slide.id, "key": slide.key, "title": slide.title, "notes": slide.notes}
        | ({} if slide.id in sent.ids else {"html": slide.html})
        for slide in between
    ]
    return {"first": first, "last": last, "between": slides}
