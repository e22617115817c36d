"""The card of a feature of an SAE: where it fires, the words that it raises, and what is written with it."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, STRONG
from figures.style.panels import numbered_texts, shaded_lines, signed_bars
from figures.style.tokens import labels, printable


def feature_card(data: Mapping[str, Any], number: str) -> Figure:
    """Draw excerpts, a histogram and words above; below, for each prompt, texts with what `number` says it is."""
    figure = Figure()
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.45, 1))  # type: ignore[misc]
    excerpts, histogram, words = top.subplots(1, 3, width_ratios=(2.3, 0.9, 0.8))
    shaded_lines(excerpts, data["excerpts"][:5])
    excerpts.set_title("donde más se activa", **STRONG, loc="left")
    histogram.hist(data["positive"], bins=24, color=CATEGORIES[0], log=True)
    histogram.set(xlabel="activación", ylabel="tokens")
    histogram.set_title("cuánto", **STRONG)
    names, raised = data["words"]
    signed_bars(words, labels(names), raised)
    words.set(xlabel="logit directo (σ)")
    words.set_title("palabras", **STRONG)
    for axes, (prompt, lines) in zip(bottom.subplots(1, 2), data["written"].items(), strict=True):
        numbered_texts(axes, f"«{printable(prompt)} …»", number, lines)
    return figure
