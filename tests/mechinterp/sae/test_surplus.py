"""What features do that are more than the true directions."""

import pytest
import torch

from mechinterp.sae.known_features import known_features
from mechinterp.sae.surplus import chance_surplus, surplus_cosines

PLANE = torch.eye(2)


def test_features_left_over_are_compared_with_the_direction_next_to_them() -> None:
    W_dec = torch.tensor([[3.0, 4.0], [2.0, 0.0], [0.0, 5.0], [-1.0, 0.0]])
    assert surplus_cosines(W_dec, PLANE).tolist() == pytest.approx([0.8, 0])


def test_a_feature_that_stands_for_a_direction_is_none_of_them() -> None:
    assert surplus_cosines(torch.tensor([[0.0, 2.0], [1.0, 0.1]]), PLANE).shape == (0,)


def test_a_copy_counts_as_one_whichever_of_the_two_is_matched() -> None:
    true = known_features(6, 4, sparsity=0.9).directions
    assert surplus_cosines(torch.cat((true, 2 * true)), true).tolist() == pytest.approx([1] * 6)


def test_directions_at_random_are_nearer_to_one_of_many_and_copies_of_none() -> None:
    few, many = (known_features(n, 10, sparsity=0.9).directions for n in (11, 60))
    near_few, near_many = (chance_surplus(true, 2 * len(true), n=5, seed=3) for true in (few, many))
    assert near_few.shape == (5,)
    assert near_few.mean() < near_many.mean() < 0.85
    assert torch.equal(near_few, chance_surplus(few, 22, n=5, seed=3))


def test_directions_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="expected directions of width 3, got 2"):
        surplus_cosines(PLANE, torch.eye(3))
