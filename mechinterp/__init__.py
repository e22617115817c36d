"""Mechanistic interpretability: the analyses of the lecture, on torch."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mechinterp.model.loading import load_model

__all__ = ["load_model"]


def __getattr__(name: str) -> Any:
    """Import load_model on first use, so that code that only looks for files does not wait for torch."""
    if name == "load_model":
        from mechinterp.model.loading import load_model

        return load_model
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
