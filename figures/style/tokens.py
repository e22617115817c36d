"""Tokens as labels."""

import functools
from collections.abc import Sequence

from matplotlib.font_manager import findfont
from matplotlib.ft2font import FT2Font

from figures.style.look import FONTS

LONGEST = 12  # characters of a token that are shown
WHITE = {" ": "␣", "\n": "⏎", "\t": "⇥"}


def label(token: str) -> str:
    """Return a token as an axis shows it: without its space, the token for the beginning by the field's name.

    White space alone has a sign of its own, long tokens are cut, and what is no letter of the fonts is a middle dot.
    """
    if token.startswith("<|"):
        return "BOS"
    shown = token.strip() or "".join(WHITE.get(c, "␣") for c in token)
    return printable(shown if len(shown) <= LONGEST else shown[: LONGEST - 1] + "…")


def labels(tokens: Sequence[str]) -> list[str]:
    """Return several tokens as an axis shows them."""
    return [label(token) for token in tokens]


def printable(text: str) -> str:
    """Return a text with what has no glyph, such as half a letter, as a middle dot, and no sign for formulas."""
    shown = "".join(c if c.isprintable() and c != "\ufffd" and ord(c) in _letters() else "·" for c in text)
    return shown.strip().replace("$", r"\$")


def bold(text: str) -> str:
    """Return a text for bold type, in which no other font stands in: what the lecture's lacks as a middle dot."""
    return "".join(c if ord(c) in _own_letters() else "·" for c in printable(text))


@functools.cache
def _letters() -> frozenset[int]:
    """Return the characters that the figures' fonts have: the lecture's, and the one that stands in for it."""
    return _own_letters() | frozenset(FT2Font(findfont("DejaVu Sans")).get_charmap())


@functools.cache
def _own_letters() -> frozenset[int]:
    """Return the characters that the lecture's font has."""
    files = FONTS.glob("*.ttf")
    return frozenset(code for file in files for code in FT2Font(str(file)).get_charmap())
