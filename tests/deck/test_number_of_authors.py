"""How many authors a citation, and a reference, names."""

import pytest

from lectern.deck.bibliography import Bibliography, parse_bibtex
from lectern.deck.numbers import Numbers

NAMES = ("One", "Two", "Three", "Four")


def bibliography(authors: int) -> Bibliography:
    listed = " and ".join(f"{name}, A" for name in NAMES[:authors])
    text = f"@misc{{work, author = {{{listed}}}, title = {{Title}}, year = 2020}}"
    return Bibliography(parse_bibtex(text), "refs.bib", Numbers("es"))


@pytest.mark.parametrize(
    ("authors", "cited"),
    [(1, "One (2020)"), (2, "One y Two (2020)"), (3, "One et al. (2020)"), (4, "One et al. (2020)")],
)
def test_a_citation_names_two_at_most(authors: int, cited: str) -> None:
    assert bibliography(authors).cite("work").replace("\N{NO-BREAK SPACE}", " ") == cited


@pytest.mark.parametrize(
    ("authors", "listed"), [(2, "One y Two"), (3, "One, Two y Three"), (4, "One, Two, Three et al.")]
)
def test_a_reference_names_three_at_most(authors: int, listed: str) -> None:
    assert bibliography(authors).references() == f"- {listed} (2020). *Title*."
