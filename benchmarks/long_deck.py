"""A sentence edited in the middle of a deck of 50 slides, and of 500: from the save until it is painted."""

from __future__ import annotations

import random
import statistics
import time
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import Page

from benchmarks.browsing import Shown, browser, running, said
from benchmarks.measure import build, copy_of_project

TIMES = 20
WARM = 3  # edits before those that count
SIZES = (50, 500)
FRONT_MATTER = """---
marp: true
theme: mechinterp
lang: es
title: Larga
author: Nadie
paginate: true
math: katex
footer: Una presentación larga
---
"""
WORDS = (
    "atención",
    "cabeza",
    "capa",
    "neurona",
    "modelo",
    "vector",
    "matriz",
    "patrón",
    "que",
    "de",
    "la",
    "en",
    "con",
)
FIGURES = ("superposition", "induction_emergence", "superposition_correlation")
# When each word arrived in a message to the page; `seen` records when it was painted.
RECEIVED = """
window.received = {}
const Plain = WebSocket
window.WebSocket = class extends Plain {
  constructor(...given) {
    super(...given)
    this.addEventListener('message', ({ data }) => {
      const words = JSON.stringify(JSON.parse(data)).match(/edición\\d+/g) ?? []
      for (const word of words) window.received[word] ??= Date.now()
    })
  }
}
"""


def sentence(chance: random.Random, words: int) -> str:
    """Return a sentence of random words."""
    return " ".join(chance.choices(WORDS, k=words)).capitalize()


def body(number: int, chance: random.Random) -> str:
    """Return the content of a slide, of six kinds in rotation."""
    prose = f"{sentence(chance, 25)}, con **{sentence(chance, 2)}** y $x_{{{number}}}^2 + \\alpha$."
    items = "\n".join(f"* {sentence(chance, 8)} `x[{item}]`" for item in range(4))
    rows = "\n".join(f"| {sentence(chance, 2)} | {chance.random():.3f} |" for _ in range(4))
    kinds = (
        prose + f"\n\n{sentence(chance, 20)}.",
        items + "\n\n" + prose,
        f"$$\\sum_{{i=1}}^{{{number}}} W_i x_i = \\frac{{{number}}}{{2}}$$\n\n" + prose,
        f"```python\ndef f_{number}(x):\n    return [x * {number} for _ in range(3)]  # {sentence(chance, 4)}\n```",
        f"| palabra | valor |\n|---|---|\n{rows}\n\n" + prose,
        f"[[ figures.{FIGURES[number % len(FIGURES)]} ]]\n\n" + prose,
    )
    return kinds[number % len(kinds)]


def deck(size: int, word: str) -> str:
    """Return a deck of `size` slides, with a word on the one in the middle."""
    chance = random.Random(size)
    slides = [
        f"\n# Diapositiva {number}\n\n{body(number, chance)}\n\n<!--\n{sentence(chance, 15)}.\n-->\n"
        for number in range(size)
    ]
    slides[size // 2] += f"\nLa frase que cambia: {word}\n"
    return FRONT_MATTER + "\n---\n".join(slides)


def edits(root: Path, size: int, page: Callable[[], Page]) -> tuple[list[float], list[float]]:
    """Return the seconds from each save until the page receives the edit, and until it is painted."""
    path = root / "slides" / f"long{size}.md.j2"
    path.write_text(deck(size, "edición"), encoding="utf-8")
    with running(build(root, "--watch", "--deck", str(path)), root) as server:
        shown = Shown(page(), said(server, r"http://\S+"), "La frase que cambia")
        shown.rest()
        received, painted = [], []
        for turn in range(TIMES + WARM):
            word = f"edición{turn}"
            text = deck(size, word)
            saved = time.time()
            path.write_text(text, encoding="utf-8")
            seen = shown.word(word)
            if turn >= WARM:
                painted.append(seen - saved)
                received.append(shown.page.evaluate("word => window.received[word]", word) / 1000 - saved)
            shown.rest()
    return received, painted


def main() -> None:
    """Measure."""
    print("\nA prose edit in a long deck, from the save")
    with copy_of_project() as root, browser(root / ".lectern") as new_page:

        def page() -> Page:
            opened = new_page()
            opened.add_init_script(RECEIVED)
            return opened

        for size in SIZES:
            for what, took in zip(("received", "painted"), edits(root, size, page), strict=True):
                spread = f"{min(took):.3f} to {max(took):.3f}"
                print(f"  {size} slides, {what:8} median {statistics.median(took):.3f} s   ({spread})")


if __name__ == "__main__":
    main()
