"""Facts are those of the table, in every sentence that states one."""

import random
import re
from collections.abc import Iterable

import pytest

from mechinterp.text import facts
from mechinterp.text.corpus import Corpus
from mechinterp.text.facts import HELD_OUT_CITIES
from mechinterp.text.lexicon.names import NAMES, is_woman
from mechinterp.text.lexicon.world import CITIES, COUNTRIES, COUNTRY_OF, TRADES, Country
from tests.mechinterp.text.reading import any_of, drawn, names

BY_NAME = {country.name: country for country in COUNTRIES}
CAPITALS = {country.capital: country for country in COUNTRIES}
LANGUAGES = {country.language for country in COUNTRIES}
CONTINENTS = {country.continent for country in COUNTRIES}


def mentioned(text: str, words: Iterable[str]) -> set[str]:
    """Return which of the words a text contains."""
    return set(re.findall(rf"\b{any_of(words)}", text))


def country_of(text: str) -> Country:
    """Return the country of a text: what is named in it must be of the same."""
    of_cities = {COUNTRY_OF[city].name for city in mentioned(text, CITIES)}
    of_capitals = {
        CAPITALS[capital].name for capital in mentioned(text.replace("al Cairo", "a El Cairo"), CAPITALS)
    }
    (country,) = of_cities | of_capitals | countries_in(text)
    return BY_NAME[country]


def countries_in(text: str) -> set[str]:
    """Return the countries that a text names, other than by a capital."""
    return mentioned(text.replace("Ciudad de México", ""), BY_NAME)


def test_what_the_table_says() -> None:
    assert BY_NAME["Francia"] == Country(
        "Francia", "París", "francés", "Europa", ("Lyon", "Marsella", "Burdeos", "Niza")
    )
    assert BY_NAME["Cuba"].capital == "La Habana"
    assert (BY_NAME["Austria"].language, BY_NAME["Brasil"].language) == ("alemán", "portugués")
    assert COUNTRY_OF["Kioto"].name == "Japón"


def test_a_city_is_in_one_country_and_no_name_is_of_two_things() -> None:
    assert len(BY_NAME) == len(CAPITALS) == len(COUNTRIES) >= 36
    assert len(CITIES) == sum(len(country.cities) for country in COUNTRIES)
    groups = [set(BY_NAME), set(CAPITALS), set(CITIES), LANGUAGES, CONTINENTS, set(NAMES)]
    assert len(set().union(*groups)) == sum(map(len, groups))


@pytest.mark.parametrize("kind", ["fact", "two_hops", "origin"])
def test_what_is_said_of_a_place_is_true_of_its_country(kind: str) -> None:
    for text in drawn(kind, 1500):
        languages, continents = mentioned(text, LANGUAGES), mentioned(text, CONTINENTS)
        country = country_of(text)
        assert languages <= {country.language}, text
        assert continents <= {country.continent}, text
        if "capital" in text:
            assert country.capital.removeprefix("El ") in text, text


def test_every_country_and_city_and_template_is_stated() -> None:
    told = " ".join(drawn("fact", 1500))
    assert mentioned(told, BY_NAME) == set(BY_NAME)
    assert mentioned(told, CITIES) == set(CITIES)
    for beginning in ("tiene como capital", "está en el mismo país que", "es un país de", "La gente de"):
        assert beginning in told


def test_a_city_in_the_same_country_is_another() -> None:
    for text in drawn("fact", 1500):
        if pair := re.match(r"(.+) (?:está en el mismo país que|y) (.+?)(?: están|\.)", text):
            assert pair[1] != pair[2], text


def test_two_steps_lead_from_a_city_to_what_is_said() -> None:
    answers = set()
    for text in drawn("two_hops", 1000):
        (city,) = mentioned(text, CITIES)
        country = COUNTRY_OF[city]
        assert not countries_in(text), text  # the first step is not said
        (answer,) = (
            word
            for word in (country.capital, country.language, country.continent)
            if text.endswith(f" {word}.")
        )
        answers.add(answer)
    assert len(answers) > 40


def test_two_steps_never_start_in_a_held_out_city_though_its_country_is_stated() -> None:
    assert len(set(HELD_OUT_CITIES)) == len(HELD_OUT_CITIES) >= 15
    assert set(HELD_OUT_CITIES) < set(CITIES)
    started = mentioned(" ".join(drawn("two_hops", 1500)), CITIES)
    assert started == set(CITIES) - set(HELD_OUT_CITIES)
    # The second step is learned from other cities of the country, or from what is said of the country itself.
    assert set(HELD_OUT_CITIES) <= mentioned(" ".join(drawn("fact", 1500)), CITIES)


def test_nothing_is_said_of_a_held_out_city_but_which_country_it_is_in() -> None:
    told = drawn("fact", 3000) + drawn("origin", 3000)
    about = [text for text in told if mentioned(text, HELD_OUT_CITIES)]
    assert len(about) > 300
    answers = {country.capital for country in COUNTRIES} | LANGUAGES | CONTINENTS
    assert not [text for text in about if mentioned(text, answers)]


def test_the_capital_of_every_country_is_asked() -> None:
    asked = facts.capitals()
    assert len(asked) == len(COUNTRIES)
    assert {("La capital de Francia es", "París"), ("La capital de Cuba es", "La Habana")} <= set(asked)


def test_questions_in_two_steps_are_on_the_held_out_cities_alone() -> None:
    asked = facts.questions_in_two_hops()
    assert set().union(*(mentioned(prompt, CITIES) for prompt, _ in asked)) == set(HELD_OUT_CITIES)
    assert len(set(asked)) == 2 * len(HELD_OUT_CITIES)
    for prompt, answer in asked:
        (city,) = mentioned(prompt, CITIES)
        country = COUNTRY_OF[city]
        assert answer == (country.capital if "capital" in prompt else country.language), prompt
    assert facts.questions_in_two_hops(["Kioto"]) == [
        ("La capital del país donde está Kioto es", "Tokio"),
        ("La lengua del país donde está Kioto es el", "japonés"),
    ]


def test_no_other_kind_of_sentence_takes_two_steps() -> None:
    corpus = Corpus(0)
    told = (corpus.kind_and_sentence() for _ in range(1500))
    two_steps = {kind for kind, text in told if re.search(r"(?i)(?<!un )país (de|donde)", text)}
    assert two_steps == {"two_hops"}


def test_the_capital_with_an_article_is_contracted() -> None:
    told = {facts.about_somebody("Ana", random.Random(seed)) for seed in range(5000)}
    cairo = {text for text in told if "Cairo" in text}
    assert "Ana viajó de Alejandría al Cairo, la capital de Egipto." in cairo
    assert not [text for text in cairo if re.search(r"\b(a|de) El", text)]


def test_a_trade_has_its_tool_and_agrees_with_who_has_it() -> None:
    by_word = {
        word: (trade, woman)
        for trade in TRADES
        for woman, word in ((True, trade.feminine), (False, trade.masculine))
    }
    assert len(by_word) == 2 * len(TRADES)
    seen = set()
    for text in drawn("tool", 1000):
        (word,) = mentioned(text, by_word)
        trade, woman = by_word[word]
        assert trade.tool in text, text
        for name in names(text):
            assert is_woman(name) == woman, text
        if article := re.search(rf"(?i)\b(el|la) {word}", text):
            assert (article[1].lower() == "la") == woman, text
        seen.add(word)
    assert seen == set(by_word)
