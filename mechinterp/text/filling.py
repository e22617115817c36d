"""Fills the holes of sentences with words that agree in gender and number."""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeVar

from mechinterp.text.lexicon.adjectives import CHARACTERS, MOODS, QUALITIES, Adjective
from mechinterp.text.lexicon.names import NAMES, is_woman
from mechinterp.text.lexicon.nouns import (
    ABSTRACT,
    ANIMALS,
    BODY,
    FOODS,
    NATURE,
    NOUNS,
    PEOPLE,
    PLACES,
    THINGS,
    TIMES,
    Noun,
)
from mechinterp.text.lexicon.others import (
    COMMON,
    DAYS,
    FEELINGS,
    HOW,
    MEETING,
    MONTHS,
    NUMBERS,
    RELATIVES,
    SYLLABLES,
    WEATHER,
    WHEN,
    WHO,
)
from mechinterp.text.lexicon.verbs import BEING_AT, GIVING, GOING, SAYING, TRANSITIVE
from mechinterp.text.lexicon.vocabulary import WORDS
from mechinterp.text.lexicon.world import TRADES
from mechinterp.text.phrases import a, his, of, the, to, with_object, with_two_objects

T = TypeVar("T")

HOLE = re.compile(r"{(\w+)}")
UNNAMED = tuple(word for word in WORDS if word.capitalize() not in NAMES)  # «rosa» would look like Rosa
FRIENDS = ("amig", "herman", "vecin", "prim", "compañer")  # the ending tells gender and number


