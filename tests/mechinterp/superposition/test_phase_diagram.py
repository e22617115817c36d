"""A grid of trained models beside what theory says of each."""

import torch

from mechinterp.superposition.phases import Diagram, Phase, phase_diagram, phase_losses, train_grid
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import train, train_on_independent


def test_agreement_is_a_share_and_excess_the_worst_of_the_losses() -> None:
    measured = torch.tensor([[Phase.ABSENT, Phase.OWN], [Phase.OWN, Phase.SUPERPOSED]])
    predicted = torch.tensor([[Phase.ABSENT, Phase.OWN], [Phase.SUPERPOSED, Phase.SUPERPOSED]])
    loss = torch.tensor([[1.0, 2.2], [0.9, 4.0]])
    found = Diagram(measured, predicted, loss, torch.tensor([[1.0, 2.0], [1.0, 4.0]]))
    assert found.agreement == 3 / 4
    assert abs(found.excess - 0.1) < 1e-6


def test_rows_are_importances_and_columns_sparsities() -> None:
    importance, sparsity = torch.tensor([0.1, 10.0]), torch.tensor([0.0, 0.3, 0.95])
    found = phase_diagram(importance, sparsity, n_restarts=2, seed=1)
    assert found.measured.shape == found.predicted.shape == found.loss.shape == (2, 3)
    assert found.predicted.tolist() == [
        [Phase.ABSENT, Phase.ABSENT, Phase.SUPERPOSED],
        [Phase.OWN, Phase.OWN, Phase.SUPERPOSED],
    ]
    torch.testing.assert_close(
        found.closed_form[1, 2], phase_losses(importance[1], sparsity[2])[Phase.SUPERPOSED]
    )
    one_by_one = train_grid(torch.tensor([0.1] * 3 + [10.0] * 3), sparsity.repeat(2), n_restarts=2, seed=1)
    assert torch.equal(found.loss.flatten(), one_by_one.loss)


def test_models_of_independent_features_have_a_sparsity_each() -> None:
    sparsity, importance = torch.tensor([0.0, 0.9]), torch.ones(3)
    found = train_on_independent(sparsity, importance, 2, seed=3)
    expected = train(independent_features(sparsity, 3), importance, 2, 2, seed=3)
    assert torch.equal(found.W, expected.W)
    assert torch.equal(found.loss, expected.loss)
