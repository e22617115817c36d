"""English IOI prompts, for models that read English: names, scenes and gifts of our own.

The form is that of Wang et al. 2022, appendix A: two people in a scene, then one of them gives something to …
"""

from __future__ import annotations

import random

from mechinterp.text.lexicon import words

NAMES = words(
    "John Mary Tom James Sarah Paul Anna Mark Laura David Kate Peter Emma George Alice Robert Susan Daniel Jane Henry "
    "Rachel Michael Lucy Simon Amy Andrew Julia Kevin Lisa Martin"
)
TEMPLATES = (
    "When {A} and {B} got to the {place}, {S} gave a {thing} to",
    "While {A} and {B} were sitting in the {place}, {S} handed a {thing} to",
    "After {A} and {B} had left the {place}, {S} sent a {thing} to",
    "Before {A} and {B} went back to the {place}, {S} lent a {thing} to",
    "{A} and {B} met at the {place}, and {S} offered a {thing} to",
    "{A} and {B} spent the morning at the {place}. Later {S} gave a {thing} to",
    "{A} and {B} were talking near the {place} when {S} passed a {thing} to",
    "Once {A} and {B} had found the {place}, {S} showed a {thing} to",
    "At the {place}, {A} waited for {B}. In the end {S} brought a {thing} to",
    "Yesterday {A} and {B} worked at the {place}, where {S} sold a {thing} to",
    "As {A} and {B} walked around the {place}, {S} threw a {thing} to",
    "{A} saw {B} at the {place}. Then {S} gave a {thing} to",
)
PLACES = words("store park school station garden office beach museum hospital library")
THINGS = words("book ring letter ticket key drink ball map present basket")


def fill(template: str, a: str, b: str, giver: str, draw: random.Random) -> tuple[str, str]:
    """Return the template filled in with names a and b in this order, up to the answer, and the answer."""
    text = template.format(A=a, B=b, S=giver, place=draw.choice(PLACES), thing=draw.choice(THINGS))
    return text, b if giver == a else a
