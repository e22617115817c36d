import pytest

from lectern.deck.bibliography import Bibliography, parse_bibtex
from lectern.deck.numbers import Numbers
from lectern.errors import DeckError

BIB = r"""
@article{garcia2020, author = {Garc{\'i}a, Ana and {de la Cruz}, Luis}, title = {On {LaTeX}}, journal = {J}, year = 2020,
  url = {https://example.org/a}}
@misc{many2019, author = {One, A and Two, B and Three, C and Four, D}, title = {Many}, year = 2019}
@misc{lone, author = {Solo, Han}, title = {No year}}
@misc{nobody, title = {Anonymous}, year = 2021}
"""


def bibliography(text: str = BIB) -> Bibliography:
    return Bibliography(parse_bibtex(text), "refs.bib", Numbers("es"))


def spaced(text: str) -> str:
    return text.replace("\N{NO-BREAK SPACE}", " ")


def test_citations() -> None:
    found = bibliography()
    assert spaced(found.cite("garcia2020")) == "García y de la Cruz (2020)"
    assert spaced(found.cite("many2019")) == "One et al. (2019)"
    assert (
        spaced(found.cite_in_parentheses("many2019", "garcia2020"))
        == "(One et al., 2019; García y de la Cruz, 2020)"
    )
    assert " " not in found.cite("many2019")


def test_references_are_listed_by_year() -> None:
    entries = BIB.split("@misc{lone")[0]
    assert bibliography(entries).references().splitlines() == [
        "- One, Two, Three et al. (2019). *Many*.",
        "- García y de la Cruz (2020). [On LaTeX](https://example.org/a). J.",
    ]


def test_references_of_some_years() -> None:
    """A list that does not fit on one slide is split by year."""
    entries = BIB.split("@misc{lone")[0]
    found = bibliography(entries)
    old, new = found.references().splitlines()
    assert found.references(until=2019).splitlines() == [old]
    assert found.references(since=2020).splitlines() == [new]
    assert found.references(since=2019, until=2020).splitlines() == [old, new]


def test_a_missing_key_is_refused_with_the_nearest() -> None:
    with pytest.raises(DeckError, match=r"refs\.bib has no entry 'garcia2021'\n.*did you mean 'garcia2020'"):
        bibliography().cite("garcia2021")


@pytest.mark.parametrize(("key", "missing"), [("lone", "year"), ("nobody", "author")])
def test_a_missing_field_is_named(key: str, missing: str) -> None:
    with pytest.raises(DeckError, match=f"entry '{key}' has no {missing}"):
        bibliography().cite(key)


def test_what_is_no_bibtex_is_refused() -> None:
    with pytest.raises(ValueError, match="line 1"):
        parse_bibtex("@article{a, title = ")
