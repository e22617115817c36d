"""The one who gets something is the one who does not give it, whatever the giver is called."""

import random
import re

import pytest

from mechinterp.text.corpus import Corpus, ioi
from mechinterp.text.lexicon.adjectives import MOODS
from mechinterp.text.lexicon.names import is_woman
from mechinterp.text.phrases import spell, with_capitals
from mechinterp.text.templates import GIFTS, TIES
from tests.mechinterp.text.reading import CALLED, NAME, any_of, by_order, names


class Told(Corpus):
    """Tells who the people of its last sentence are."""

    people: list[str]

    def _people(self, number: int) -> list[str]:
        self.people = super()._people(number)
        return self.people


def gifts(n: int, scrambled: float = 0.0) -> list[tuple[str, str, str, str]]:
    """Return sentences, each with the two people between whom something is given, and a third."""
    corpus = Told(0)
    corpus.scrambled = scrambled
    return [(corpus.indirect_object(), *corpus.people) for _ in range(n)]


@pytest.fixture(scope="module")
def given() -> list[tuple[str, str, str, str]]:
    return gifts(2500)


def called_and_answer(text: str, a: str, b: str) -> tuple[str, str, str]:
    """Return a sentence up to its giver, what the giver is called, and the one who gets something."""
    *_, answer = re.finditer(rf" a (\b{a}\b|\b{b}\b)", text)
    *_, giver = re.finditer(rf"(?i:{CALLED})|\b{a}\b|\b{b}\b", text[: answer.start()])
    return text[: giver.start()], giver[0], answer[1]


def test_the_two_are_named_in_their_order_before_the_giver(given: list[tuple[str, str, str, str]]) -> None:
    for text, a, b, _ in given:
        before, _, _ = called_and_answer(text, a, b)
        assert [name for name in names(before) if name in (a, b)] == [a, b], text


def test_who_does_not_give_is_who_gets_it(given: list[tuple[str, str, str, str]]) -> None:
    ways = set()
    for text, a, b, _ in given:
        _, called, answer = called_and_answer(text, a, b)
        assert names(text)[-1] == answer, text
        giver = a if answer == b else b
        pronoun = "ella" if is_woman(giver) else "él"
        assert called.lower() in {giver.lower(), by_order(giver == a, giver), pronoun}, text
        if called.lower() == pronoun:
            assert is_woman(a) != is_woman(b), text  # or it would not say who gives
        ways.add(called.lower())
    assert {"el primero", "la primera", "el segundo", "la segunda", "él", "ella"} < ways


def test_most_givers_are_called_by_name_and_either_may_give(given: list[tuple[str, str, str, str]]) -> None:
    called = [called_and_answer(text, a, b) for text, a, b, _ in given]
    by_name = sum(giver in names(giver) for _, giver, _ in called) / len(given)
    assert 0.65 < by_name < 0.8
    first = sum(answer == a for (_, _, answer), (_, a, _, _) in zip(called, given, strict=True)) / len(given)
    assert 0.45 < first < 0.55


def test_a_third_person_is_often_named_and_never_gets_anything(
    given: list[tuple[str, str, str, str]],
) -> None:
    third = [(text, c) for text, _, _, c in given if c in names(text)]
    assert 0.3 < len(third) / len(given) < 0.6
    tied = [text for text, c in third if re.search(rf", {any_of(TIES)} {c},", text)]
    beside = [
        text
        for text, c in third
        if re.search(rf"(^|\. |, ){c} (miraba|no estaba|ya lo sabía|llegó tarde)\.", text)
    ]
    assert len(tied) > 0.05 * len(given)
    assert len(beside) > 0.05 * len(given)
    for text, a, b, c in given:
        assert set(names(text)) <= {a, b, c}, text


def test_a_mood_of_the_giver_agrees(given: list[tuple[str, str, str, str]]) -> None:
    moods = {is_she: {mood.form(is_she) for mood in MOODS} for is_she in (True, False)}
    found = 0
    for text, a, b, _ in given:
        _, _, answer = called_and_answer(text, a, b)
        if mood := re.search(rf" estaba (\w+) y le \w+ .+ a {answer}", text):
            assert mood[1] in moods[is_woman(a if answer == b else b)], text
            found += 1
    assert found > 20


def test_words_may_be_replaced_but_not_the_people_nor_the_one_who_gets_it() -> None:
    for text, a, b, _ in gifts(300, scrambled=1.0):
        assert re.search(rf" a ({a}|{b})( [^.]+)?\.$", text), text
    replaced, intact = gifts(300, scrambled=1.0), gifts(300)
    assert sum(" le " in text for text, *_ in replaced) < 0.85 * sum(" le " in text for text, *_ in intact)


def test_words_may_be_replaced_but_not_what_says_who_gives() -> None:
    for text, a, b, _ in gifts(600, scrambled=1.0):
        prompt = re.match(rf"(.*) a (?:{a}|{b})\b", text)[1]
        named = [name for name in names(prompt) if name in (a, b)]
        assert named[:2] == [a, b], text
        assert len(named) == 3 or re.search(CALLED, prompt, re.IGNORECASE), text


def test_a_prompt_stops_before_the_one_who_does_not_give() -> None:
    template = "{A} y {B} {went} {to}. Entonces {S} estaba {mood_of_S} y le {gave} {object} a"
    for giver, answer in (("Ana", "Juan"), ("Juan", "Ana")):
        text, found = ioi(template, "Ana", "Juan", giver, random.Random(0))
        assert found == answer
        assert re.fullmatch(rf"Ana y Juan \w+ al? .+\. Entonces {giver} estaba \w+ y le \w+ una? \w+ a", text)
    called, found = ioi(template, "Ana", "Juan", "Ana", random.Random(0), "la primera")
    assert found == "Juan"
    mood = re.search(r"Entonces la primera estaba (\w+) y", called)
    assert mood
    assert mood[1] in {mood.form(feminine=True) for mood in MOODS}


def test_every_gift_ends_before_the_one_who_gets_it() -> None:
    assert all(gift.endswith(" a") and "{A}" not in gift and "{B}" not in gift for gift in GIFTS)


def test_a_sentence_that_begins_with_a_time_goes_on_without_a_capital() -> None:
    opened = [
        text for text, *_ in gifts(600) if text.startswith(("Hace años, ", "Dicen que ", "Según cuentan, "))
    ]
    assert len(opened) > 20
    for text in opened:
        begun = re.sub(r"^(Hace años, |Dicen que |Según cuentan, )", "", text)
        assert begun[0].islower() or re.match(NAME, begun), text
        assert spell(with_capitals(text)) == spell(text)
