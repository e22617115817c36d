import pytest
import torch

from mechinterp.superposition.arrangements import absent_loss, antipodal_loss
from mechinterp.superposition.integration import expected_loss, judged
from mechinterp.superposition.model import ToyModels, reconstruct, weighted_loss
from mechinterp.superposition.samplers import independent_features

SPARSITY = torch.tensor([0.0, 0.5, 0.9])


def test_it_is_what_sampling_tends_to() -> None:
    generator = torch.Generator().manual_seed(0)
    W, b = torch.randn(3, 2, 3, generator=generator), torch.randn(3, 3, generator=generator) / 4
    importance = torch.rand(3, 3, generator=generator)
    x = independent_features(SPARSITY, 3)(400_000, generator)
    sampled = weighted_loss(x, reconstruct(W, b, x), importance)
    torch.testing.assert_close(expected_loss(W, b, importance, SPARSITY), sampled, rtol=0.01, atol=0)


def test_a_linear_region_has_no_error() -> None:
    """A feature answered by its mean, and one that is kept: polynomials, which few nodes integrate exactly."""
    W = torch.tensor([[[1.0, 0.0]]]).expand(3, 1, 2)
    b = torch.stack((torch.zeros(3), (1 - SPARSITY) / 2), dim=1)
    found = expected_loss(W, b, torch.tensor([5.0, 2.0]), SPARSITY, nodes=2)
    torch.testing.assert_close(found, 2 * absent_loss(SPARSITY))


def test_models_are_judged_by_it() -> None:
    models = ToyModels(torch.tensor([[[1.0, -1.0]]]), torch.zeros(1, 2), torch.tensor([9.0]))
    found = judged(models, torch.ones(2), torch.tensor([0.5]), nodes=64)
    torch.testing.assert_close(found.loss, 2 * antipodal_loss(torch.tensor([0.5])), rtol=1e-3, atol=0)
    assert found.W is models.W


def test_too_many_points_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at most 2000000 points, got 25 to the 10"):
        expected_loss(torch.zeros(1, 2, 10), torch.zeros(1, 10), torch.ones(10), torch.zeros(1))
