"""First names of people."""

from __future__ import annotations

from mechinterp.text.lexicon import words

WOMEN = words(
    "María Ana Lucía Carmen Elena Laura Sofía Marta Paula Julia Irene Clara Rosa Nuria Alba Sara Inés Eva "
    "Luisa Teresa Pilar Olga Raquel Silvia Beatriz Andrea Daniela Valeria Camila Noelia Diana Mónica Cristina "
    "Isabel Patricia Sandra Natalia Victoria Alicia Gloria Julieta Martina Emma Adriana Verónica Lorena Rocío "
    "Carolina Gabriela Esther"
)
MEN = words(
    "Juan Pedro Luis Carlos Javier Miguel Pablo Diego Andrés Jorge Sergio Raúl Álvaro Mario Hugo Iván Tomás "
    "Martín Bruno Óscar Rubén Víctor Ángel Manuel Felipe Gonzalo Ignacio Marcos Mateo Nicolás Ramón Simón "
    "Antonio José Francisco David Daniel Alejandro Fernando Roberto Ricardo Alberto Eduardo Guillermo Emilio "
    "Lucas Rodrigo Samuel Adrián Julián"
)
NAMES = WOMEN + MEN


def is_woman(name: str) -> bool:
    """Whether a name is a woman's."""
    return name in WOMEN
