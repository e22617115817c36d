"""Names, and the list of all words."""

from mechinterp.text.lexicon.names import MEN, NAMES, WOMEN, is_woman
from mechinterp.text.lexicon.nouns import NOUNS
from mechinterp.text.lexicon.others import COMMON
from mechinterp.text.lexicon.verbs import VERBS
from mechinterp.text.lexicon.vocabulary import CERTAIN, WORDS
from mechinterp.text.lexicon.world import COUNTRIES


def test_there_are_a_hundred_names_and_each_is_a_woman_s_or_a_man_s() -> None:
    assert len(set(NAMES)) == len(NAMES) == len(WOMEN) + len(MEN) >= 100
    assert not set(WOMEN) & set(MEN)
    assert len(WOMEN) == len(MEN)
    assert is_woman("Inés")
    assert not is_woman("Andrés")
    assert all(name.istitle() for name in NAMES)


def test_each_word_is_listed_once_in_all_its_forms() -> None:
    assert len(set(WORDS)) == len(WORDS) > 4000
    assert {"pez", "peces", "roja", "rojas", "dijeron", "yendo", "martes", "veinte", "tampoco"} <= set(WORDS)
    assert not set(NAMES) & set(WORDS)
    for verb in VERBS:
        assert {verb.infinitive, verb.past, verb.gerund, verb.participle} <= set(WORDS)


def test_what_is_one_token_for_certain_is_names_the_world_and_common_words() -> None:
    assert len(set(CERTAIN)) == len(CERTAIN)
    assert set(NAMES) | set(COMMON) | {word.capitalize() for word in COMMON} <= set(CERTAIN)
    assert {noun.singular for noun in NOUNS} <= set(CERTAIN)
    assert {"Buenos", "Aires", "Habana", "suajili", "África", "Ottawa"} <= set(CERTAIN)
    for country in COUNTRIES:
        assert {country.language, country.continent, *country.cities} <= set(CERTAIN)


def test_what_is_one_token_for_certain_is_one_word() -> None:
    assert all(word.isalpha() for word in CERTAIN)
