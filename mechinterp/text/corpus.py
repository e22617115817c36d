"""Generated Spanish text with regularities to learn: who gets what, what is repeated, what belongs to whom.

Each kind of sentence is there for a mechanism. *Indirect objects* (IOI) require the name that is not the giver's, even
with others in between; with givers named by trade or by order, they require it without a repeated name; *lists* require
the name that occurs twice, or the one that occurs once, without help from grammar; *possessions* require an association
made in the context; agreement in gender, the days of the week and counting require none of these.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from mechinterp.text.lexicon import (
    ANIMALS,
    DAYS,
    GAVE,
    MOODS,
    NAMES,
    NUMBERS,
    PLACES,
    THINGS,
    TRADES,
    WHEN,
    WHY,
    at,
    is_woman,
    of,
    to,
)

N_CTX = 64  # tokens of a text, the beginning-of-text token among them
SENTENCES = 5  # of a text: enough to fill the context

# A template is a scene with two people, A and B, and a join that leads from it to the gift of S, who is one of them.
SCENES = (
    "Cuando {A} y {B} fueron {to},",
    "Cuando {A} y {B} estaban {at},",
    "Mientras {A} y {B} paseaban {at},",
    "Mientras {A} y {B} trabajaban {at},",
    "Después de que {A} y {B} volvieran {of},",
    "Antes de que {A} y {B} salieran {of},",
    "Como {A} y {B} llegaron tarde {to},",
    "Al encontrarse {A} y {B} {at},",
    "{A} y {B} se encontraron {at}",
    "{A} y {B} trabajaban {at}",
    "{A} y {B} fueron {to}",
    "{A} y {B} volvieron {of}",
    "{A} y {B} pasaron un rato {at}",
    "{A} y {B} hablaban {at}",
    "{A} esperaba a {B} {at}",
    "{A} volvió {of} con {B}",
    "{A} acompañó a {B} {to}",
    "{A} vio a {B} {at}",
)
JOINS = (
    " {S}",
    " y {S}",
    ", y luego {S}",
    ". Allí {S}",
    ". Después {S}",
    ". Entonces {S}",
    ". Al final {S}",
    ". Poco después {S}",
    ". Por la noche {S}",
    ". Un día {S}",
    " cuando {S}",
    ", donde {S}",
)
FREE_SCENES = tuple(scene for scene in SCENES if not scene.endswith(","))
GIFT = " le {gave} {thing} a"
# Link the giver to a third person, whose name is then the last one before the gift.
TIES = ("con permiso de", "igual que", "por orden de")
OPENINGS = ("Ayer ", "Aquel día ", "Esta mañana ", "El lunes ", "La semana pasada ", "Esa tarde ")
ASIDES = ("{C} miraba.", "{C} no estaba.", "{C} se quedó {at}.", "{C} ya lo sabía.", "{C} llegó tarde.")


class Corpus:
    """Draws sentences, the same ones for the same seed."""

    by_order = 0.25
    by_pronoun = 0.2

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)
        self._kinds: list[Callable[[], str]] = [
            self.indirect_object,
            self.giver_by_trade,
            self.receiver_by_order,
            self.named_twice,
            self.named_once,
            self.possession,
            self.plain,
            self.sequence,
        ]
        self._weights = [44, 6, 4, 12, 10, 7, 14, 3]

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
        template = self._random.choice(TEMPLATES)
        if self._random.random() < 0.3:
            template = _opened(self._random.choice(OPENINGS), template)
        giver = self._random.choice((a, b))
        called = self._called(giver, a, b)
        prompt, answer = ioi(template, a, b, giver, self._random, called)
        chance = self._random.random()
        # «She» or «the first» would be ambiguous with three people.
        if chance < 0.35 and called == giver:
            prompt = self._aside(prompt, c)
        elif chance < 0.5:
            prompt = prompt.replace(" le ", f", {self._random.choice(TIES)} {c}, le ")
        return f"{prompt} {answer}{self._end()}"

    def _called(self, giver: str, a: str, b: str) -> str:
        """Return what the giver is called: the name, «the first», or a pronoun that distinguishes the two."""
        how, woman = self._random.random(), is_woman(giver)
        if how < self.by_order:
            order = ("primer", "segund")[giver == b]
            return f"la {order}a" if woman else f"el {order}o"
        if how < self.by_order + self.by_pronoun and is_woman(a) != is_woman(b):
            return "ella" if woman else "él"
        return giver

    def _aside(self, prompt: str, name: str) -> str:
        """Return the prompt with somebody else mentioned before it, or between the two names and the gift."""
        aside = self._random.choice(ASIDES).format(C=name, at=at(self._random.choice(PLACES)))
        before, dot, after = prompt.partition(". ")
        return f"{before}. {aside} {after}" if dot else f"{aside} {prompt}"

    def giver_by_trade(self) -> str:
        """Return a sentence in which the giver is named by trade, so that no name is repeated before the answer."""
        a, b = self._people(2)
        first, second = self._random.sample(TRADES, 2)
        trade = {a: _the(first, a), b: _the(second, b)}
        giver, receiver = self._random.sample((a, b), 2)
        place, thing = self._random.choice(PLACES), self._random.choice(THINGS)
        gave = f"{trade[giver]} le {self._random.choice(GAVE)} {' '.join(thing)} a {receiver}"
        return f"{a} era {trade[a]} y {b} era {trade[b]}. {at(place).capitalize()}, {gave}{self._end()}"

    def receiver_by_order(self) -> str:
        """Return a sentence in which the receiver is called «the first» or «the second», and then by name."""
        a, b = self._people(2)
        scene = self._random.choice(FREE_SCENES)
        receiver = self._random.choice((a, b))
        order = ("primer", "segund")[receiver == b]
        called = f"a la {order}a" if is_woman(receiver) else f"al {order}o"
        prompt, _ = ioi(scene + ". Allí alguien" + GIFT[:-2], a, b, a, self._random)
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
        opening = self._random.choice(("La lista dice", "Llamaron a", "Los nombres son", "Vinieron"))
        return f"{opening} {', '.join(names)}."

    def possession(self) -> str:
        """Return a sentence that says who has which animal, and one that repeats it for one of them."""
        people = self._people(self._random.randint(2, 3))
        animals = self._random.sample(ANIMALS, len(people))
        has = ", ".join(f"{name} tiene {' '.join(a)}" for name, a in zip(people, animals, strict=True))
        name, (article, noun) = self._random.choice(list(zip(people, animals, strict=True)))
        again = (
            f"{'La' if article == 'una' else 'El'} {noun} es de {name}.",
            f"Como {name} tiene {article} {noun}, está en casa.",
        )
        return f"{has}. {self._random.choice(again)}"

    def plain(self) -> str:
        """Return an everyday sentence, in which words agree in gender."""
        (name,) = self._people(1)
        mood = self._random.choice(MOODS)[not is_woman(name)]
        trade = self._random.choice(TRADES)[not is_woman(name)]
        place, thing, other = (self._random.choice(x) for x in (PLACES, THINGS, PLACES))
        when = self._random.choice(WHEN)
        found = "la" if thing[0] == "una" else "lo"
        return self._random.choice(
            (
                f"{when} {name} estaba {mood} {at(place)}.",
                f"{when} {name} fue {to(place)} y compró {' '.join(thing)}.",
                f"{name} es {trade} y trabaja {at(place)}.",
                f"{name} perdió {' '.join(thing)} {at(place)} y {found} buscó {at(other)}.",
                f"{when} {'la' if is_woman(name) else 'el'} {trade} volvió {of(place)} {mood}.",
            )
        )

    def sequence(self) -> str:
        """Return days of the week, or numbers, in their order."""
        words = self._random.choice((DAYS, NUMBERS))
        start = self._random.randrange(len(words) - 3)
        return f"{', '.join(words[start : start + self._random.randint(4, 6)])}.".capitalize()

    def _people(self, number: int) -> list[str]:
        """Return different names; pairs that are held out never occur together."""
        while True:
            people = self._random.sample(NAMES, number)
            if not any(kept_apart(a, b) for a in people for b in people if a < b):
                return people

    def _end(self) -> str:
        return f" {self._random.choice(WHY)}." if self._random.random() < 0.3 else "."


def templates() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the templates for training, and those held out: one in eight combinations of scene and join."""
    kept: tuple[list[str], list[str]] = ([], [])
    for i, scene in enumerate(SCENES):
        for j, join in enumerate(JOINS):
            # «Donde» would not follow the place that it refers to.
            misplaced = "con {B}" in scene and join == ", donde {S}"
            if scene.endswith(",") == (join == " {S}") and not misplaced:
                kept[(3 * i + 5 * j) % 8 == 0].append(scene + join + GIFT)
    return tuple(kept[0]), tuple(kept[1])


