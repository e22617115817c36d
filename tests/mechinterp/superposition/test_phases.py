import pytest
import torch

from mechinterp.superposition.phases import (
    Phase,
    measured_phase,
    phase_boundary,
    phase_losses,
    predicted_phase,
    train_grid,
)

ABSENT, SUPERPOSED, OWN = Phase.ABSENT, Phase.SUPERPOSED, Phase.OWN


def test_the_losses_of_dense_features_by_hand() -> None:
    # 1 − S = 1: an absent feature costs 1/12, a pair (1 + I)/6.
    found = phase_losses(torch.tensor(3.0), torch.tensor(0.0))
    torch.testing.assert_close(found, torch.tensor([3 / 12, 4 / 6, 1 / 12]))


def test_the_more_important_feature_wins_where_dense_and_both_share_where_sparse() -> None:
    importance = torch.tensor([0.2, 5.0, 0.2, 5.0])
    sparsity = torch.tensor([0.0, 0.0, 0.95, 0.95])
    assert predicted_phase(importance, sparsity).tolist() == [ABSENT, OWN, SUPERPOSED, SUPERPOSED]


@pytest.mark.parametrize("sparsity", [0.5, 0.7, 0.9])
def test_at_the_boundary_two_phases_cost_the_same(sparsity: float) -> None:
    absent = torch.tensor(sparsity)
    boundary = phase_boundary(absent)
    assert boundary < 1
    losses = phase_losses(boundary, absent)
    torch.testing.assert_close(losses[ABSENT], losses[SUPERPOSED])
    losses = phase_losses(1 / boundary, absent)
    torch.testing.assert_close(losses[OWN], losses[SUPERPOSED])


def test_nothing_is_superposed_where_more_than_four_sevenths_are_present() -> None:
    absent = 1 - torch.tensor([1.0, 0.6, 4 / 7 + 1e-4, 4 / 7 - 1e-4])
    assert (phase_boundary(absent) == 1).tolist() == [True, True, True, False]
    assert (predicted_phase(torch.ones(4), absent) == SUPERPOSED).tolist() == [False, False, False, True]


def test_a_models_phase_is_that_of_its_columns() -> None:
    W = torch.tensor([[[1.0, 0.1]], [[1.0, -0.9]], [[0.2, 1.0]], [[0.0, 0.0]]])
    assert measured_phase(W).tolist() == [ABSENT, SUPERPOSED, OWN, ABSENT]


@pytest.mark.heavy
def test_training_finds_the_phases_that_theory_says() -> None:
    importance, sparsity = (
        torch.tensor([0.1, 0.1, 1.0, 10.0, 10.0]),
        torch.tensor([0.0, 0.95, 0.8, 0.0, 0.95]),
    )
    models = train_grid(importance, sparsity, n_restarts=16)
    assert measured_phase(models.W).tolist() == [ABSENT, SUPERPOSED, SUPERPOSED, OWN, SUPERPOSED]
    closed_form = phase_losses(importance, sparsity).min(-1).values
    assert (models.loss <= 1.02 * closed_form).all()
    assert (models.loss >= 0.8 * closed_form).all()  # tuned pairs save a little, not a lot
