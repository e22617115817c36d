"""Whose fault it is that Marp refuses a deck: the deck's own, or a theme's."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from lectern.deck.source import DeckSource
from lectern.errors import DeckError, Place
from lectern.marp.node import ConversionError
from lectern.marp.renderer import Renderer
from lectern.project import Project

STYLE_ERROR = re.compile(r"<css input>:(\d+):\d+: (.*)")


def at_fault(
    error: ConversionError, renderer: Renderer, styles: Mapping[Path, str], deck: DeckSource, project: Project
) -> DeckError:
    """Return the error of a deck that Marp refuses, with the theme that it cannot read, if that is why."""
    if found := STYLE_ERROR.search(str(error)):
        for path, css in styles.items():
            try:
                renderer.render("", [css], html=False)
            except ConversionError:
                return DeckError(found[2], Place(project.shown(path), int(found[1])), "mend the theme")
    return DeckError(f"Marp: {error}", Place(deck.shown))
