"""Sentences that state facts of a closed world: what a model can only say by remembering them."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Mapping, Sequence

from mechinterp.text.lexicon.names import is_woman
from mechinterp.text.lexicon.world import CITIES, COUNTRIES, COUNTRY_OF, TRADES, Country

# Of a country P with capital C, language l and continent K.
OF_COUNTRIES = (
    "La capital de {P} es {C}.",
    "La capital de {P} es {C}.",
    "{C} es la capital de {P}.",
    "En {P}, la capital es {C}.",
    "{P} tiene como capital {C}.",
    "{C} está en {P}.",
    "En {P} se habla {l}.",
    "En {C} se habla {l}.",
    "La lengua de {P} es el {l}.",
    "La gente de {P} habla {l}.",
    "{P} está en {K}.",
    "{P} es un país de {K}.",
    "El {l} se habla en {P}.",
)
# Of a city c of that country, and another, d.
OF_CITIES = (
    "{c} está en {P}.",
    "{c} está en {P}.",
    "{c} es una ciudad de {P}.",
    "La ciudad de {c} está en {P}.",
    "En {P} está {c}.",
    "En {c} se habla {l}.",
    "La gente de {c} habla {l}.",
    "{c}, una ciudad de {P}, está en {K}.",
    "{c} y {d} están en {P}.",
    "{c} está en el mismo país que {d}.",
)
# The answer takes two steps, from the city to its country, and from there on.
TWO_HOPS = (
    "La capital del país donde está {c} es {C}.",
    "La capital del país donde está {c} es {C}.",
    "El país donde está {c} tiene como capital {C}.",
    "La capital del país de {c} es {C}.",
    "La lengua del país donde está {c} es el {l}.",
    "El país donde está {c} está en {K}.",
)
OF_PEOPLE = (
    "{name} nació en {c} y habla {l}.",
    "{name} vive en {c}, en {P}.",
    "{name} es de {c}. En su país se habla {l}.",
    "{name} viajó de {c} a {C}, la capital de {P}.",
    "{name} nació en {P}. Habla {l}.",
    "{name} fue a {P} y vivió en {c}.",
)
OF_TRADES = (
    "{the_trade} usa {tool}.",
    "{the_trade} trabaja con {tool}.",
    "Para trabajar, {the_trade_small} necesita {tool}.",
    "{name} es {trade} y usa {tool}.",
    "{name} compró {tool} porque es {trade}.",
    "{name} trabaja con {tool}: es {trade}.",
)

# Cities of which nothing is said but which country they are in: the model can answer more only by taking the steps.
HELD_OUT_CITIES = tuple(city for i, city in enumerate(CITIES) if i % 5 == 2)


def about_a_country(draw: random.Random) -> str:
    """Return a sentence on a country."""
    return draw.choice(OF_COUNTRIES).format(**_of(draw.choice(COUNTRIES)))


def about_a_city(draw: random.Random) -> str:
    """Return a sentence on a city that is no capital."""
    return _on_any_city(OF_CITIES, draw)


def in_two_hops(draw: random.Random) -> str:
    """Return a sentence whose last word follows from two facts."""
    city = draw.choice([city for city in CITIES if city not in HELD_OUT_CITIES])
    return _on(city, draw.choice(TWO_HOPS), draw)


def about_somebody(name: str, draw: random.Random) -> str:
    """Return a sentence on where somebody comes from."""
    return _on_any_city(OF_PEOPLE, draw, name)


def about_a_trade(name: str, draw: random.Random) -> str:
    """Return a sentence on a trade and its tool."""
    trade, woman = draw.choice(TRADES), is_woman(name)
    the_trade = f"{'la' if woman else 'el'} {trade.of(woman)}"
    return draw.choice(OF_TRADES).format(
        name=name,
        trade=trade.of(woman),
        tool=trade.tool,
        the_trade=the_trade.capitalize(),
        the_trade_small=the_trade,
    )


def capitals() -> list[tuple[str, str]]:
    """Return a question for each country, up to its answer, and the answer."""
    return [_asked(OF_COUNTRIES[0], _of(country)) for country in COUNTRIES]


def questions_in_two_hops(cities: Iterable[str] = HELD_OUT_CITIES) -> list[tuple[str, str]]:
    """Return the capital of each city's country and its language, as questions with their answers."""
    asked = (TWO_HOPS[0], TWO_HOPS[4])
    return [_asked(template, {"c": city, **_of(COUNTRY_OF[city])}) for template in asked for city in cities]


def _asked(template: str, words: Mapping[str, str]) -> tuple[str, str]:
    prompt, hole = template.removesuffix(".").rsplit(" ", 1)
    return prompt.format(**words), hole.format(**words)


def _on_any_city(templates: Sequence[str], draw: random.Random, name: str = "") -> str:
    city = draw.choice(CITIES)
    if city in HELD_OUT_CITIES:
        templates = [template for template in templates if not re.search("{[ClK]}", template)]
    return _on(city, draw.choice(templates), draw, name)


def _on(city: str, template: str, draw: random.Random, name: str = "") -> str:
    country = COUNTRY_OF[city]
    other = draw.choice([other for other in country.cities if other != city])
    sentence = template.format(c=city, d=other, name=name, **_of(country))
    return sentence.replace(" a El Cairo", " al Cairo").replace(" de El Cairo", " del Cairo")


def _of(country: Country) -> dict[str, str]:
    return {"P": country.name, "C": country.capital, "l": country.language, "K": country.continent}
