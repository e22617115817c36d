"""How much of a dimension features have, on arrangements where it is known."""

import torch

from mechinterp.superposition.geometry import (
    antipodal,
    dimensions_per_feature,
    regular_polygon,
    shares_of_dimensions,
)

PAIR_AND_ONE = torch.tensor([[1.0, -1.0, 0.0, 0.1], [0.0, 0.0, 1.0, 0.0]])  # the fourth is not represented


def test_only_represented_features_have_a_share() -> None:
    shares = shares_of_dimensions(PAIR_AND_ONE)
    assert len(shares) == 3
    torch.testing.assert_close(shares, torch.tensor([0.5, 0.5, 1.0]), atol=0.01, rtol=0)


def test_antipodal_features_are_those_with_half_a_dimension_nearly() -> None:
    assert antipodal(shares_of_dimensions(PAIR_AND_ONE)).tolist() == [True, True, False]
    assert antipodal(torch.tensor([0.47, 0.485, 0.515, 0.53])).tolist() == [False, True, True, False]
    assert antipodal(torch.tensor([0.47, 0.53]), tolerance=0.05).all()
    assert not antipodal(shares_of_dimensions(regular_polygon(5))).any()


def test_features_of_norm_one_share_out_the_dimensions() -> None:
    W = torch.stack((regular_polygon(4), 2 * regular_polygon(4)))
    torch.testing.assert_close(dimensions_per_feature(W), torch.tensor([2 / 4, 2 / 16]))
