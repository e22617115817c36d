"""References from a BibTeX file, as Markdown in the deck's language."""

from __future__ import annotations

from typing import Any

from lectern.deck.numbers import Numbers
from lectern.errors import DeckError, Place, nearest

MOST_NAMES = 3  # authors listed in a reference before «et al.»

Entry = dict[str, Any]  # BibTeX fields as plain text, and "authors": their last names


def parse_bibtex(text: str) -> dict[str, Entry]:
    """Return the entries of BibTeX text by key, LaTeX accents and braces resolved; raise ValueError for other text."""
    from pybtex.database import parse_string
    from pybtex.exceptions import PybtexError

    try:
        entries = parse_string(text, "bibtex").entries
        return {key: {**_fields(entry), "authors": _authors(entry)} for key, entry in entries.items()}
    except PybtexError as error:
        raise ValueError(str(error)) from error


def _fields(entry: Any) -> Entry:
    return {name: value if name == "url" else _plain(value) for name, value in entry.fields.items()}


def _authors(entry: Any) -> list[str]:
    people = entry.persons.get("author", [])
    return [_plain(" ".join([*person.prelast_names, *person.last_names])) for person in people]


def _plain(latex: str) -> str:
    from pybtex.richtext import Text

    return str(Text.from_latex(latex))


class Bibliography:
    """The entries of one .bib file; its methods are the template's functions."""

    def __init__(self, entries: dict[str, Entry], shown: str, numbers: Numbers) -> None:
        self._entries = entries
        self._shown = shown
        self._join = numbers.enumeration

    def cite(self, key: str) -> str:
        """Return a citation for running text: Vaswani et al. (2017)."""
        return _unbroken(f"{self._names(key)} ({self._get(key, 'year')})")

    def cite_in_parentheses(self, *keys: str) -> str:
        """Return citations in parentheses: (Vaswani et al., 2017; Wang et al., 2022)."""
        works = [_unbroken(f"{self._names(key)}, {self._get(key, 'year')}") for key in keys]
        return f"({'; '.join(works)})"

    def references(self, since: int | None = None, until: int | None = None) -> str:
        """Return all entries, or those of some years, as a Markdown list, by year, then first author."""
        keys = [
            key
            for key in sorted(
                self._entries, key=lambda key: (self._get(key, "year"), self._get(key, "authors")[0])
            )
            if (since is None or self._get(key, "year") >= str(since))
            and (until is None or self._get(key, "year")[:4] <= str(until))
        ]
        return "\n".join(f"- {self._reference(key)}" for key in keys)

    def _reference(self, key: str) -> str:
        entry, authors = self._entry(key), self._get(key, "authors")
        names = (
            self._join(authors) if len(authors) <= MOST_NAMES else f"{', '.join(authors[:MOST_NAMES])} et al."
        )
        title = self._get(key, "title")
        linked = f"[{title}]({entry['url']})" if "url" in entry else f"*{title}*"
        places = [entry[name] for name in ("journal", "booktitle", "publisher") if name in entry]
        return ". ".join([f"{names} ({self._get(key, 'year')})", linked, *places[:1]]) + "."

    def _names(self, key: str) -> str:
        authors = self._get(key, "authors")
        return self._join(authors) if len(authors) <= 2 else f"{authors[0]} et al."

    def _get(self, key: str, name: str) -> Any:
        found = self._entry(key).get(name)
        if not found:
            name = name.removesuffix("s")
            raise DeckError(f"entry {key!r} has no {name}", Place(self._shown), f"add {name} = {{…}} to it")
        return found

    def _entry(self, key: str) -> Entry:
        if key not in self._entries:
            raise DeckError(f"{self._shown} has no entry {key!r}", remedy=nearest(key, self._entries))
        return self._entries[key]


def _unbroken(citation: str) -> str:
    """Return a citation that is not split at the end of a line."""
    return citation.replace(" ", "\N{NO-BREAK SPACE}")
