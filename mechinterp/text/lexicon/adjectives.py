"""Common Spanish adjectives: of things, of moods and of characters."""

from __future__ import annotations

from dataclasses import dataclass

from mechinterp.text.lexicon.nouns import plural_of


@dataclass(frozen=True)
class Adjective:
    """An adjective with the singular of each gender."""

    masculine: str
    feminine: str

    def form(self, feminine: bool, plural: bool = False) -> str:
        """Return the form that agrees with a noun of this gender and number."""
        singular = self.feminine if feminine else self.masculine
        return plural_of(singular) if plural else singular


def _adjective(entry: str) -> Adjective:
    """Read one entry: a masculine, or masculine/feminine where the feminine follows no rule."""
    masculine, _, feminine = entry.partition("/")
    ruled = masculine[:-1] + "a" if masculine.endswith("o") else masculine
    return Adjective(masculine, feminine or ruled)


def _adjectives(text: str) -> tuple[Adjective, ...]:
    """Read a block of entries."""
    return tuple(_adjective(entry) for entry in text.split())


# Of things.
QUALITIES: tuple[Adjective, ...] = _adjectives("""
    grande pequeño rojo verde azul amarillo blanco negro gris marrón viejo nuevo antiguo moderno bonito
    hermoso feo caro barato largo corto ancho estrecho alto bajo grueso fino delgado pesado ligero duro
    blando suave limpio sucio lleno vacío seco mojado caliente frío fuerte débil resistente frágil roto
    entero útil inútil raro extraño común especial sencillo elegante lujoso precioso valioso perfecto
    maravilloso horrible terrible enorme inmenso gigante redondo cuadrado plano recto oscuro claro
    brillante transparente dorado cómodo incómodo original falso auténtico famoso típico misterioso
    magnífico excelente estupendo sólido profundo violeta natural artificial interesante importante
    peligroso eléctrico electrónico mágico sagrado simple complicado
""")

# Of people, with estar.
MOODS: tuple[Adjective, ...] = _adjectives("""
    contento cansado triste feliz enfermo alegre enfadado furioso nervioso tranquilo preocupado aburrido
    sorprendido asustado emocionado orgulloso satisfecho decepcionado solo perdido ocupado dormido
    despierto borracho herido agotado confundido desesperado loco enamorado celoso deprimido relajado
    animado callado inquieto listo preparado seguro harto molesto sereno libre agradecido convencido
    impaciente ansioso distraído encantado arrepentido
""")

# Of people, with ser.
CHARACTERS: tuple[Adjective, ...] = _adjectives("""
    alto bajo simpático amable inteligente generoso valiente tímido serio gracioso honesto sincero joven
    viejo guapo rubio moreno fuerte delgado gordo rico pobre famoso cruel egoísta tonto sabio humilde
    educado trabajador/trabajadora encantador/encantadora curioso creativo cobarde noble fiel leal
    paciente prudente responsable ambicioso optimista divertido atractivo elegante
""")

ADJECTIVES = tuple(dict.fromkeys(QUALITIES + MOODS + CHARACTERS))
