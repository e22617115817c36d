"""References from a BibTeX file, as Markdown in the deck's language."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from lectern.deck.numbers import Numbers
from lectern.errors import DeckError, Place, nearest

MOST_NAMES = 3  # authors listed in a reference before «et al.»


class Bibliography:
    """The entries of one .bib file; its methods are the template's functions."""

    def __init__(self, path: Path, shown: str, numbers: Numbers) -> None:
        from pybtex.database import parse_file
        from pybtex.exceptions import PybtexError

        self._shown = shown
        self._join = numbers.enumeration
        try:
            self._entries = parse_file(str(path), bib_format="bibtex").entries
        except (PybtexError, OSError, UnicodeDecodeError) as error:
            remedy = "mend the file, or `bibliography:` in the front matter"
            raise DeckError(f"cannot read the bibliography: {error}", Place(shown), remedy) from error

    @property
    def functions(self) -> dict[str, Callable[..., str]]:
        """The functions by the name the template uses."""
        return {"cite": self.cite, "citep": self.cite_in_parentheses, "references": self.references}

    def cite(self, key: str) -> str:
        """Return a citation for running text: Vaswani et al. (2017)."""
        return _unbroken(f"{self._names(key)} ({self._field(key, 'year')})")

    def cite_in_parentheses(self, *keys: str) -> str:
        """Return citations in parentheses: (Vaswani et al., 2017; Wang et al., 2022)."""
        works = [_unbroken(f"{self._names(key)}, {self._field(key, 'year')}") for key in keys]
        return f"({'; '.join(works)})"

    def references(self) -> str:
        """Return all entries as a Markdown list, by year, then first author."""
        keys = sorted(self._entries, key=lambda key: (self._field(key, "year"), self._authors(key)[0]))
        return "\n".join(f"- {self._reference(key)}" for key in keys)

    def _reference(self, key: str) -> str:
        authors = self._authors(key)
        names = (
            self._join(authors) if len(authors) <= MOST_NAMES else f"{', '.join(authors[:MOST_NAMES])} et al."
        )
        title = self._field(key, "title")
        fields = self._entries[key].fields
        linked = f"[{title}]({fields['url']})" if "url" in fields else f"*{title}*"
        places = [_plain(fields[name]) for name in ("journal", "booktitle", "publisher") if name in fields]
        return ". ".join([f"{names} ({self._field(key, 'year')})", linked, *places[:1]]) + "."

    def _names(self, key: str) -> str:
        authors = self._authors(key)
        return self._join(authors) if len(authors) <= 2 else f"{authors[0]} et al."

    def _authors(self, key: str) -> list[str]:
        persons = self._entry(key).persons.get("author", [])
        if not persons:
            raise self._lacks(key, "author")
        return [_plain(" ".join([*person.prelast_names, *person.last_names])) for person in persons]

    def _field(self, key: str, name: str) -> str:
        fields = self._entry(key).fields
        if name not in fields:
            raise self._lacks(key, name)
        return _plain(fields[name])

    def _entry(self, key: str) -> Any:
        if key not in self._entries:
            raise DeckError(f"{self._shown} has no entry {key!r}", remedy=nearest(key, self._entries))
        return self._entries[key]

    def _lacks(self, key: str, name: str) -> DeckError:
        return DeckError(f"entry {key!r} has no {name}", Place(self._shown), f"add {name} = {{…}} to it")


def _unbroken(citation: str) -> str:
    """Return a citation that is not split at the end of a line."""
    return citation.replace(" ", "\N{NO-BREAK SPACE}")


def _plain(latex: str) -> str:
    """Return LaTeX text (braces, accents) as plain text."""
    from pybtex.richtext import Text

    return str(Text.from_latex(latex))
