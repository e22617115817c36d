"""Tokens as labels."""

from collections.abc import Sequence


def label(token: str) -> str:
    """Return a token as an axis shows it: without its space, the token for the beginning by the field's name."""
    if token.startswith("<|"):
        return "BOS"
    return token.strip() or "␣"


def labels(tokens: Sequence[str]) -> list[str]:
    """Return several tokens as an axis shows them."""
    return [label(token) for token in tokens]


def printable(text: str) -> str:
    """Return a text with what has no glyph, such as half a letter, as a middle dot."""
    return "".join(c if c.isprintable() and c != "\ufffd" else "·" for c in text).strip()
