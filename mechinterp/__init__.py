"""Mechanistic interpretability: the analyses of the lecture, on torch."""
