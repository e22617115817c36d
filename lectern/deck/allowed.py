"""Which files a deck may bring into its page: pages are handed on, and a deck may be somebody else's."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from lectern.deck.source import DeckSource
from lectern.errors import DeckError
from lectern.project import ENGINE_ROOT, Project

# Fonts and emoji come with packages, whose files anybody can have; the folder may be a link to another.
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
    """Return what a deck may show: what is in its own folder, the project's, the theme set's and in npm's packages.

    A theme that the deck brings along lies in its folder; where a link there leads is not for the deck to say.
    """
    if deck.options.allow_files:
        return Allowed((Path(deck.path.anchor),))
    named = (path if path.is_dir() else path.parent for path in deck.options.theme_set)
    return Allowed(tuple(path.resolve() for path in (deck.folder, project.root, *named, PACKAGES)))
