"""What the command line says about a deck."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from lectern.errors import SetupError, UsageError, reason
from lectern.project import ENGINE_ROOT, Project

EMOJI = ("text", "twemoji")
TWEMOJI_PACKAGE = "@twemoji/svg"
TWEMOJI = ENGINE_ROOT / "node_modules" / TWEMOJI_PACKAGE


@dataclass(frozen=True)
class DeckOptions:
    """How a deck is read; the defaults suit a deck that another person wrote."""

    html: bool = False  # any HTML in a plain deck, not only what Marp considers harmless
    theme_set: tuple[Path, ...] = ()  # CSS files, and folders of them
    emoji: str = EMOJI[0]
    allow_files: bool = False  # files from anywhere on this machine in the page


FOREIGN = DeckOptions()


def options_of(options: argparse.Namespace) -> DeckOptions:
    """Return what the command line says about the deck.

    Raises UsageError for a theme that does not exist, SetupError where the pictures of emoji are not installed.
    """
    if options.emoji == "twemoji" and not TWEMOJI.is_dir():
        remedy = f"run `npm ci` in {ENGINE_ROOT}, with optional packages, or leave emoji to the font"
        raise SetupError("the pictures of emoji are not installed", remedy=remedy)
    themes = tuple(_theme(path) for path in options.theme_set)
    return DeckOptions(options.html, themes, options.emoji, options.allow_files)


def _theme(path: Path) -> Path:
    found = _real(path, "theme")
    if not found.exists():
        raise UsageError(f"there is no theme {path}", remedy="name CSS files or folders: --theme-set PATH")
    return found


def deck_path(options: argparse.Namespace, project: Project) -> Path:
    """Return the deck that the command line names, or the project's own; raise UsageError where there can be none."""
    deck = options.deck or project.deck
    if deck is None:
        raise UsageError("the project has no deck of its own", remedy="name one: --deck PATH")
    return _real(deck, "deck")


def refuse_missing(deck: Path) -> None:
    """Raise UsageError where a deck does not exist, or is a folder."""
    if not deck.is_file():
        message = f"the deck {deck} is a folder" if deck.is_dir() else f"there is no deck {deck}"
        raise UsageError(message, remedy="name a file: --deck PATH")


def _real(path: Path, kind: str) -> Path:
    try:
        found = path.resolve()
        found.exists()
    except (OSError, RuntimeError, ValueError) as error:  # too long, a cycle of links, a NUL
        raise _no_path(path, kind, error) from error
    return found


def _no_path(path: Path, kind: str, error: Exception) -> UsageError:
    name = str(path) if len(str(path)) <= 200 else f"{str(path)[:100]}…"
    remedy = f"name another: --{'deck' if kind == 'deck' else 'theme-set'} PATH"
    return UsageError(f"the {kind} {name!r} cannot be found: {reason(error)}", remedy=remedy)
