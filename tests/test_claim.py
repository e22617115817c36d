"""A claim keeps its bounds, or does not."""

import math
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
import torch

from lectern.figure import Claim, either


@pytest.mark.parametrize("bounds", [{"at_least": 2.0}, {"at_most": 2.0}, {"at_least": 2.0, "at_most": 2.0}])
def test_a_claim_exactly_at_its_bound_holds(bounds: dict[str, float]) -> None:
    assert Claim("x", 2, **bounds).holds


@pytest.mark.parametrize(
    ("measured", "bounds"),
    [
        (math.nextafter(2, 0), {"at_least": 2}),
        (math.nextafter(2, 3), {"at_most": 2}),
        (0, {"at_least": 1, "at_most": 2}),
        (3, {"at_least": 1, "at_most": 2}),
    ],
)
def test_a_claim_beyond_its_bound_does_not(measured: float, bounds: dict[str, float]) -> None:
    assert not Claim("x", measured, **bounds).holds


@pytest.mark.parametrize(
    "bounds", [{"at_least": 0}, {"at_most": 0}, {"at_least": -math.inf, "at_most": math.inf}]
)
def test_what_was_measured_as_no_number_keeps_no_bound(bounds: dict[str, float]) -> None:
    assert not Claim("x", math.nan, **bounds).holds
    assert str(Claim("x", math.nan, **bounds)).endswith("FAILS")


def test_an_infinite_number_keeps_bounds_as_numbers_do() -> None:
    assert Claim("x", math.inf, at_least=0).holds
    assert not Claim("x", math.inf, at_most=1e300).holds


@pytest.mark.parametrize(
    "number",
    [3, 3.0, np.float32(3), np.array(3), np.array([3.0]), torch.tensor([3]), Fraction(3), Decimal(3)],
)
def test_a_number_of_any_library_is_taken_as_pythons(number: Any) -> None:
    claim = Claim("x", number, at_least=number)
    assert (claim.measured, type(claim.measured)) == (3.0, float)
    assert claim.at_least == 3
    assert claim.holds


@pytest.mark.parametrize(
    "value", ["3", None, 3j, [3], np.arange(3), np.array([]), torch.arange(2), np.array("3")]
)
def test_what_is_no_number_is_refused(value: Any) -> None:
    with pytest.raises(TypeError, match=r"claim 'x': measured is .* which is no number"):
        Claim("x", value, at_least=0)


def test_of_two_claims_the_one_that_holds_is_made() -> None:
    for measured, name in ((0.5, "high"), (0.7, "high"), (0.3, "low"), (np.float32(0.3), "low")):
        found = either("high", "low", "share", measured, 0.5, unit=" nats")
        assert list(found) == [name]
        assert found[name].holds
        assert str(found[name]).startswith("share = 0.")
        assert "nats" in str(found[name])


def test_what_is_no_number_is_claimed_and_fails() -> None:
    (claim,) = either("high", "low", "share", math.nan, 0.5).values()
    assert not claim.holds
