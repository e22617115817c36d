"""Build a deck whose figures, numbers and claims are computed when it is built."""

__version__ = "0.1.0"
