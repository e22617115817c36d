import pytest
import torch

from mechinterp.superposition.arrangements import (
    Arrangement,
    absent_loss,
    antipodal_loss,
    arrangement_loss,
    best_arrangement,
)
from mechinterp.superposition.geometry import (
    angles_between_neighbours,
    cosines,
    feature_dimensionality,
    regular_polygon,
    represented,
)
from mechinterp.superposition.integration import expected_loss, judged
from mechinterp.superposition.model import ToyModels
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train

IMPORTANCE = 0.9 ** torch.arange(5.0)
DENSITIES = torch.tensor([1.0, 0.7, 0.5, 0.3, 0.1, 0.01])
NODES = 8


def trained(sparsity: float, n_restarts: int = 16, seed: int = 0) -> ToyModels:
    absent = torch.full((n_restarts,), sparsity)
    models = train(independent_features(absent, 5), IMPORTANCE, n_restarts, 2, steps=1500, seed=seed)
    return best_of(judged(models, IMPORTANCE, absent, NODES), n_restarts)


@pytest.mark.parametrize("density", DENSITIES.tolist())
def test_closed_forms_are_the_integrals(density: float) -> None:
    """Two features in one dimension, against a plain sum over a grid of their values."""
    at = (torch.arange(400.0) + 0.5) / 400
    u, v = torch.meshgrid(at, at, indexing="ij")
    absent = torch.tensor(1 - density)
    both = ((u - (u - v).relu()) ** 2).mean()  # one feature's error when both are present; else there is none
    torch.testing.assert_close(antipodal_loss(absent), density**2 * both, rtol=1e-3, atol=0)
    mean = density / 2
    variance = (1 - density) * mean**2 + density * ((at - mean) ** 2).mean()
    torch.testing.assert_close(absent_loss(absent), variance, rtol=1e-4, atol=1e-7)


def test_an_arrangement_costs_what_its_model_does() -> None:
    """One feature alone, a pair, and two left out, in two dimensions, against quadrature."""
    W = torch.tensor([[[1.0, 0, 0, 0, 0], [0, 1, -1, 0, 0]]])
    b = torch.tensor([[0, 0, 0, 0.25, 0.25]])
    found = expected_loss(W, b, IMPORTANCE, torch.tensor([0.5]), nodes=12).item()
    assert arrangement_loss(Arrangement(1, 1), IMPORTANCE, 0.5) == pytest.approx(found, rel=5e-3)
    shuffled = IMPORTANCE[[3, 0, 4, 1, 2]]
    assert arrangement_loss(Arrangement(1, 1), shuffled, 0.5) == pytest.approx(found, rel=5e-3)


def test_pairs_pay_from_some_sparsity_on() -> None:
    alike = torch.ones(5)
    assert best_arrangement(alike, 2, 1 - 0.58) == Arrangement(2, 0)
    assert best_arrangement(alike, 2, 1 - 0.56) == Arrangement(0, 2)  # the two cost the same at 1 − S = 4/7
    assert best_arrangement(torch.ones(3), 2, 0.99) == Arrangement(1, 1)  # there is no fourth feature
    assert best_arrangement(torch.tensor([1.0, 1, 0.1, 0.1]), 2, 0.5) == Arrangement(2, 0)


def test_an_arrangement_of_more_features_than_there_are_is_refused() -> None:
    with pytest.raises(ValueError, match="expected an arrangement of at most 5 features, got 6"):
        arrangement_loss(Arrangement(0, 3), IMPORTANCE, 0.5)


@pytest.mark.parametrize("sparsity", [-0.1, 1.1, float("nan")])
def test_what_is_no_sparsity_is_refused(sparsity: float) -> None:
    with pytest.raises(ValueError, match="expected sparsities between 0 and 1, got"):
        best_arrangement(IMPORTANCE, 2, sparsity)
    with pytest.raises(ValueError, match="expected sparsities between 0 and 1, got"):
        expected_loss(torch.zeros(1, 1, 2), torch.zeros(1, 2), torch.ones(2), torch.tensor([sparsity]))


def test_dimensions_that_features_cannot_fill_are_refused() -> None:
    for hidden in (0, 6):
        with pytest.raises(ValueError, match=f"expected from 1 to 5 hidden dimensions, got {hidden}"):
            best_arrangement(IMPORTANCE, hidden, 0.5)


@pytest.mark.heavy
@pytest.mark.parametrize("density", DENSITIES.tolist())
def test_training_ends_no_higher_than_the_best_closed_form(density: float) -> None:
    sparsity = 1 - density
    best = arrangement_loss(best_arrangement(IMPORTANCE, 2, sparsity), IMPORTANCE, sparsity)
    assert trained(sparsity).loss.item() <= 1.005 * best


@pytest.mark.heavy
def test_dense_features_get_no_better_than_keeping_the_two_most_important() -> None:
    models = trained(0.0)
    assert models.loss.item() == pytest.approx(IMPORTANCE[2:].sum().item() / 12, rel=0.005)
    assert represented(models.W[0]).tolist() == [True, True, False, False, False]
    torch.testing.assert_close(models.b[0, 2:], torch.full((3,), 0.5), atol=0.1, rtol=0)  # near the mean


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_features_of_middle_sparsity_form_antipodal_pairs(seed: int) -> None:
    models = trained(0.7, seed=seed)
    held = represented(models.W[0])
    assert held.sum() == 4
    found = cosines(models.W[0][:, held])
    assert (found.min(-1).values < -0.99).all()  # each has its opposite,
    assert (found.abs().sort(-1).values[:, :2] < 0.1).all()  # and two at right angles


@pytest.mark.heavy
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_sparse_features_form_a_pentagon(seed: int) -> None:
    models = trained(0.99, seed=seed)
    assert (angles_between_neighbours(models.W[0]) - 72).abs().max() < 3
    torch.testing.assert_close(feature_dimensionality(models.W[0]), torch.full((5,), 0.4), atol=0.02, rtol=0)


@pytest.mark.heavy
def test_training_ends_no_higher_than_the_best_regular_pentagon() -> None:
    """The slow reference: a regular pentagon whose one scale and one bias are searched over a fine grid."""
    sparsity = 0.99
    scales, biases = torch.linspace(0.9, 1.4, 26), torch.linspace(-0.4, 0.1, 26)
    scale, bias = (axis.flatten() for axis in torch.meshgrid(scales, biases, indexing="ij"))
    W = scale[:, None, None] * regular_polygon(5)
    absent = torch.full_like(scale, sparsity)
    losses = expected_loss(W, bias[:, None].expand(-1, 5), IMPORTANCE, absent, nodes=NODES)
    at = losses.argmin()
    assert scales[0] < scale[at] < scales[-1]  # the search found a minimum, not the edge
    assert biases[0] < bias[at] < biases[-1]
    pairs = arrangement_loss(best_arrangement(IMPORTANCE, 2, sparsity), IMPORTANCE, sparsity)
    assert losses[at] < 0.5 * pairs
    assert losses[at] * 0.9 < trained(sparsity).loss.item() <= losses[at] * 1.01