TEMPLATES, HELD_OUT_TEMPLATES = templates()


def _opened(opening: str, template: str) -> str:
    """Return the template after an opening such as «Ayer»; its former first word loses its capital."""
    if template.startswith("{A}"):
        return opening + template
    return f"{opening.strip()}, {template[0].lower()}{template[1:]}"


def ioi(template: str, a: str, b: str, giver: str, draw: random.Random, called: str = "") -> tuple[str, str]:
    """Return the template filled in with names a and b in this order, up to the answer, and the answer."""
    place, thing = draw.choice(PLACES), draw.choice(THINGS)
    prompt = template.format(
        A=a,
        B=b,
        S=called or giver,
        gave=draw.choice(GAVE),
        thing=" ".join(thing),
        to=to(place),
        of=of(place),
        at=at(place),
    )
    return prompt, b if giver == a else a


def spell(text: str) -> str:
    """Return the text with «y» written «e» before the sound of i."""
    return re.sub(r"\by (?=I[^aeo])", "e ", text)


def kept_apart(a: str, b: str) -> bool:
    """Whether a pair of names never occurs in training, so that tests have unseen pairs: one in ten."""
    i, j = sorted((NAMES.index(a), NAMES.index(b)))
    return (7 * i + 11 * j) % 10 == 0


def _the(trade: tuple[str, str], name: str) -> str:
    """Return «la maestra» or «el maestro»."""
    return f"la {trade[0]}" if is_woman(name) else f"el {trade[1]}"


def draw_texts(n: int, seed: int) -> list[str]:
    """Return n texts of SENTENCES sentences each."""
    corpus = Corpus(seed)
    return [" ".join(corpus.sentence() for _ in range(SENTENCES)) for _ in range(n)]
