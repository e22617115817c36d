"""Holes are filled with words that agree."""

import random
import re

import pytest

from mechinterp.text.filling import Filler
from mechinterp.text.lexicon.adjectives import CHARACTERS, MOODS, QUALITIES, Adjective
from mechinterp.text.lexicon.nouns import (
    ABSTRACT,
    NATURE,
    NOUNS,
    STRESSED_A,
    THINGS,
    Noun,
)
from mechinterp.text.lexicon.others import NUMBERS
from mechinterp.text.lexicon.verbs import GIVING
from mechinterp.text.lexicon.world import TRADES
from mechinterp.text.phrases import a, with_object, with_two_objects
from mechinterp.text.templates import EVERYDAY, IMPERSONAL, SCENES

N = 300
ANA_AND_JUAN = {"A": "Ana", "B": "Juan"}


def filled(template: str, n: int = N, **people: str) -> list[str]:
    """Return the template filled in n times."""
    filler = Filler(random.Random(0))
    return [filler.fill(template, people) for _ in range(n)]


def forms(adjectives: tuple[Adjective, ...], feminine: bool, plural: bool = False) -> set[str]:
    return {adjective.form(feminine, plural) for adjective in adjectives}


@pytest.mark.parametrize(("hole", "adjectives"), [("mood", MOODS), ("character", CHARACTERS)])
def test_an_adjective_of_somebody_agrees_with_the_name(hole: str, adjectives: tuple[Adjective, ...]) -> None:
    for name, feminine in (("Ana", True), ("Juan", False)):
        found = set(filled(f"{{{hole}_of_A}}", A=name))
        assert found <= forms(adjectives, feminine)
        assert found & (forms(adjectives, feminine) - forms(adjectives, not feminine))


@pytest.mark.parametrize(("kind", "nouns"), [("thing", THINGS), ("abstract", ABSTRACT), ("nature", NATURE)])
def test_an_adjective_agrees_with_the_noun_before_it(kind: str, nouns: tuple[Noun, ...]) -> None:
    feminine = {noun.singular: noun.feminine for noun in nouns}
    seen = set()
    for text in filled(f"{{the_{kind}}} era {{quality_of_the_{kind}}}"):
        article, noun, quality = re.fullmatch(r"(el|la) (\w+) era (\w+)", text).groups()
        assert (article == "la") == (feminine[noun] and noun not in STRESSED_A), text
        assert quality in forms(QUALITIES, feminine[noun]), text
        seen.add((article, quality in forms(QUALITIES, True) - forms(QUALITIES, False)))
    assert ("la", True) in seen
    assert ("el", False) in seen


def test_friends_agree_with_those_whom_they_are() -> None:
    for one, other, ending in (
        ("Ana", "Eva", "as"),
        ("Ana", "Juan", "os"),
        ("Juan", "Ana", "os"),
        ("Luis", "Juan", "os"),
    ):
        assert all(text.endswith(ending) for text in filled("{friends}", A=one, B=other))
    assert (
        {"prima", "amiga"}
        <= set(filled("{friend_of_A}", A="Ana"))
        == {word[:-1] + "a" for word in filled("{friend_of_A}", A="Juan")}
    )


@pytest.mark.parametrize(
    ("hole", "pattern"),
    [
        ("object_and_gave_it", r"(una?) (\w+) y se (lo|la) \w+"),
        ("object_and_sought_it", r"(una?) (\w+) y (lo|la) buscó"),
    ],
)
def test_a_pronoun_for_a_thing_agrees_with_it(hole: str, pattern: str) -> None:
    feminine = {noun.singular: noun.feminine for noun in THINGS}
    seen = set()
    for text in filled(f"{{{hole}}}"):
        article, noun, pronoun = re.fullmatch(pattern, text).groups()
        assert (pronoun == "la") == feminine[noun], text
        assert (article == "una") == (feminine[noun] and noun not in STRESSED_A), text
        seen.add(pronoun)
    assert seen == {"lo", "la"}


def test_a_thing_to_give_agrees_with_all_that_stands_around_it() -> None:
    by_word = {noun.singular: (noun, False) for noun in NOUNS} | {
        noun.plural: (noun, True) for noun in NOUNS if noun.plural != noun.singular
    }
    seen = set()
    for text in filled("{thing}", 3000):
        before, word, after = re.fullmatch(r"(?:(\w+) )?(\w+)(?: (?!de )(\w+)| de \w+)?", text).groups()
        noun, plural = by_word.get(word, (None, False))
        if noun is None or before is None or noun.singular == noun.plural:
            continue  # a made-up word, something without an article, or «crisis»
        feminine = noun.feminine
        if before in ("su", "sus"):
            assert (before == "sus") == plural, text
        elif before in NUMBERS:
            assert plural, text
        else:
            assert (before in ("los", "las", "unos", "unas")) == plural, text
            takes_la = feminine and (plural or word not in STRESSED_A)
            assert (before in ("la", "las", "una", "unas")) == takes_la, text
        if after:
            assert after in forms(QUALITIES, feminine, plural), text
        seen.add((before in NUMBERS, feminine, plural, after is not None))
    assert {(False, f, p, q) for f in (True, False) for p in (True, False) for q in (True, False)} <= seen
    assert {(True, False, True, False), (True, True, True, True)} <= seen


def test_pronouns_are_joined_to_the_verbs_of_giving() -> None:
    assert set(filled("{giving_her}", 1000)) == {with_object(verb.gerund) for verb in GIVING}
    assert set(filled("{to_give_her}", 1000)) == {f"{verb.infinitive}le" for verb in GIVING}
    given = {
        f"{a(noun)} para {with_two_objects(verb.infinitive, 'la' if noun.feminine else 'lo')}"
        for noun in THINGS
        for verb in GIVING
    }
    assert set(filled("{object_to_give_it}", 500)) <= given


def test_pronouns_and_trades_agree_with_who_is_meant() -> None:
    for name, woman in (("Ana", True), ("Juan", False)):
        drawn = set(filled("{her_of_X} {verb_her_of_X} {trade_of_X}", 300, X=name))
        assert {text.split(" ")[0] for text in drawn} == {"ella" if woman else "él"}
        assert {text.split(" ")[1][-2:] for text in drawn} == {"la" if woman else "lo"}
        assert {text.split(" ")[2] for text in drawn} == {trade.of(woman) for trade in TRADES}


def test_people_are_as_given_and_each_hole_is_drawn_anew() -> None:
    (text,) = filled("{A} {B} {A}", 1, **ANA_AND_JUAN)
    assert text == "Ana Juan Ana"
    assert any(len(set(text.split(" y "))) == 2 for text in filled("{object} y {object}"))


@pytest.mark.parametrize("template", SCENES + EVERYDAY + IMPERSONAL)
def test_every_template_can_be_filled(template: str) -> None:
    for text in filled(template, 10, name="Ana", **ANA_AND_JUAN):
        assert "{" not in text
        assert "  " not in text
        assert text[0].isupper()


def test_the_same_draw_fills_alike() -> None:
    assert filled(EVERYDAY[1], name="Ana") == filled(EVERYDAY[1], name="Ana")


def test_a_hole_that_nothing_fills_is_an_error() -> None:
    with pytest.raises(KeyError):
        filled("{nothing_of_the_kind}", 1)
