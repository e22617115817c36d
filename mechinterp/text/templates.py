"""Sentences with holes: `{A}`, `{B}`, … for people, and holes that any word of a kind fills (see filling.py).

`{soup}` is a few words that need not fit together, for what no list of templates foresees.

A template of an indirect object is a scene with two people, A and B, a join that leads from it to S, who is one of
them, and a gift, whose receiver is the other.
"""

from __future__ import annotations

import re

SCENES = (
    # These end in a comma: the sentence goes on with S.
    "Cuando {A} y {B} {went} {to},",
    "Cuando {A} y {B} estaban {at},",
    "Cuando {A} y {B} se encontraron {at},",
    "Cuando {A} {went_alone} {to} con {B},",
    "Cuando {A} se encontró con {B} {at},",
    "Mientras {A} y {B} {were_doing} {at},",
    "Mientras {A} {was_doing} con {B},",
    "Mientras {A} esperaba a {B} {at},",
    "Después de que {A} y {B} volvieran {of},",
    "Después de {to_do} con {A}, {B} estaba {mood_of_B}, así que",
    "Antes de que {A} y {B} salieran {of},",
    "Como {A} y {B} llegaron tarde {to},",
    "Como {A} y {B} {were_doing} {at},",
    "Aunque {A} y {B} {were_doing} {at},",
    "Al encontrarse {A} y {B} {at},",
    "Al salir {of} {A} y {B},",
    "Desde que {A} y {B} {did} {at},",
    "El día que {A} y {B} {went} {to},",
    "Si {A} y {B} {do} {at},",
    # These are sentences of their own.
    "{A} y {B} se encontraron {at}",
    "{A} y {B} {were_doing} {at}",
    "{A} y {B} {went} {to}",
    "{A} y {B} volvieron {of}",
    "{A} y {B} {did} {at}",
    "{A} y {B} eran {friends}",
    "{A} y {B} {do} {at}",
    "{A} y {B} tenían {objects}",
    "{A} y {B} querían {to_do} {at}",
    "{A} esperaba a {B} {at}",
    "{A} {went_alone} {to} con {B}",
    "{A} acompañó a {B} {to}",
    "{A} vio a {B} {at}",
    "{A} vive con {B} {at}",
    "{A} es {friend_of_A} de {B}",
    "{A} estaba {mood_of_A} y {B} estaba {mood_of_B}",
    "{A} tenía {object} y {B} tenía {object}",
    "{A} {was_doing} {at} cuando llegó {B}",
    "{A} conoció a {B} {at}",
    "{A} quería {to_do} y {B} también",
    "{A} llamó a {B} por teléfono",
    "Había dos personas {at}, {A} y {B}",
    "Nos encontramos con {A} y {B} {at}",
    "{A} {was_doing} {at}. {B} {did_with} {object}",
    "{A} {went_alone} {to}. Allí estaba {B}",
    "{A}, {who}, conoció a {B} {at}",
    "{the_person_capital} de {A} {was_doing} con {B}",
    "{the_person_capital} presentó a {A} y a {B}",
    "Tanto {A} como {B} {were_doing} {at}",
    "Ni {A} ni {B} {were_doing} {at}",
    "{A} se sentó al lado de {B}",
    "Entre {A} y {B} había {object}",
    "{soup_capital} {A} {soup} {B} {soup}",
    "{A} y {B} {soup}",
)
# Two people in a scene of their own each: any of these for A, and any for B.
ALONE = (
    "{X} {was_doing} {at}",
    "{X} {went_alone} {to}",
    "{X} {did_with} {object}",
    "{X} tenía {feeling}",
    "{X} estaba {mood_of_X}",
    "{X} es {character_of_X} y {works} {at}",
    "{X} vive cerca {of}",
    "{X} no podía {to_do}",
    "{X} quería {to_do} {at}",
    "{X} había {lost} {object}",
    "{X} cumplió {number} años",
    "{X} era {trade_of_X}",
    "{X} vino {of} con su {relative}",
    "a {X} le gusta {to_do}",
    "a {X} se le perdió {object}",
    "{the_person} de {X} {was_doing} {at}",
    "el día {of}, {X} {did_with} {object}",
    "{X}, {who}, {was_doing}",
    "{X} {soup}",
)
# How the second scene follows the first.
THEN = (
    ", y ",
    ". ",
    ". ",
    "; ",
    ", mientras ",
    ", pero ",
    " cuando ",
    ". Después ",
    ". Ese día ",
    ", así que ",
)
# The other, Y, in a scene that leads back to X.
TOGETHER = (
    "{Y} lo sabía",
    "{Y} lo notó enseguida",
    "{Y} iba con {her_of_X}",
    "{Y} es su {friend_of_Y}",
    "{Y} no estaba lejos",
    "{Y} vino a {verb_her_of_X}",
    "{Y} quería {verb_her_of_X}",
    "allí estaba también {Y}",
    "después llegó {Y}",
    "estaba con {Y}",
    "vivía con {Y}",
    "conoció a {Y}",
    "se encontró con {Y}",
)
JOINS = (
    " {S}",
    " y {S}",
    ", y luego {S}",
    ", pero {S}",
    ", así que {S}",
    ", porque {S}",
    ". Allí {S}",
    ". Después {S}",
    ". Entonces {S}",
    ". Al final {S}",
    ". Poco después {S}",
    ". {when} {S}",
    ". {when}, {S}",
    ". Un día {S}",
    ". {S}",
    "; {S}",
    "; después {S}",
    "; {how}, {S}",
    ": {S}",
    " y, {how}, {S}",
    ", {soup}, {S}",
    " cuando {S}",
    ", donde {S}",
    ". {everyday} {S}",
    ". {everyday} Entonces {S}",
    ". {everyday} {when} {S}",
    ". {everyday} {everyday} {S}",
    ". {everyday} {everyday} {everyday} Al final {S}",
)
GIFTS = (
    " le {gave} {thing} a",
    " le {gave} {thing} a",
    " le {gave} {thing} a",
    " le {gave} {thing} a",
    " {gave} {thing} a",
    " le {gives} {thing} a",
    " {gives} {thing} a",
    " le {was_giving} {thing} a",
    " le ha {given} {thing} a",
    " le había {given} {thing} a",
    " ha {given} {thing} a",
    " le va a {to_give} {thing} a",
    " va a {to_give} {thing} a",
    " {wanted} {to_give} {thing} a",
    " {wanted} {to_give_her} {thing} a",
    " empezó a {to_give_her} {thing} a",
    " acabó {giving_her} {thing} a",
    " estaba {giving} {thing} a",
    " le {gave} {thing} y {thing} a",
    " le {gave} {thing} {of} a",
    " le {gave} {thing} {how} a",
    " {how} le {gave} {thing} a",
    " también le {gave} {thing} a",
    " no le {gave} {thing} a",
    " casi siempre le {gives} {thing} a",
    " {did_with} {thing} y le {gave} {thing} a",
    " {went_alone} {to} y le {gave} {thing} a",
    " estaba {mood_of_S} y le {gave} {thing} a",
    ", {who}, le {gave} {thing} a",
    ", que {was_doing} {at}, le {gave} {thing} a",
    " {did_with} {object_and_gave_it} a",
    " le {will_give} {thing} a",
    " {will_give} {thing} a",
    " {did_with} {object_to_give_it} a",
    " {met} a",
    " le {said} a",
)
# Link the giver to a third person, whose name is then the last one before the gift.
TIES = ("con permiso de", "igual que", "por orden de", "delante de", "gracias a", "después de hablar con")
OPENINGS = (
    "{when} ",
    "{when}, ",
    "El {day} ",
    "La semana pasada ",
    "Según cuentan, ",
    "Hace años, ",
    "Dicen que ",
)
ASIDES = (
    "{C} miraba.",
    "{C} no estaba.",
    "{C} se quedó {at}.",
    "{C} ya lo sabía.",
    "{C} llegó tarde.",
    "{C} {was_doing} {at}.",
    "{C} tenía {object}.",
)
# One person or none.
EVERYDAY = (
    "{when} {name} estaba {mood_of_name} {at}.",
    "{when} {name} {went_alone} {to} y {did_with} {object}.",
    "{name} es {character_of_name} y {works} {at}.",
    "{name} {did_with} {object} {at}.",
    "{name} perdió {object_and_sought_it} {at}.",
    "{name} {said} que {the_thing} era {quality_of_the_thing}.",
    "{name} {went_alone} {to} con su {relative}.",
    "{name} quiere {to_do} {at}.",
    "{name}, {who}, {did_with} {object}.",
    "{name} tiene {object} y {object}.",
    "A {name} le gusta {to_do} {at}.",
    "{when} {name} le {gave} {thing} a su {relative}.",
)
IMPERSONAL = (
    "{when} {the_person} {was_doing} {at}.",
    "{the_person_capital} {did_with} {object}.",
    "{the_place_capital} estaba cerca {of}.",
    "{the_thing_capital} era {quality_of_the_thing}.",
    "Había {objects} y {objects} {at}.",
    "{the_nature_capital} estaba {quality_of_the_nature}.",
    "Hacía {weather} y la gente {was_doing} {at}.",
    "{the_animal_capital} {was_doing} {at}.",
    "No había {bare} {at}.",
    "Era {time} y {the_person} no quería {to_do}.",
    "{the_abstract_capital} era {quality_of_the_abstract}.",
    "Le dolía {the_body}.",
    "Todos hablaban {of_the_abstract}.",
    "{when} {the_person} le {gave} {thing} {to_the_other_person}.",
    "{the_person_capital} {said} que {the_abstract} era {quality_of_the_abstract}.",
    "{soup_capital}.",
    "{soup_capital}, {soup}.",
    "{soup_capital}.",
)


GIFT_MEASURED = " le {gave} {object} a"


def templates() -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return scenes with joins for training, and held-out ones with a gift: one in eight plain combinations."""
    kept: tuple[list[str], list[str]] = ([], [])
    for i, scene in enumerate(SCENES):
        for j, join in enumerate(JOINS):
            subordinate = scene.endswith((",", "que"))
            # «Donde» would not follow the place that it refers to.
            misplaced = join == ", donde {S}" and not scene.endswith(("{at}", "{to}"))
            if subordinate == (join == " {S}") and not misplaced:
                plain = not re.search("{(everyday|soup|how)", scene + join)
                kept[plain and (3 * i + 5 * j) % 8 == 0].append(scene + join)
    # A time may be filled in as «Poco después»: what ends in either would not be held out from the other.
    measured = (one for one in kept[1] if not re.search(r"\. ({when}|Poco después) {S}$", one))
    return tuple(kept[0]), tuple(template + GIFT_MEASURED for template in measured)


TEMPLATES, HELD_OUT_TEMPLATES = templates()
