"""What a sentence says once more, or asks back, is what it has said before."""

import re

from mechinterp.text.lexicon import words
from mechinterp.text.lexicon.nouns import ANIMALS, STRESSED_A, THINGS
from mechinterp.text.lexicon.others import DAYS, MONTHS, NUMBERS, ORDINALS
from tests.mechinterp.text.reading import NAME, drawn, names

FEMININE = {noun.singular: noun.feminine for noun in ANIMALS + THINGS}


def test_lists_name_who_is_in_them_twice_or_once() -> None:
    for kind, times in (("named_twice", 2), ("named_once", 1)):
        places, lengths = set(), set()
        for text in drawn(kind):
            *listed, answer = names(text)
            assert [name for name in set(listed) if listed.count(name) == times] == [answer], text
            assert {listed.count(name) for name in set(listed)} == {1, 2}, text
            places.add(listed.index(answer))
            lengths.add(len(listed))
        assert {0, 1, 2} <= places  # so that the place gives nothing away
        assert lengths == ({3, 4, 5, 6} if kind == "named_twice" else {3})


def said_of(text: str) -> tuple[str, str, str]:
    """Return what somebody has, by the second part of a sentence: the name, the article and the noun."""
    patterns = (
        rf"(?P<article>El|La) (?P<noun>\w+) es de (?P<name>{NAME})\.$",
        rf"Como (?P<name>{NAME}) \w+ (?P<article>una?) (?P<noun>\w+), está en casa\.$",
        rf"Quien \w+ (?P<article>el|la) (?P<noun>\w+) es (?P<name>{NAME})\.$",
        rf"Por eso (?P<article>el|la) (?P<noun>\w+) era de (?P<name>{NAME})\.$",
        rf"(?P<name>{NAME}) cuida (?P<article>el|la) (?P<noun>\w+)\.$",
    )
    (found,) = filter(None, (re.search(pattern, text) for pattern in patterns))
    return found["name"], found["article"].lower(), found["noun"]


def test_things_and_animals_belong_to_who_has_them() -> None:
    people, asked = set(), set()
    for text in drawn("possession"):
        has = re.findall(rf"({NAME}) (tiene|compró|trajo|quiere) (una?) (\w+)(?=,| [ye] |\.)", text)
        owners = {name: noun for name, _, _, noun in has}
        name, article, noun = said_of(text)
        assert owners[name] == noun, text
        assert len(set(owners.values())) == len(owners), text  # else it could be of another
        assert len({verb for _, verb, _, _ in has}) == 1, text
        assert (article in ("la", "una")) == (FEMININE[noun] and noun not in STRESSED_A), text
        for _, _, its, thing in has:
            assert (its == "una") == (FEMININE[thing] and thing not in STRESSED_A), text
        people.add(len(owners))
        asked.add(list(owners).index(name))
    assert people == {2, 3}
    assert asked == {0, 1, 2}


def test_what_is_said_twice_is_the_same() -> None:
    lists = sentences = 0
    for text in drawn("repetition"):
        once, again = re.fullmatch(r"(.+?)(?:, |\. ?)(?:.+[ ])?(\1)\.?", text).groups()
        assert once == again
        if "," in once and once.islower():
            assert 3 <= len(once.split(", ")) <= 8, text
            lists += 1
        else:
            sentences += 1
    assert min(lists, sentences) > 100


def test_days_months_and_numbers_come_in_their_order() -> None:
    begins = set()
    for text in drawn("sequence"):
        words = text.removesuffix(".").lower().split(", ")
        whole = next(order for order in (DAYS, MONTHS, NUMBERS, ORDINALS) if words[0] in order)
        start = whole.index(words[0])
        assert tuple(words) == whole[start : start + len(words)], text
        assert len(words) >= 4
        begins.add(words[0])
    assert {"lunes", "jueves", "enero", "septiembre", "uno", "once"} <= begins


def test_the_orders_are_those_of_the_week_and_the_year_and_of_counting() -> None:
    assert words("lunes martes miércoles jueves viernes sábado domingo") == DAYS
    assert (
        words("enero febrero marzo abril mayo junio julio agosto septiembre octubre noviembre diciembre")
        == MONTHS
    )
    counted = (
        "uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce quince dieciséis diecisiete "
        "dieciocho diecinueve veinte"
    )
    assert words(counted) == NUMBERS
    assert words("primero segundo tercero cuarto quinto sexto séptimo octavo noveno décimo") == ORDINALS
