"""Numbers in figures and their alt texts, as Spanish writes them."""

from typing import SupportsFloat

from babel.numbers import format_decimal


def decimal(number: SupportsFloat, decimals: int) -> str:
    """Write a number with a decimal comma, as many decimals as said, and a true minus sign, never «−0»."""
    rounded = round(float(number), decimals) + 0.0
    pattern = "0" + ("." + "0" * decimals if decimals else "")
    return format_decimal(rounded, pattern, locale="es").replace("-", "−")


def whole(number: int) -> str:
    """Write a whole number as the prose does, with a point between thousands."""
    return format_decimal(number, locale="es")


def plus_minus(mean: SupportsFloat, spread: SupportsFloat) -> str:
    """Write a mean with its spread, both with two decimals."""
    return f"{decimal(mean, 2)} ± {decimal(spread, 2)}"
