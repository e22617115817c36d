import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechinterp.superposition import (
    ToyModels,
    angles_between_neighbours,
    anticorrelated_pairs,
    best_of,
    correlated_pairs,
    cosines,
    feature_dimensionality,
    feature_norms,
    independent_features,
    reconstruct,
    train,
    turned_up,
    weighted_loss,
)

PENTAGON = torch.stack(
    [torch.tensor([math.cos(a), math.sin(a)]) for a in [2 * math.pi * i / 5 for i in range(5)]], dim=1
)
SPARSITY = torch.tensor([0.0, 0.5, 0.9])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_features_are_absent_as_often_as_said_and_uniform_otherwise() -> None:
    x = independent_features(SPARSITY, 4)(50_000, generator())
    assert x.shape == (3, 50_000, 4)
    torch.testing.assert_close((x == 0).float().mean((1, 2)), SPARSITY, atol=0.01, rtol=0)
    present = x[1][x[1] > 0]
    assert abs(present.mean() - 0.5) < 0.01
    assert abs(present.var() - 1 / 12) < 0.01
    assert x.min() >= 0
    assert x.max() <= 1


def test_correlated_features_come_and_go_together() -> None:
    x = correlated_pairs(SPARSITY, 2)(20_000, generator())
    assert torch.equal(x[..., 0] > 0, x[..., 1] > 0)
    both = ((x[1, :, 0] > 0) & (x[1, :, 2] > 0)).float().mean()
    assert abs(both - 0.25) < 0.02  # the pairs are independent
    torch.testing.assert_close((x == 0).float().mean((1, 2)), SPARSITY, atol=0.02, rtol=0)


def test_anticorrelated_features_exclude_each_other() -> None:
    single = torch.tensor([0.5, 0.9])
    x = anticorrelated_pairs(1 - 2 * (1 - single), 2)(20_000, generator())
    assert not ((x[..., 0] > 0) & (x[..., 1] > 0)).any()
    torch.testing.assert_close((x == 0).float().mean((1, 2)), single, atol=0.02, rtol=0)


def test_reconstruction_and_loss_by_hand() -> None:
    W = torch.tensor([[[1.0, 0.0, -1.0]]])  # one hidden unit, three features, the third against the first
    b = torch.tensor([[0.0, 0.5, 0.0]])
    x = torch.tensor([[[1.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    x_hat = reconstruct(W, b, x)
    # h = 1 and −1; Wᵀh + b = (1, .5, −1) and (−1, .5, 1); the ReLU drops the negatives.
    torch.testing.assert_close(x_hat, torch.tensor([[[1.0, 0.5, 0.0], [0.0, 0.5, 1.0]]]))
    importance = torch.tensor([1.0, 2.0, 3.0])
    torch.testing.assert_close(weighted_loss(x, x_hat, importance), torch.tensor([2 * (0.25 + 0.25) / 2]))


def test_instances_trained_together_are_instances_trained_alone() -> None:
    """A plain loop over one model at a time, on the same inputs and starts, ends where the batched one does."""
    samples = torch.rand(6, 3, 64, 4, generator=generator())

    def replay(instances: slice):
        step = iter(range(1000))
        return lambda batch, generator: samples[next(step) % 6][instances]

    importance = 0.9 ** torch.arange(4.0)
    together = train(replay(slice(0, 3)), importance, 3, 2, steps=50, batch=64, seed=1)
    for i in range(3):
        start = torch.Generator().manual_seed(1)
        W = (torch.randn(3, 2, 4, generator=start) / 2**0.5)[i : i + 1].clone().requires_grad_()
        b = torch.zeros(1, 4, requires_grad=True)
        optimizer = torch.optim.Adam([W, b], lr=1e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50)
        batches = replay(slice(i, i + 1))
        for _ in range(50):
            x = batches(64, start)
            optimizer.zero_grad()
            weighted_loss(x, reconstruct(W, b, x), importance).sum().backward()
            optimizer.step()
            schedule.step()
        torch.testing.assert_close(together.W[i], W[0].detach(), atol=1e-5, rtol=1e-4)


def test_training_is_the_same_for_the_same_seed() -> None:
    runs = [
        train(independent_features(SPARSITY, 5), torch.ones(5), 3, 2, steps=30, seed=seed)
        for seed in (3, 3, 4)
    ]
    assert torch.equal(runs[0].W, runs[1].W)
    assert not torch.equal(runs[0].W, runs[2].W)


def test_the_dimensionality_of_known_arrangements() -> None:
    antipodal = torch.tensor([[1.0, -1.0, 0.0], [0.0, 0.0, 1.0]])
    torch.testing.assert_close(feature_dimensionality(PENTAGON), torch.full((5,), 2 / 5))
    torch.testing.assert_close(feature_dimensionality(antipodal), torch.tensor([0.5, 0.5, 1.0]))
    torch.testing.assert_close(
        feature_dimensionality(torch.tensor([[1.0, 0.0], [0.0, 0.0]])), torch.tensor([1.0, 0.0])
    )
    torch.testing.assert_close(feature_norms(2 * PENTAGON), torch.full((5,), 2.0))


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


def test_the_best_of_each_group_is_kept() -> None:
    models = ToyModels(torch.arange(4.0).view(4, 1, 1), torch.zeros(4, 1), torch.tensor([2.0, 1.0, 3.0, 4.0]))
    assert best_of(models, 2).W.flatten().tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="expected a multiple of 3 instances, got 4"):
        best_of(models, 3)


@pytest.mark.heavy
def test_dense_features_get_no_better_than_keeping_the_two_most_important() -> None:
    """With S = 0 the best is to keep two features exactly and to answer the mean, ½, for the others."""
    importance = 0.9 ** torch.arange(5.0)
    models = best_of(train(independent_features(torch.zeros(8), 5), importance, 8, 2, seed=0), 8)
    closed_form = importance[2:].sum() / 12
    assert closed_form * 0.99 <= models.loss[0] <= closed_form * 1.01
    assert (feature_norms(models.W[0]) > 0.5).tolist() == [True, True, False, False, False]
    x = torch.rand(1, 20_000, 5, generator=generator())
    answers = reconstruct(models.W, models.b, x)[0, :, 2:]
    torch.testing.assert_close(answers.mean(0), torch.full((3,), 0.5), atol=0.03, rtol=0)
    assert (answers.std(0) < 0.05).all()


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sparse_features_form_a_pentagon(seed: int) -> None:
    importance = 0.9 ** torch.arange(5.0)
    models = best_of(
        train(independent_features(torch.full((16,), 0.99), 5), importance, 16, 2, seed=seed), 16
    )
    assert (angles_between_neighbours(models.W[0]) - 72).abs().max() < 3
    torch.testing.assert_close(feature_dimensionality(models.W[0]), torch.full((5,), 0.4), atol=0.02, rtol=0)


def test_a_wrong_shape_is_refused() -> None:
    from jaxtyping import TypeCheckError

    with pytest.raises(TypeCheckError, match="reconstruct"):
        reconstruct(torch.zeros(1, 2, 5), torch.zeros(1, 4), torch.zeros(1, 3, 5))
