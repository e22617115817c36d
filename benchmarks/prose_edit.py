"""An edited sentence, then `python build.py --formats html`, against Marp CLI alone on the same Markdown."""

from __future__ import annotations

import itertools
import time
from pathlib import Path

from benchmarks.measure import build, copy_of_project, in_turn, report, seconds
from build import DECK, fixtures
from lectern.deck.rendering import make_ready
from lectern.deck.source import read_deck
from lectern.progress import Progress
from lectern.project import Project
from lectern.workshop import open_workshop

SENTENCE = "Abrirla hace falta para:"


def write_word(deck: Path, word: str) -> float:
    """End the sentence with a word that is new in the deck, and return when it was written."""
    before, _, after = deck.read_text(encoding="utf-8").partition(SENTENCE)
    _, _, rest = after.partition("\n")
    began = time.time()
    deck.write_text(f"{before}{SENTENCE} {word}\n{rest}", encoding="utf-8")
    return began


def markdown_of(root: Path) -> str:
    """Return the Markdown that the deck's template becomes."""
    with open_workshop(Project(root, fixtures()), Progress(), jobs=1) as workshop:
        deck = read_deck(root / DECK, "deck")
        return make_ready(deck, workshop).rendered.markdown.text


def main() -> None:
    """Measure."""
    with copy_of_project() as root:
        seconds(build(root), root)
        alone = root / "slides" / "alone.md"
        alone.write_text(markdown_of(root).replace('src="img/', 'src="../img/'))
        words = itertools.count()

        def edit() -> None:
            """Change the sentence in both decks, with a word that is new in both."""
            word = f"edición{next(words)}"
            for deck in (root / "slides" / "mechinterp.md.j2", alone):
                write_word(deck, word)

        marp = root / "node_modules" / ".bin" / "marp"
        theme = root / "slides" / "mechinterp.css"
        arguments = ["--no-stdin", "--html", "--theme-set", theme, "-o", root / "alone.html", alone]
        commands = {
            "build.py --formats html": build(root, "--formats", "html"),
            "marp": [marp, *arguments],
            "npx marp": ["npx", "--no-install", "marp", *arguments],
        }
        report("A prose edit", in_turn(commands, root, edit), wanted="at most 0.7")


if __name__ == "__main__":
    main()
