"""Numbers as they are written in Spanish."""

from __future__ import annotations


def decimal(x: float, places: int = 2) -> str:
    """Return a number with a decimal comma, a minus sign, and no sign where it rounds to zero."""
    return f"{round(float(x), places) + 0.0:.{places}f}".replace(".", ",").replace("-", "−")
