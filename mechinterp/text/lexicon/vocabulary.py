"""All words of the lexicon, in all their forms, each once."""

from __future__ import annotations

from dataclasses import astuple

from mechinterp.text.lexicon.adjectives import ADJECTIVES
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.lexicon.nouns import NOUNS
from mechinterp.text.lexicon.others import COMMON, DAYS, FEELINGS, MONTHS, NUMBERS, ORDINALS, RELATIVES
from mechinterp.text.lexicon.verbs import VERBS
from mechinterp.text.lexicon.world import COUNTRIES


def _words() -> tuple[str, ...]:
    forms: list[str] = [*COMMON, *DAYS, *MONTHS, *NUMBERS, *ORDINALS, *RELATIVES, *FEELINGS]
    for noun in NOUNS:
        forms += noun.singular, noun.plural
    for adjective in ADJECTIVES:
        forms += (adjective.form(feminine, plural) for feminine in (False, True) for plural in (False, True))
    for verb in VERBS:
        forms += (*astuple(verb), verb.future)
    return tuple(dict.fromkeys(forms))


WORDS = _words()


def _certain() -> tuple[str, ...]:
    world = [
        word
        for country in COUNTRIES
        for phrase in (country.name, country.capital, country.language, country.continent, *country.cities)
        for word in phrase.split()
    ]
    common = [*COMMON, *(word.capitalize() for word in COMMON)]
    return tuple(dict.fromkeys((*NAMES, *world, *common, *(noun.singular for noun in NOUNS))))


CERTAIN = _certain()  # words that are one token whatever their frequency
