"""Articles, contractions and pronouns: the small words that Spanish puts around nouns and verbs."""

from __future__ import annotations

import re

from mechinterp.text.lexicon.nouns import STRESSED_A, Noun


def the(noun: Noun, plural: bool = False) -> str:
    """Return «el libro», «la llave», «el agua», «las llaves»."""
    if plural:
        return f"{'las' if noun.feminine else 'los'} {noun.plural}"
    return f"{'la' if noun.feminine and noun.singular not in STRESSED_A else 'el'} {noun.singular}"


def a(noun: Noun, plural: bool = False) -> str:
    """Return «un libro», «una llave», «un hacha», «unas llaves»."""
    if plural:
        return f"{'unas' if noun.feminine else 'unos'} {noun.plural}"
    return f"{'una' if noun.feminine and noun.singular not in STRESSED_A else 'un'} {noun.singular}"


def his(noun: Noun, plural: bool = False) -> str:
    """Return «su libro», «sus llaves»."""
    return f"sus {noun.plural}" if plural else f"su {noun.singular}"


def to(place: Noun) -> str:
    """Return «al mercado», «a la tienda»."""
    return re.sub(r"^a el ", "al ", f"a {the(place)}")


def of(place: Noun) -> str:
    """Return «del mercado», «de la tienda»."""
    return re.sub(r"^de el ", "del ", f"de {the(place)}")


def with_object(gerund: str) -> str:
    """Return a gerund with «le» joined to it: «dándole»."""
    return f"{gerund[:-4]}{ {'a': 'á', 'e': 'é'}[gerund[-4]] }ndole"


def with_two_objects(infinitive: str, it: str) -> str:
    """Return an infinitive with «se» and «lo» or «la» joined to it: «dárselo»."""
    accented = infinitive[-2].translate(str.maketrans("aei", "áéí"))
    return f"{infinitive[:-2]}{accented}rse{it}"


def with_capitals(text: str) -> str:
    """Return the text with a capital at its beginning, and after each full stop."""
    return re.sub(r"(^|\. )([a-záéíóú])", lambda match: match[1] + match[2].upper(), text)


def spell(text: str) -> str:
    """Return the text with «y» written «e» before the sound of i."""
    return re.sub(r"\by (?=[Ii][^aeo]|[Hh]i[^aeo])", "e ", text)
