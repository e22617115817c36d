"""Reads sentences of the corpus: who is named in them, and from which template they were drawn."""

from __future__ import annotations

import re
from collections.abc import Iterable

from mechinterp.text.corpus import Corpus
from mechinterp.text.filling import FRIENDS
from mechinterp.text.lexicon.adjectives import MOODS
from mechinterp.text.lexicon.names import NAMES, is_woman
from mechinterp.text.lexicon.nouns import ANIMALS, PEOPLE, PLACES, THINGS
from mechinterp.text.lexicon.others import WHEN, WHO
from mechinterp.text.lexicon.verbs import BEING_AT, GOING, TRANSITIVE
from mechinterp.text.phrases import a, of, spell, the, to

KINDS = [kind.__name__ for kind in Corpus(0)._kinds]


def any_of(words: Iterable[str]) -> str:
    """Return a pattern of any of the words, the longest that fits."""
    return rf"(?:{'|'.join(sorted(map(re.escape, set(words)), key=len, reverse=True))})\b"


NAME = rf"\b{any_of(NAMES)}"
CALLED = (
    r"\b(?:el primero|la primera|el segundo|la segunda|él|ella)\b"  # what a giver is called besides the name
)

HOLES = {
    "A": f"(?P<A>{NAME})",
    "B": f"(?P<B>{NAME})",
    "S": rf"(?:(?P=A)\b|(?P=B)\b|{CALLED})",
    "to": any_of(to(place) for place in PLACES),
    "of": any_of(of(place) for place in PLACES),
    "at": f"en {any_of(the(place) for place in PLACES)}",
    "went": any_of(verb.pasts for verb in GOING),
    "went_alone": any_of(verb.past for verb in GOING),
    "do": any_of(verb.presents for verb in BEING_AT),
    "did": any_of(verb.pasts for verb in BEING_AT),
    "were_doing": any_of(verb.imperfects for verb in BEING_AT),
    "was_doing": any_of(verb.imperfect for verb in BEING_AT),
    "to_do": any_of(verb.infinitive for verb in BEING_AT),
    "did_with": any_of(verb.past for verb in TRANSITIVE),
    "object": any_of(a(noun) for noun in THINGS),
    "objects": any_of(noun.plural for noun in THINGS + ANIMALS + PEOPLE),
    "the_person_capital": any_of(the(noun) for noun in PEOPLE),
    "friends": f"{any_of(FRIENDS)[:-2]}[ao]s",
    "friend_of_A": f"{any_of(FRIENDS)[:-2]}[ao]",
    "mood_of_A": any_of(mood.form(feminine) for mood in MOODS for feminine in (False, True)),
    "when": any_of(WHEN),
    "who": any_of(WHO),
}
HOLES["mood_of_B"] = HOLES["mood_of_A"]


def pattern_of(template: str) -> re.Pattern[str]:
    """Return what matches every sentence of a template, up to the giver; an opening may be before it."""
    holes = re.split(r"{(\w+)}", template[: template.index("{S}")] + "{S}")
    texts = [re.escape(text) for text in holes[::2]]
    holes = [HOLES[hole] for hole in holes[1::2]]
    pattern = "".join(text + hole for text, hole in zip(texts, [*holes, ""], strict=True))
    return re.compile(pattern.replace(r"\ y\ ", " [ye] "), re.IGNORECASE)


def names(text: str) -> list[str]:
    """Return the names in a text, in their order."""
    return re.findall(NAME, text)


def drawn(kind: str, n: int = 400, seed: int = 0) -> list[str]:
    """Return sentences of a kind."""
    corpus = Corpus(seed)
    return [spell(getattr(corpus, kind)()) for _ in range(n)]


def by_order(first: bool, name: str) -> str:
    """Return «el primero», «la segunda» …"""
    order = "primer" if first else "segund"
    return f"la {order}a" if is_woman(name) else f"el {order}o"
