"""Which files a deck may put into its page: pages are passed on, and the deck may be another person's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lectern.deck.source import DeckSource
from lectern.errors import DeckError
from lectern.project import ENGINE_ROOT, Project

# Fonts and emoji come with public packages; the folder may be a link to another.
PACKAGES = ENGINE_ROOT / "node_modules"


@dataclass(frozen=True)
class Allowed:
    """The folders whose files may be in a page, by their real paths."""

    folders: tuple[Path, ...]

    def __contains__(self, path: Path) -> bool:
        """Whether a file, wherever its links lead, lies in one of the folders."""
        real = path.resolve()
        return any(real.is_relative_to(folder) for folder in self.folders)

    def demand(self, path: Path, shown: str) -> None:
        """Raise DeckError, without a place, for a file that lies elsewhere."""
        if path not in self:
            raise DeckError(
                f"{shown} lies outside the folders of the deck and the project",
                remedy=f"copy {path} beside the deck, or, if you trust the deck, build with --allow-files",
            )


def allowed_for(deck: DeckSource, project: Project) -> Allowed:
    """Return what a deck may show: files of its own folder, the project, the theme set and npm's packages.

    A theme that comes with the deck lies in its folder; a link there does not give access to what it points to.
    """
    if deck.options.allow_files:
        return Allowed((Path(deck.path.anchor),))
    named = (path if path.is_dir() else path.parent for path in deck.options.theme_set)
    return Allowed(tuple(path.resolve() for path in (deck.folder, project.root, *named, PACKAGES)))
