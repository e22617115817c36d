"""Numbers in prose, as the deck's language writes them."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from lectern.errors import DeckError

MINUS = "\u2212"


class Numbers:
    """Formats numbers in one locale; its methods are the template's filters."""

    def __init__(self, language: str) -> None:
        from babel import Locale, UnknownLocaleError

        try:
            self._locale = Locale.parse(language.replace("-", "_"))
        except (UnknownLocaleError, ValueError) as error:
            remedy = "write a language code such as es or en in the front matter"
            raise DeckError(f"lang {language!r} is not a known language", remedy=remedy) from error

    @property
    def filters(self) -> dict[str, Callable[..., str]]:
        """The filters by the name the template uses."""
        return {"number": self.number, "percent": self.percent, "tex": self.tex, "list": self.enumeration}

    def number(self, value: float, decimals: int | None = None) -> str:
        """Write a number: integers without decimals, others with two, or as many as are asked for."""
        from babel.numbers import format_decimal

        if decimals is None:
            decimals = 0 if isinstance(value, int) else 2
        return _typeset(format_decimal(value, _pattern(decimals), locale=self._locale))

    def percent(self, share: float, decimals: int = 0) -> str:
        """Write a share of one as a percentage, with the locale's space before the sign."""
        from babel.numbers import format_percent

        pattern = self._locale.percent_formats[None].pattern.replace("#,##0", _pattern(decimals))
        return _typeset(format_percent(share, pattern, locale=self._locale))

    def tex(self, value: float, decimals: int | None = None) -> str:
        """Write a number for a formula, where a bare comma would get a space after it."""
        return self.number(value, decimals).replace(",", "{,}").replace(MINUS, "-")

    def enumeration(self, items: Iterable[object]) -> str:
        """Write items as the language lists them: a, b y c."""
        from babel.lists import format_list

        return format_list([str(item) for item in items], locale=self._locale)


def _pattern(decimals: int) -> str:
    return "#,##0" + ("." + "0" * decimals if decimals else "")


def _typeset(number: str) -> str:
    """Return the number with a true minus sign, and none before zero."""
    is_zero = not any(digit in number for digit in "123456789")
    return number.replace("-", "" if is_zero else MINUS)
