import pytest

from lectern.deck.numbers import Numbers
from lectern.errors import DeckError

ES, EN = Numbers("es"), Numbers("en-GB")


@pytest.mark.parametrize(
    ("value", "decimals", "spanish", "english"),
    [
        (0.8675, 2, "0,87", "0.87"),
        (3, None, "3", "3"),
        (3.0, None, "3,00", "3.00"),
        (-0.004, 2, "0,00", "0.00"),
        (-1.5, 1, "−1,5", "−1.5"),
        (1234567, None, "1.234.567", "1,234,567"),
        (2.5, 0, "2", "2"),
    ],
)
def test_numbers_are_written_as_the_language_does(
    value: float, decimals: int, spanish: str, english: str
) -> None:
    assert ES.number(value, decimals) == spanish
    assert EN.number(value, decimals) == english


def test_percentages_have_the_languages_space() -> None:
    assert ES.percent(0.123, 1) == "12,3\N{NO-BREAK SPACE}%"
    assert EN.percent(0.123) == "12%"


def test_numbers_in_formulas_have_no_space_after_the_comma() -> None:
    assert ES.tex(-0.5, 1) == "-0{,}5"
    assert EN.tex(0.5, 1) == "0.5"


def test_lists_end_with_the_languages_and() -> None:
    assert ES.enumeration(["a", "b", "c"]) == "a, b y c"
    assert ES.enumeration(["a"]) == "a"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(DeckError, match="lang 'klingon'"):
        Numbers("klingon")
