"""Articles, contractions, pronouns and spelling."""

import pytest

from mechinterp.text.lexicon.nouns import NOUNS
from mechinterp.text.lexicon.verbs import VERBS
from mechinterp.text.phrases import (
    a,
    his,
    of,
    spell,
    the,
    to,
    with_capitals,
    with_object,
    with_two_objects,
)

NOUN = {noun.singular: noun for noun in NOUNS}


@pytest.mark.parametrize(
    ("noun", "phrases"),
    {
        "libro": "el libro, los libros, un libro, unos libros, su libro, sus libros, al libro, del libro",
        "llave": "la llave, las llaves, una llave, unas llaves, su llave, sus llaves, a la llave, de la llave",
        "pez": "el pez, los peces, un pez, unos peces, su pez, sus peces, al pez, del pez",
        # Feminine, with a stressed a.
        "águila": "el águila, las águilas, un águila, unas águilas, su águila, sus águilas, al águila, del águila",
        "aula": "el aula, las aulas, un aula, unas aulas, su aula, sus aulas, al aula, del aula",
        # Feminine, with an unstressed a.
        "abeja": "la abeja, las abejas, una abeja, unas abejas, su abeja, sus abejas, a la abeja, de la abeja",
    }.items(),
)
def test_a_noun_with_its_articles_and_contractions(noun: str, phrases: str) -> None:
    word = NOUN[noun]
    made = [phrase(word, plural) for phrase in (the, a, his) for plural in (False, True)]
    assert [*made, to(word), of(word)] == phrases.split(", ")


def test_no_noun_is_left_uncontracted() -> None:
    for noun in NOUNS:
        assert not to(noun).startswith("a el ")
        assert not of(noun).startswith("de el ")


def test_a_pronoun_joined_to_a_gerund_puts_the_stress_on_it() -> None:
    by_hand = {
        "dar": "dándole",
        "leer": "leyéndole",
        "vender": "vendiéndole",
        "pedir": "pidiéndole",
        "traer": "trayéndole",
        "decir": "diciéndole",
    }
    assert {v.infinitive: with_object(v.gerund) for v in VERBS if v.infinitive in by_hand} == by_hand


def test_two_pronouns_joined_to_an_infinitive_put_the_stress_on_it() -> None:
    assert with_two_objects("dar", "lo") == "dárselo"
    assert with_two_objects("vender", "la") == "vendérsela"
    assert with_two_objects("servir", "lo") == "servírselo"
    assert with_two_objects("traer", "la") == "traérsela"


def test_a_capital_begins_the_text_and_follows_each_full_stop_and_nothing_else() -> None:
    assert with_capitals("ella vino. él no; al final, sí. óscar") == "Ella vino. Él no; al final, sí. Óscar"
    assert with_capitals("Ana: la primera. La segunda") == "Ana: la primera. La segunda"


@pytest.mark.parametrize(
    ("text", "spelled"),
    [
        ("Ana y Inés", "Ana e Inés"),
        ("agua y hilo", "agua e hilo"),
        ("Hugo y Irene, y iglesias", "Hugo e Irene, e iglesias"),
        ("agua y hielo", "agua y hielo"),  # which begins with the sound of y
        ("flores y hierba", "flores y hierba"),
        ("Ana y Iago", "Ana y Iago"),
        ("hay Inés, muy inútil", "hay Inés, muy inútil"),  # which only end in y
        ("Ana y Juan", "Ana y Juan"),
        ("Ana y, con prisa, Inés", "Ana y, con prisa, Inés"),
    ],
)
def test_and_is_spelled_by_the_sound_that_follows(text: str, spelled: str) -> None:
    assert spell(text) == spelled
