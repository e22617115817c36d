"""Generated Spanish text with regularities to learn: who gets what, what is repeated, what belongs to whom.

Each kind of sentence is there for a mechanism. *Indirect objects* (IOI) require the name that is not the giver's, even
with others in between; with givers named by trade or by order, they require it without a repeated name; *lists* require
the name that occurs twice, or the one that occurs once, without help from grammar; *possessions* require an association
made in the context; *facts* require what the context does not say; agreement, the days of the week and counting
require none of these.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from typing import TypeVar

from mechinterp.text import facts
from mechinterp.text.filling import Filler
from mechinterp.text.lexicon.names import NAMES, is_woman
from mechinterp.text.lexicon.nouns import ANIMALS, THINGS
from mechinterp.text.lexicon.others import DAYS, MONTHS, NUMBERS, ORDINALS, WHEN, WHY
from mechinterp.text.lexicon.vocabulary import WORDS
from mechinterp.text.lexicon.world import TRADES
from mechinterp.text.phrases import a as a_noun
from mechinterp.text.phrases import spell, the, with_capitals
from mechinterp.text.templates import (
    ALONE,
    ASIDES,
    EVERYDAY,
    GIFTS,
    IMPERSONAL,
    JOINS,
    OPENINGS,
    SCENES,
    TEMPLATES,
    THEN,
    TIES,
    TOGETHER,
)

T = TypeVar("T")

N_CTX = 64  # tokens of a text, the beginning-of-text token among them
SENTENCES = 5  # of a text: enough to fill the context


class Corpus:
    """Draws sentences, the same ones for the same seed."""

    by_order = 0.2
    by_pronoun = 0.15
    scrambled = 0.06  # share of the indirect objects in which words are replaced by any others

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._filler = Filler(self._random)
        kinds: list[tuple[Callable[[], str], int]] = [
            (self.indirect_object, 40),
            (self.two_gifts, 3),
            (self.giver_by_trade, 5),
            (self.receiver_by_order, 3),
            (self.named_twice, 9),
            (self.named_once, 7),
            (self.possession, 6),
            (self.everyday, 9),
            (self.impersonal, 5),
            (self.repetition, 7),
            (self.sequence, 3),
            (self.fact, 9),
            (self.two_hops, 4),
            (self.origin, 2),
            (self.tool, 3),
        ]
        self._kinds = [kind for kind, _ in kinds]
        self._weights = [weight for _, weight in kinds]

    def sentence(self) -> str:
        """Return a sentence of some kind."""
        return self.kind_and_sentence()[1]

    def kind_and_sentence(self) -> tuple[str, str]:
        """Return the kind of a sentence, the name of the method that draws it, and the sentence."""
        (kind,) = self._random.choices(self._kinds, self._weights)
        return kind.__name__, spell(kind())

    def indirect_object(self) -> str:
        """Return a sentence in which one of two people gives the other something."""
        a, b, c = self._people(3)
        template = (self._apart() if self._chance(0.4) else self._one(TEMPLATES)) + self._one(GIFTS)
        if self._chance(0.25):
            template = _opened(self._one(OPENINGS), template)
        chance = self._random.random()
        giver = self._random.choice((a, b))
        called = self._called(giver, a, b)
        # «She» or «the first» would be ambiguous with three people.
        if chance < 0.3 and called == giver:
            template = self._aside(template)
        elif chance < 0.45:
            template = template.replace("{S}", f"{{S}}, {self._one(TIES)} {{C}},", 1).replace(",,", ",")
        while "{everyday}" in template:
            # «She» or «the first» would be ambiguous here, too.
            template = template.replace(
                "{everyday}", self._about(c) if called == giver else self.impersonal(), 1
            )
        prompt, answer = ioi(template, a, b, giver, self._random, called, c)
        prompt = with_capitals(prompt)
        if self._chance(self.scrambled):
            prompt = self._scrambled(prompt, {a, b, c, called})
        return f"{prompt} {answer}{self._end()}"

    def _apart(self) -> str:
        """Return a template whose two people are introduced one after the other, each in a scene of their own."""
        scene = self._one(ALONE).replace("X", "A")
        if self._chance(0.6):
            other = self._one(ALONE).replace("X", "B")
        else:
            other = self._one(TOGETHER).replace("X", "A").replace("Y", "B")
        return scene + self._one(THEN) + other + self._one([join for join in JOINS if join != " {S}"])

    def _called(self, giver: str, a: str, b: str) -> str:
        """Return what the giver is called: the name, «the first», or a pronoun that distinguishes the two."""
        how, woman = self._random.random(), is_woman(giver)
        if how < self.by_order:
            order = ("primer", "segund")[giver == b]
            return f"la {order}a" if woman else f"el {order}o"
        if how < self.by_order + self.by_pronoun and is_woman(a) != is_woman(b):
            return "ella" if woman else "él"
        return giver

    def _aside(self, template: str) -> str:
        """Return the template with somebody else mentioned before it, or between the two names and the gift."""
        before, dot, after = template.partition(". ")
        aside = self._one(ASIDES)
        return f"{before}. {aside} {after}" if dot else f"{aside} {template}"

    def _scrambled(self, prompt: str, people: set[str]) -> str:
        """Return the prompt with about a third of its words replaced by any words, but not the people, nor «a»."""
        kept = {word.lower() for person in people for word in person.split()} | {"a", "y"}
        return " ".join(
            self._one(WORDS) if word.strip(",.;:").lower() not in kept and self._chance(0.35) else word
            for word in prompt.split(" ")
        )

    def two_gifts(self) -> str:
        """Return a sentence in which two people give each other something."""
        a, b = self._people(2)
        people = {"A": a, "B": b}
        join = self._one((" y {B}", ". Después {B}", ", y luego {B}", " cuando {B}", ", pero {B}"))
        template = "{A} le {gave} {thing} a {B}" + join + " le {gave} {thing} a {A}"
        return self._filler.fill(template, people) + self._end()

    def giver_by_trade(self) -> str:
        """Return a sentence in which the giver is named by trade, so that no name is repeated before the answer."""
        a, b = self._people(2)
        first, second = self._random.sample(TRADES, 2)
        trade = {a: first.of(is_woman(a)), b: second.of(is_woman(b))}
        giver, receiver = self._random.sample((a, b), 2)
        introduced = self._one(
            ("{A} era {TA} y {B} era {TB}. {when}, ", "{A}, {TA}, {went_alone} {to} con {B}, {TB}. Allí ")
        )
        template = introduced + "{G}" + self._one(GIFTS[:8])
        people = {"A": a, "B": b, "TA": trade[a], "TB": trade[b], "G": _the(trade[giver], giver)}
        return f"{self._filler.fill(template, people)} {receiver}{self._end()}"

    def receiver_by_order(self) -> str:
        """Return a sentence in which the receiver is called «the first» or «the second», and then by name."""
        a, b = self._people(2)
        receiver = self._random.choice((a, b))
        order = ("primer", "segund")[receiver == b]
        called = f"a la {order}a" if is_woman(receiver) else f"al {order}o"
        scene = self._one([scene for scene in SCENES if not scene.endswith((",", "que"))])
        prompt, _ = ioi(scene + ". Allí alguien le {gave} {thing}", a, b, a, self._random)
        end = self._end()
        return f"{prompt} {called}, a {receiver}{end if end == '.' else ',' + end}"

    def named_twice(self) -> str:
        """Return a list and the name that occurs twice in it."""
        names = list(self._people(self._random.randint(2, 5)))
        twice = self._random.choice(names)
        names.insert(self._random.randint(0, len(names)), twice)
        return f"{self._list(names)} Aparece dos veces {twice}."

    def named_once(self) -> str:
        """Return a list of two names, one of them twice, and the name that occurs once."""
        once, twice = self._people(2)
        names = [twice, twice]
        names.insert(self._random.randint(0, 2), once)
        return f"{self._list(names)} Aparece una vez {once}."

    def _list(self, names: list[str]) -> str:
        return (
            f"{self._one(('La lista dice', 'Llamaron a', 'Los nombres son', 'Vinieron'))} {', '.join(names)}."
        )

    def possession(self) -> str:
        """Return a sentence that says who has what, and one that repeats it for one of them."""
        people = self._people(self._random.randint(2, 3))
        owned = self._random.sample(self._one((ANIMALS, THINGS)), len(people))
        name, noun = self._random.choice(list(zip(people, owned, strict=True)))
        has = self._one(("tiene", "compró", "trajo", "quiere"))
        said = [f"{n} {has} {a_noun(thing)}" for n, thing in zip(people, owned, strict=True)]
        both = self._one((", ", " y ", ". ")).join(said[:2])
        again = (
            f"{the(noun).capitalize()} es de {name}.",
            f"Como {name} {has} {a_noun(noun)}, está en casa.",
            f"Quien {has} {the(noun)} es {name}.",
            f"Por eso {the(noun)} era de {name}.",
            f"{name} cuida {the(noun)}.",
        )
        return f"{', '.join((both, *said[2:]))}. {self._one(again)}"

    def everyday(self) -> str:
        """Return an everyday sentence on somebody, in which words agree in gender."""
        (name,) = self._people(1)
        return self._filler.fill(self._one(EVERYDAY), {"name": name})

    def impersonal(self) -> str:
        """Return an everyday sentence on people without names, or on things."""
        return self._filler.fill(self._one(IMPERSONAL), {})

    def _about(self, name: str) -> str:
        chosen = self._one(EVERYDAY if self._chance(0.3) else IMPERSONAL)
        return self._filler.fill(chosen, {"name": name})

    def repetition(self) -> str:
        """Return words, or an everyday sentence, and the same again."""
        if self._chance(0.6):
            once = self.impersonal() if self._chance(0.5) else self.everyday()
            between = self._one(("", "", "Otra vez: ", f"{self._one(WHEN)}, ", f"{self.impersonal()} "))
            return f"{once} {between}{once}"
        listed = ", ".join(self._random.sample(WORDS, self._random.randint(3, 8)))
        return f"{listed}{self._one((', ', '. '))}{listed}."

    def sequence(self) -> str:
        """Return days of the week, months, or numbers, in their order."""
        words = self._one((DAYS, MONTHS, NUMBERS, ORDINALS))
        start = self._random.randrange(len(words) - 3)
        listed = f"{', '.join(words[start : start + self._random.randint(4, 6)])}."
        return listed.capitalize() if self._chance(0.3) else listed

    def fact(self) -> str:
        """Return a sentence on a country or a city."""
        return self._one((facts.about_a_country, facts.about_a_city))(self._random)

    def two_hops(self) -> str:
        """Return a sentence whose last word follows from two facts."""
        return facts.in_two_hops(self._random)

    def origin(self) -> str:
        """Return a sentence on where somebody comes from."""
        return facts.about_somebody(self._people(1)[0], self._random)

    def tool(self) -> str:
        """Return a sentence on a trade and its tool."""
        return facts.about_a_trade(self._people(1)[0], self._random)

    def _people(self, number: int) -> list[str]:
        """Return different names; pairs that are held out never occur together."""
        while True:
            people = self._random.sample(NAMES, number)
            if not any(kept_apart(a, b) for a in people for b in people if a < b):
                return people

    def _end(self) -> str:
        return f" {self._one(WHY)}." if self._chance(0.25) else "."

    def _chance(self, share: float) -> bool:
        return self._random.random() < share

    def _one(self, of_these: Sequence[T]) -> T:
        return self._random.choice(of_these)


def _opened(opening: str, template: str) -> str:
    """Return the template after an opening such as «Ayer»; its former first word loses its capital."""
    if template.startswith("{"):
        return opening + template.replace("_capital}", "}", 1)
    return opening + template[0].lower() + template[1:]


def ioi(
    template: str, a: str, b: str, giver: str, draw: random.Random, called: str = "", third: str = ""
) -> tuple[str, str]:
    """Return the template filled in with names a and b in this order, up to the answer, and the answer."""
    people = {"A": a, "B": b, "C": third, "S": called or giver}
    # What agrees with S agrees with the giver, whatever the giver is called.
    prompt = Filler(draw).fill(template.replace("_of_S}", f"_of_{'AB'[giver == b]}}}"), people)
    return prompt, b if giver == a else a


def kept_apart(a: str, b: str) -> bool:
    """Whether two names never meet in a sentence of the corpus, so that tests have unseen pairs: one in ten."""
    i, j = sorted((NAMES.index(a), NAMES.index(b)))
    return (7 * i + 11 * j) % 10 == 0


def _the(trade: str, name: str) -> str:
    """Return «la maestra» or «el maestro»."""
    return f"{'la' if is_woman(name) else 'el'} {trade}"


def draw_texts(n: int, seed: int) -> list[str]:
    """Return n texts of SENTENCES sentences each."""
    corpus = Corpus(seed)
    return [" ".join(corpus.sentence() for _ in range(SENTENCES)) for _ in range(n)]
