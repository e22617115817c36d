import math

import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechinterp.superposition.geometry import (
    angles_between_neighbours,
    cosines,
    feature_dimensionality,
    feature_norms,
    regular_polygon,
    represented,
    turned_up,
)

PENTAGON = regular_polygon(5)


def test_the_dimensionality_of_known_arrangements() -> None:
    antipodal = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(feature_dimensionality(PENTAGON), torch.full((5,), 2 / 5))
    torch.testing.assert_close(feature_dimensionality(regular_polygon(3)), torch.full((3,), 2 / 3))
    torch.testing.assert_close(feature_dimensionality(antipodal), torch.tensor([0.5, 0.5, 1.0]))
    torch.testing.assert_close(
        feature_dimensionality(torch.tensor([[1.0, 0.0], [0.0, 0.0]])), torch.tensor([1.0, 0.0])
    )
    torch.testing.assert_close(feature_norms(2 * PENTAGON), torch.full((5,), 2.0))


def test_a_tetrahedron_and_a_square_antiprism_share_three_dimensions() -> None:
    tetrahedron = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    torch.testing.assert_close(feature_dimensionality(tetrahedron), torch.full((4,), 3 / 4))
    square, turned = regular_polygon(4), torch.tensor([[1.0, -1], [1, 1]]) / 2**0.5 @ regular_polygon(4)
    height = torch.full((1, 4), 0.5**0.5)  # at which W Wᵀ is a multiple of the identity
    antiprism = torch.cat((torch.cat((square, height)), torch.cat((turned, -height))), dim=1)
    torch.testing.assert_close(feature_dimensionality(antiprism), torch.full((8,), 3 / 8))


def test_a_feature_of_small_norm_is_not_represented() -> None:
    W = torch.tensor([[0.6, 0.3, 0.0], [0.0, 0.3, 0.0]])
    assert represented(W).tolist() == [True, False, False]


matrices = st.lists(st.floats(-2, 2, width=32), min_size=10, max_size=10).map(
    lambda v: torch.tensor(v).view(2, 5)
)


@settings(max_examples=50)
@given(matrices, st.floats(0, 6.28))
def test_a_rotation_of_the_hidden_space_changes_nothing(W: torch.Tensor, angle: float) -> None:
    rotation = torch.tensor([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
    torch.testing.assert_close(
        feature_dimensionality(rotation @ W), feature_dimensionality(W), atol=1e-4, rtol=1e-4
    )
    turned = turned_up(W)
    if feature_norms(W)[0] > 1e-3:
        torch.testing.assert_close(turned.T @ turned, W.T @ W, atol=1e-4, rtol=1e-4)
        torch.testing.assert_close(
            turned[:, 0], torch.stack((torch.tensor(0.0), feature_norms(W)[0])), atol=1e-4, rtol=1e-4
        )


@settings(max_examples=50)
@given(matrices)
def test_features_never_share_more_than_the_dimensions_there_are(W: torch.Tensor) -> None:
    share = feature_dimensionality(W)
    assert (share <= 1 + 1e-4).all()
    assert share.sum() <= 2 + 1e-3


def test_angles_and_cosines_of_a_pentagon() -> None:
    torch.testing.assert_close(
        angles_between_neighbours(PENTAGON[:, [3, 1, 4, 0, 2]]), torch.full((5,), 72.0)
    )
    torch.testing.assert_close(cosines(PENTAGON)[0, :2], torch.tensor([1.0, math.cos(math.radians(72))]))
