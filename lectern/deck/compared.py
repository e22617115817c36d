"""A deck made with other fixtures, beside the project's own: what it leaves out, and which sentences say otherwise.

What was written about one model may not be true of another. Claims that fail are one half of that; the other is what
the template says in their place, which somebody who gives the lecture has to read.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from lectern.deck.claims import Stated
from lectern.deck.markdown import Markdown

TITLE = re.compile(r"(?m)^# +(.+?) *$")
NUMBER = re.compile(r"\S*\d\S*")


@dataclass(frozen=True)
class Pair:
    """A sentence that rests on a claim, and what the project's own deck says there; empty where it says nothing."""

    here: Stated
    own: str


@dataclass(frozen=True)
class Compared:
    """What differs between a deck and the project's own."""

    left_out: tuple[str, ...]  # titles of slides
    added: tuple[str, ...]
    reworded: tuple[Pair, ...]  # sentences with other words
    renumbered: tuple[Pair, ...]  # sentences with the same words and other numbers
    unsaid: tuple[str, ...]  # sentences of the project's own deck that rest on a claim which is not made here

    @property
    def summary(self) -> str:
        """How much differs, in one line."""
        counts = (
            (len(self.left_out), "slide left out", "slides left out"),
            (len(self.added), "slide added", "slides added"),
            (len(self.reworded), "sentence reads otherwise", "sentences read otherwise"),
            (len(self.renumbered), "has other numbers", "have other numbers"),
        )
        said = [f"{n} {one if n == 1 else many}" for n, one, many in counts if n]
        return ", ".join(said) or "every sentence is the same"


def compare(
    here: Markdown, stated: Iterable[Stated], own: Markdown, own_stated: Iterable[Stated]
) -> Compared:
    """Compare a rendered deck, its sentences with the numbers of their slides, with the project's own."""
    titles, own_titles = TITLE.findall(here.body), TITLE.findall(own.body)
    said = {_claim(item): item.sentence for item in own_stated}
    now = {_claim(item): item for item in stated}
    pairs = [Pair(item, said.get(claim, "")) for claim, item in now.items()]
    differ = [pair for pair in pairs if pair.here.sentence != pair.own]
    same_words = [pair for pair in differ if _words(pair.here.sentence) == _words(pair.own)]
    return Compared(
        tuple(title for title in own_titles if title not in titles),
        tuple(title for title in titles if title not in own_titles),
        tuple(pair for pair in differ if pair not in same_words),
        tuple(same_words),
        tuple(sentence for claim, sentence in said.items() if claim not in now),
    )


def written(
    found: Compared, deck: str, fixtures: Mapping[str, str], claims: str, failing: Iterable[str]
) -> str:
    """Return the comparison as a Markdown page; `claims` says how many hold, `failing` which do not."""
    made_with = ", ".join(f"{name} {value}" for name, value in fixtures.items())
    parts = [
        f"# {deck} with {made_with}",
        f"{claims[:1].upper()}{claims[1:]}. Beside the lecture's own, as it was last made: {found.summary}.",
        _list("Claims that do not hold", failing),
        _list("Slides left out", found.left_out),
        _list("Slides added", found.added),
        _table("Sentences that read otherwise", found.reworded),
        _list("Sentences of the lecture that are not said here", found.unsaid),
        _table("Sentences with other numbers", found.renumbered),
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _claim(item: Stated) -> tuple[str, str]:
    return item.claim.figure, item.claim.name


def _words(sentence: str) -> list[str]:
    """Return a sentence's words; those with digits, numbers and names such as L0H1, count as the same."""
    return NUMBER.sub("0", sentence).split()


def _list(title: str, items: Iterable[str]) -> str:
    lines = [f"- {item}" for item in items]
    return "\n".join([f"## {title}\n", *lines]) if lines else ""


def _table(title: str, pairs: Iterable[Pair]) -> str:
    rows = [
        f"| {pair.here.where.removeprefix('slide ')} | {_cell(pair.here.sentence)} | {_cell(pair.own)} |"
        for pair in pairs
    ]
    head = ["| slide | here | in the lecture's own |", "|---|---|---|"]
    return "\n".join([f"## {title}\n", *head, *rows]) if rows else ""


def _cell(text: str) -> str:
    return text.replace("|", "\\|") or "(nothing)"
