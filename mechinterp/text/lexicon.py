"""The words of the corpus. Nouns come with their article, so that words agree in gender and number."""

from __future__ import annotations


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text."""
    return tuple(text.split())


def _pairs(text: str, separator: str) -> tuple[tuple[str, str], ...]:
    pairs = [pair.split(separator) for pair in text.split(", ")]
    return tuple((first, second) for first, second in pairs)


WOMEN = words(
    "María Ana Lucía Carmen Elena Laura Sofía Marta Paula Julia Irene Clara Rosa Nuria Alba Sara "
    "Inés Eva Luisa Teresa Pilar Olga Raquel Silvia Beatriz Andrea Daniela Valeria Camila Noelia Diana Mónica"
)
MEN = words(
    "Juan Pedro Luis Carlos Javier Miguel Pablo Diego Andrés Jorge Sergio Raúl Álvaro Mario Hugo Iván "
    "Tomás Martín Bruno Óscar Rubén Víctor Ángel Manuel Felipe Gonzalo Ignacio Marcos Mateo Nicolás Ramón Simón"
)
NAMES = WOMEN + MEN

# Article and noun.
PLACES = _pairs(
    "el mercado, la tienda, el parque, la escuela, el cine, la playa, el museo, la plaza, el teatro, "
    "la estación, el hospital, la biblioteca, el río, la montaña, el jardín, la oficina",
    " ",
)
THINGS = _pairs(
    "un libro, una manzana, un regalo, una carta, un anillo, una flor, un cuaderno, una llave, un pastel, "
    "una caja, un reloj, una foto, un lápiz, una taza, un sombrero, una moneda, un mapa, una pelota",
    " ",
)
ANIMALS = _pairs(
    "un perro, un gato, un caballo, un pájaro, una vaca, una cabra, un pez, una oveja",
    " ",
)
# Feminine and masculine.
TRADES = _pairs(
    "maestra/maestro, panadera/panadero, médica/médico, abogada/abogado, pintora/pintor, cocinera/cocinero, "
    "jardinera/jardinero, escritora/escritor",
    "/",
)
MOODS = _pairs(
    "contenta/contento, cansada/cansado, tranquila/tranquilo, preocupada/preocupado, "
    "enferma/enfermo, ocupada/ocupado",
    "/",
)
GAVE = words("dio entregó regaló prestó ofreció mandó mostró dejó")
DAYS = words("lunes martes miércoles jueves viernes sábado domingo")
NUMBERS = words("uno dos tres cuatro cinco seis siete ocho nueve diez")
WHEN = ("Ayer", "Hoy", "Esa tarde", "Por la noche", "Aquel día", "Esta mañana", "De pronto", "Poco después")
WHY = (
    "porque era su cumpleaños",
    "sin decir nada",
    "con una sonrisa",
    "antes de marcharse",
    "en silencio",
    "otra vez",
)


def to(place: tuple[str, str]) -> str:
    """Return «al mercado», «a la tienda»."""
    article, noun = place
    return f"al {noun}" if article == "el" else f"a {article} {noun}"


def of(place: tuple[str, str]) -> str:
    """Return «del mercado», «de la tienda»."""
    article, noun = place
    return f"del {noun}" if article == "el" else f"de {article} {noun}"


def at(place: tuple[str, str]) -> str:
    """Return «en el mercado»."""
    return f"en {' '.join(place)}"


def is_woman(name: str) -> bool:
    """Whether a name is a woman's."""
    return name in WOMEN
