"""Build a deck whose figures, numbers and claims are computed when it is built."""