class Filler:
    """Draws the words of sentences."""

    def __init__(self, draw: random.Random) -> None:
        self._draw = draw
        one = self._one
        self._holes: dict[str, Callable[[], str]] = {
            "to": lambda: to(one(PLACES)),
            "of": lambda: of(one(PLACES)),
            "at": self._at,
            "object": self.object,
            "objects": self._objects,
            "bare": self._bare,
            "thing": self.thing,
            "object_and_gave_it": lambda: self._and_it(lambda it: f"y se {it} {one(GIVING).past}"),
            "object_and_sought_it": lambda: self._and_it(lambda it: f"y {it} buscó"),
            "to_the_other_person": lambda: to(one(PEOPLE)),
            "of_the_abstract": lambda: of(one(ABSTRACT)),
            "when": lambda: one(WHEN),
            "day": lambda: one(DAYS),
            "how": lambda: one(HOW),
            "who": lambda: one(WHO),
            "time": lambda: one(("de noche", "de día", "tarde", "temprano", "domingo", "verano", "invierno")),
            "weather": lambda: one(WEATHER),
            "month": lambda: one(MONTHS),
            "relative": lambda: one(RELATIVES),
            "works": lambda: one(("trabaja", "vive", "estudia", "come", "duerme")),
            "gave": lambda: one(GIVING).past,
            "gives": lambda: one(GIVING).present,
            "was_giving": lambda: one(GIVING).imperfect,
            "given": lambda: one(GIVING).participle,
            "to_give": lambda: one(GIVING).infinitive,
            "to_give_her": lambda: one(GIVING).infinitive + "le",
            "object_to_give_it": lambda: self._and_it(
                lambda it: f"para {with_two_objects(one(GIVING).infinitive, it)}"
            ),
            "feeling": lambda: one(FEELINGS),
            "lost": lambda: one(("perdido", "olvidado", "comprado", "visto", "encontrado", "dejado")),
            "number": lambda: one(NUMBERS[1:]),
            "will_give": lambda: one(GIVING).future,
            "giving": lambda: one(GIVING).gerund,
            "giving_her": lambda: with_object(one(GIVING).gerund),
            "wanted": lambda: one(("quiso", "quería", "decidió", "pudo", "pensaba", "prometió", "intentó")),
            "met": lambda: one(MEETING),
            "said": lambda: one(SAYING).past,
            "went": lambda: one(GOING).pasts,
            "went_alone": lambda: one(GOING).past,
            "did": lambda: one(BEING_AT).pasts,
            "do": lambda: one(BEING_AT).presents,
            "were_doing": lambda: one(BEING_AT).imperfects,
            "was_doing": lambda: one(BEING_AT).imperfect,
            "to_do": lambda: one(BEING_AT).infinitive,
            "did_with": lambda: one(TRANSITIVE).past,
            "soup": self._soup,
            "soup_capital": lambda: self._soup().capitalize(),
        }

    def fill(self, template: str, people: Mapping[str, str]) -> str:
        """Return a template with its holes filled: people as given, all else drawn."""
        nouns: dict[str, Noun] = {}
        return HOLE.sub(lambda match: self._filled(match[1], people, nouns), template)

    def _filled(self, hole: str, people: Mapping[str, str], nouns: dict[str, Noun]) -> str:
        if hole in people:
            return people[hole]
        if hole in self._holes:
            return self._holes[hole]()
        if hole.startswith("the_"):
            return self._the(hole.removeprefix("the_"), nouns)
        return self._agreeing(hole, people, nouns)

    def thing(self) -> str:
        """Return something to give: a noun with whatever may stand before and after it, or without an article."""
        if self._draw.random() < 0.3:
            return self._one((self._bare, self._bare, self._made_up))()
        noun = self._one(self._one((THINGS, THINGS, FOODS, ABSTRACT, ANIMALS, NOUNS)))
        plural = self._draw.random() < 0.25
        phrase = self._one((a, a, the, his, self._counted if plural else a))(noun, plural)
        chance = self._draw.random()
        if chance < 0.15:
            return f"{phrase} {self._one(QUALITIES).form(noun.feminine, plural)}"
        if chance < 0.25:
            return f"{phrase} de {self._bare()}"
        return phrase

    def object(self) -> str:
        """Return a thing with its indefinite article."""
        return a(self._one(THINGS))

    def _objects(self) -> str:
        return self._one(self._one((THINGS, ANIMALS, PEOPLE))).plural

    def _bare(self) -> str:
        return self._one((self._one(FOODS).singular, self._one(THINGS).plural, self._one(FOODS).singular))

    def _made_up(self) -> str:
        """Return an article and a noun that does not exist, so that no noun has to be known."""
        noun = "".join(self._one(SYLLABLES) for _ in range(self._draw.randint(2, 4)))
        return f"{self._one(('un', 'una', 'el', 'la', 'su'))} {noun}"

    def _counted(self, noun: Noun, plural: bool) -> str:
        return f"{self._one(NUMBERS[1:])} {noun.plural}" if plural else a(noun)

    def _soup(self) -> str:
        words = [self._one(self._one((COMMON, COMMON, UNNAMED))) for _ in range(self._draw.randint(2, 6))]
        return " ".join(words)

    def _and_it(self, end: Callable[[str], str]) -> str:
        noun = self._one(THINGS)
        return f"{a(noun)} {end('la' if noun.feminine else 'lo')}"

    def _at(self) -> str:
        return f"en {the(self._one(PLACES))}"

    def _the(self, name: str, nouns: dict[str, Noun]) -> str:
        """Return a noun with its article, and remember it, so that an adjective can agree with it."""
        kind = name.removesuffix("_capital")
        group = {
            "person": PEOPLE,
            "thing": THINGS,
            "place": PLACES,
            "nature": NATURE,
            "animal": ANIMALS,
            "abstract": ABSTRACT,
            "body": BODY,
            "time": TIMES,
        }[kind]
        noun = nouns[kind] = self._one(group)
        return the(noun).capitalize() if name.endswith("_capital") else the(noun)

    def _agreeing(self, name: str, people: Mapping[str, str], nouns: Mapping[str, Noun]) -> str:
        """Return an adjective or a noun in the gender of somebody, or of a noun before it."""
        if name == "friends":
            among_women = is_woman(people["A"]) and is_woman(people["B"])
            return self._one(FRIENDS) + ("as" if among_women else "os")
        kind, _, whom = name.partition("_of_")
        noun = nouns.get(whom.removeprefix("the_"))
        feminine = noun.feminine if noun else is_woman(people[whom])
        if kind == "her":
            return "ella" if feminine else "él"
        if kind == "verb_her":
            return self._one(("ver", "ayudar", "buscar", "visitar", "conocer")) + ("la" if feminine else "lo")
        if kind == "trade":
            return self._one(TRADES).of(feminine)
        if kind == "friend":
            return self._one(FRIENDS) + ("a" if feminine else "o")
        group: Sequence[Adjective] = {"mood": MOODS, "character": CHARACTERS, "quality": QUALITIES}[kind]
        return self._one(group).form(feminine)

    def _one(self, of_these: Sequence[T]) -> T:
        return self._draw.choice(of_these)
