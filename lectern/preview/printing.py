"""The PDF on demand: made by a separate build beside the preview, and kept in memory."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from lectern import temporary
from lectern.build import build_deck
from lectern.deck.options import DeckOptions
from lectern.deck.source import read_deck
from lectern.errors import BuildError
from lectern.marp.renderer import Renderer
from lectern.preview.state import Feed, Printing
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import open_workshop


class Printer:
    """Prints the deck as it is on disk, one PDF at a time."""

    def __init__(self, project: Project, deck: Path, feed: Feed, jobs: int, options: DeckOptions) -> None:
        self._options = options
        self._project, self._deck, self._feed, self._jobs = project, deck, feed, jobs
        self._lock = threading.Lock()
        self._thread: threading.Thread | None = None
        self.pdf: bytes | None = None

    def start(self) -> bool:
        """Begin to print; return False where printing is in progress already."""
        with self._lock:
            if self._thread and self._thread.is_alive():
                return False
            self._feed.change(printing=Printing("running", time.time()))
            self._thread = threading.Thread(target=self._print, name="print", daemon=True)
            self._thread.start()
            return True

    def _print(self) -> None:
        try:
            self.pdf = self._printed()
            self._feed.change(printing=Printing("ready"))
        except BuildError as error:
            self._feed.change(printing=Printing("failed", None, str(error)))
        except Exception as error:  # a half-written file may break anything
            self._feed.change(printing=Printing("failed", None, f"{type(error).__name__}: {error}"))

    def _printed(self) -> bytes:
        with (
            temporary.folder() as folder,
            Renderer(self._project.cache) as renderer,
            open_workshop(self._project, Progress(), self._jobs) as workshop,
        ):
            deck = read_deck(self._deck, self._project.shown(self._deck), self._options)
            built = build_deck(deck, workshop, renderer, folder, ("pdf",))
            if built.missing:
                raise built.missing
            return next(iter(built.outputs)).read_bytes()
