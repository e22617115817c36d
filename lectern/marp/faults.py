"""Whether Marp refuses a deck because of the deck itself or of a theme."""

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
    """Return the error for a deck that Marp refuses; it names the theme if Marp cannot read one."""
    if found := STYLE_ERROR.search(str(error)):
        for path, css in styles.items():
            try:
                renderer.render("", [css], html=False)
            except ConversionError:
                return DeckError(found[2], Place(project.shown(path), int(found[1])), "correct the theme")
    return DeckError(f"Marp: {error}", Place(deck.shown))
