"""A closed world of facts: countries, their capitals, languages and continents; cities; trades and their tools."""

from __future__ import annotations

from dataclasses import dataclass

# Country, capital, language, continent, and other cities, of those whose name no second country shares.
_COUNTRIES = """
España | Madrid | español | Europa | Barcelona Sevilla Bilbao Málaga Zaragoza
Francia | París | francés | Europa | Lyon Marsella Burdeos Niza
Italia | Roma | italiano | Europa | Milán Venecia Nápoles Turín
Alemania | Berlín | alemán | Europa | Hamburgo Múnich Colonia Dresde
Portugal | Lisboa | portugués | Europa | Oporto Coímbra Braga
Grecia | Atenas | griego | Europa | Salónica Patras
Rusia | Moscú | ruso | Europa | Kazán Sochi
Polonia | Varsovia | polaco | Europa | Cracovia Lublin
Suecia | Estocolmo | sueco | Europa | Gotemburgo Malmö
Noruega | Oslo | noruego | Europa | Bergen Trondheim
Austria | Viena | alemán | Europa | Salzburgo Graz
Hungría | Budapest | húngaro | Europa | Debrecen Szeged
Irlanda | Dublín | inglés | Europa | Cork Galway
Dinamarca | Copenhague | danés | Europa | Aarhus Odense
Finlandia | Helsinki | finés | Europa | Turku Tampere
Rumanía | Bucarest | rumano | Europa | Timisoara Brasov
China | Pekín | chino | Asia | Shanghái Cantón Wuhan
Japón | Tokio | japonés | Asia | Osaka Kioto Hiroshima
India | Nueva Delhi | hindi | Asia | Bombay Calcuta
Turquía | Ankara | turco | Asia | Estambul Esmirna
Irán | Teherán | persa | Asia | Isfahán Shiraz
Vietnam | Hanói | vietnamita | Asia | Danang Dalat
Egipto | El Cairo | árabe | África | Alejandría Luxor
Marruecos | Rabat | árabe | África | Casablanca Tánger Fez
Argelia | Argel | árabe | África | Orán Constantina
Kenia | Nairobi | suajili | África | Mombasa Kisumu
Cuba | La Habana | español | América | Camagüey Holguín
México | Ciudad de México | español | América | Monterrey Puebla Tijuana
Perú | Lima | español | América | Cuzco Arequipa
Chile | Santiago | español | América | Valparaíso Temuco
Colombia | Bogotá | español | América | Medellín Cali
Venezuela | Caracas | español | América | Maracaibo Maracay
Ecuador | Quito | español | América | Guayaquil Ambato
Argentina | Buenos Aires | español | América | Rosario Mendoza Tucumán
Brasil | Brasilia | portugués | América | Recife Manaos Curitiba
Canadá | Ottawa | inglés | América | Toronto Montreal Vancouver
"""

# Feminine and masculine of a trade, and the article and name of a tool.
_TRADES = """
maestra maestro | una tiza
panadera panadero | un horno
carpintera carpintero | un martillo
pintora pintor | un pincel
cocinera cocinero | una sartén
jardinera jardinero | una pala
escritora escritor | una pluma
modista sastre | una aguja
pescadora pescador | una red
leñadora leñador | un hacha
fotógrafa fotógrafo | una cámara
bombera bombero | una manguera
granjera granjero | un tractor
astrónoma astrónomo | un telescopio
conductora conductor | un camión
peluquera peluquero | un peine
médica médico | un termómetro
programadora programador | un ordenador
marinera marinero | un barco
música músico | un violín
arquitecta arquitecto | un plano
minera minero | un pico
lechera lechero | un cubo
secretaria secretario | una agenda
"""


@dataclass(frozen=True)
class Country:
    """A country and what the texts say of it."""

    name: str
    capital: str
    language: str
    continent: str
    cities: tuple[str, ...]  # without the capital


@dataclass(frozen=True)
class Trade:
    """A trade, and the tool that belongs to it, with its article."""

    feminine: str
    masculine: str
    tool: str

    def of(self, woman: bool) -> str:
        """Return the word for a woman or a man of this trade."""
        return self.feminine if woman else self.masculine


def _country(line: str) -> Country:
    name, capital, language, continent, cities = (cell.strip() for cell in line.split("|"))
    return Country(name, capital, language, continent, tuple(cities.split()))


def _trade(line: str) -> Trade:
    words, tool = line.split("|")
    feminine, masculine = words.split()
    return Trade(feminine, masculine, tool.strip())


COUNTRIES = tuple(map(_country, _COUNTRIES.strip().splitlines()))
COUNTRY_OF = {city: country for country in COUNTRIES for city in country.cities}
CITIES = tuple(COUNTRY_OF)
TRADES = tuple(map(_trade, _TRADES.strip().splitlines()))
