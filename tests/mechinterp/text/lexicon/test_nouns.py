"""Plurals, genders and the nouns that sentences need."""

import pytest

from mechinterp.text.lexicon import words
from mechinterp.text.lexicon.adjectives import ADJECTIVES, Adjective
from mechinterp.text.lexicon.nouns import NOUNS, STRESSED_A, plural_of

BY_NAME = {noun.singular: noun for noun in NOUNS}
PLURALS = {
    "libro": "libros",
    "llave": "llaves",
    "sofá": "sofás",
    "té": "tés",
    "café": "cafés",
    "papel": "papeles",
    "reloj": "relojes",
    "club": "clubes",
    "ley": "leyes",
    "pez": "peces",
    "luz": "luces",
    "lápiz": "lápices",
    "raíz": "raíces",
    "maíz": "maíces",
    "canción": "canciones",
    "jardín": "jardines",
    "común": "comunes",
    "interés": "intereses",
    "pan": "panes",
    "tren": "trenes",
    "gris": "grises",
    "mes": "meses",
    "lunes": "lunes",
    "crisis": "crisis",
    "cumpleaños": "cumpleaños",
    "examen": "exámenes",
    "imagen": "imágenes",
    "orden": "órdenes",
    "joven": "jóvenes",
    "cárcel": "cárceles",
    "árbol": "árboles",
    "álbum": "álbumes",
    "baúl": "baúles",
    "pie": "pies",
}
# Whose ending suggests the other gender.
FEMININE = "mano foto moto radio flor luz miel sal sartén leche orden imagen señal piel torre fe ley crisis"
MASCULINE = "mapa día problema tema poema idioma sistema planeta cometa clima puente sobre pie paraguas"


@pytest.mark.parametrize(("singular", "plural"), PLURALS.items())
def test_plurals_follow_the_rules_of_spelling(singular: str, plural: str) -> None:
    assert plural_of(singular) == plural


@pytest.mark.parametrize("feminine", [True, False])
def test_genders_are_those_of_the_dictionary(feminine: bool) -> None:
    for word in (FEMININE if feminine else MASCULINE).split():
        assert BY_NAME[word].feminine == feminine, word


def test_a_noun_is_in_one_group_alone_so_that_it_has_one_gender() -> None:
    assert len(BY_NAME) == len(NOUNS) > 800
    assert len({noun.plural for noun in NOUNS}) == len(NOUNS)


def test_the_stress_stays_on_its_syllable_in_the_plural() -> None:
    # «Canciones» loses the accent, and of the nouns in -en, those with more than one syllable get one.
    assert not [noun for noun in NOUNS if noun.plural[-4:-2] in ("án", "én", "ín", "ón", "ún")]
    in_en = {noun.plural for noun in NOUNS if noun.singular.endswith("en") and noun.singular != "tren"}
    assert in_en == {"exámenes", "orígenes", "crímenes", "imágenes", "órdenes"}


def test_the_nouns_that_take_the_other_article_are_feminine_and_begin_with_a_stressed_a() -> None:
    begin_with_a = {
        noun.singular for noun in NOUNS if noun.feminine and noun.singular.startswith(("a", "á", "ha", "há"))
    }
    stressed_elsewhere = words(
        "agenda aguja almohada alfombra avena aldea avenida academia abeja araña amiga abuela anciana alumna ayuda "
        "amistad alegría amenaza atención arena habitación harina"
    )
    assert begin_with_a == STRESSED_A | set(stressed_elsewhere)


def test_adjectives_agree_in_gender_and_number() -> None:
    forms = {adjective.masculine: adjective for adjective in ADJECTIVES}
    by_hand = {
        "rojo": "rojo roja rojos rojas",
        "azul": "azul azul azules azules",
        "feliz": "feliz feliz felices felices",
        "marrón": "marrón marrón marrones marrones",
        "joven": "joven joven jóvenes jóvenes",
        "egoísta": "egoísta egoísta egoístas egoístas",
        "trabajador": "trabajador trabajadora trabajadores trabajadoras",
        "útil": "útil útil útiles útiles",
        "vacío": "vacío vacía vacíos vacías",
    }
    for masculine, expected in by_hand.items():
        found = [
            forms[masculine].form(feminine, plural) for plural in (False, True) for feminine in (False, True)
        ]
        assert found == expected.split()
    assert Adjective("rojo", "roja") in ADJECTIVES
