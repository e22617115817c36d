from itertools import product

import pytest
import torch

from mechinterp.superposition.model import Activation, ToyModels, reconstruct, weighted_loss
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, gradient, train

SPARSITY = torch.tensor([0.0, 0.5, 0.9])


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


@pytest.mark.parametrize(("neurons", "outputs"), list(product(Activation, Activation)))
@pytest.mark.parametrize("own", [False, True])
def test_the_gradient_is_that_of_automatic_differentiation(
    neurons: Activation, outputs: Activation, own: bool
) -> None:
    W, b = torch.randn(3, 2, 5, generator=generator()), torch.randn(3, 5, generator=generator())
    importance = torch.rand((3, 5) if own else (5,), generator=generator())
    x = independent_features(SPARSITY, 5)(40, generator())
    found = gradient(W, b, x, importance, neurons=neurons, outputs=outputs)
    W.requires_grad_(), b.requires_grad_()
    x_hat = reconstruct(W, b, x, neurons=neurons, outputs=outputs)
    weighted_loss(x, x_hat, importance).sum().backward()
    torch.testing.assert_close(found[:, :-1], W.grad)
    torch.testing.assert_close(found[:, -1], b.grad)


def test_instances_trained_together_are_instances_trained_alone() -> None:
    """A plain loop over one model at a time, with torch's Adam and schedule, ends where the batched one does."""
    samples = torch.rand(6, 3, 4, 64, generator=generator())

    def replay(instances: slice):
        step = iter(range(1000))
        return lambda batch, generator: samples[next(step) % 6][instances]

    importance = 0.9 ** torch.arange(4.0)
    together = train(replay(slice(0, 3)), importance, 3, 2, steps=50, batch=64, learning_rate=1e-2, seed=1)
    start = torch.randn(3, 2, 4, generator=torch.Generator().manual_seed(1)) * (2 / 6) ** 0.5
    for i in range(3):
        W, b = start[i : i + 1].clone().requires_grad_(), torch.zeros(1, 4, requires_grad=True)
        optimizer = torch.optim.Adam([W, b], lr=1e-2)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 50)
        batches = replay(slice(i, i + 1))
        for _ in range(50):
            x = batches(64, None)
            optimizer.zero_grad()
            weighted_loss(x, reconstruct(W, b, x), importance).sum().backward()
            optimizer.step()
            schedule.step()
        torch.testing.assert_close(together.W[i], W[0].detach(), atol=1e-5, rtol=1e-4)
        torch.testing.assert_close(together.b[i], b[0].detach(), atol=1e-5, rtol=1e-4)


def test_training_is_the_same_for_the_same_seed() -> None:
    runs = [
        train(independent_features(SPARSITY, 5), torch.ones(5), 3, 2, steps=30, seed=seed)
        for seed in (3, 3, 4)
    ]
    assert torch.equal(runs[0].W, runs[1].W)
    assert torch.equal(runs[0].loss, runs[1].loss)
    assert not torch.equal(runs[0].W, runs[2].W)


def test_each_instance_may_have_importances_of_its_own() -> None:
    importance = torch.tensor([[1.0, 0.0], [0.0, 1.0]])
    models = train(independent_features(torch.zeros(2), 2), importance, 2, 1, steps=300, batch=64)
    assert torch.equal(models.W.abs().argmax(-1).flatten(), torch.tensor([0, 1]))
    assert (models.loss < 1e-3).all()


def test_the_loss_is_of_inputs_not_trained_on() -> None:
    seen = []

    def sample(batch: int, generator: torch.Generator) -> torch.Tensor:
        seen.append(torch.rand(1, 2, batch, generator=generator))
        return seen[-1]

    models = train(sample, torch.ones(2), 1, 1, steps=5, batch=8, held_out=3)
    assert len(seen) == 8
    held_out = torch.cat(seen[5:], dim=-1)
    expected = weighted_loss(held_out, reconstruct(models.W, models.b, held_out), torch.ones(2))
    torch.testing.assert_close(models.loss, expected)


@pytest.mark.parametrize("wrong", [float("nan"), float("inf"), -1.0])
def test_an_importance_that_is_none_is_refused(wrong: float) -> None:
    with pytest.raises(ValueError, match=r"expected importances of at least 0, got \[1.0, (nan|inf|-1.0)\]"):
        train(independent_features(SPARSITY, 2), torch.tensor([1.0, wrong]), 3, 1)


@pytest.mark.parametrize("hidden", [0, 3])
def test_a_hidden_layer_of_no_or_too_many_dimensions_is_refused(hidden: int) -> None:
    with pytest.raises(ValueError, match=f"expected from 1 to 2 hidden dimensions, got {hidden}"):
        train(independent_features(SPARSITY, 2), torch.ones(2), 3, hidden)


def test_samples_of_other_instances_or_features_are_refused() -> None:
    for n_instances, n_features in ((2, 4), (3, 5)):
        importance = torch.ones(n_features)
        with pytest.raises(
            ValueError,
            match=rf"expected samples of shape \({n_instances}, {n_features}, 256\), got \(3, 4, 256\)",
        ):
            train(independent_features(SPARSITY, 4), importance, n_instances, 2)


@pytest.mark.parametrize("wrong", ["steps", "batch", "held_out"])
def test_no_steps_and_no_inputs_are_refused(wrong: str) -> None:
    with pytest.raises(ValueError, match=r"expected steps, batch and held_out of at least 1, got .*0"):
        train(independent_features(SPARSITY, 2), torch.ones(2), 3, 1, **{wrong: 0})


def test_importances_of_other_instances_are_refused() -> None:
    with pytest.raises(ValueError, match=r"expected importances of shape \(2,\) or \(3, 2\), got \(4, 2\)"):
        train(independent_features(SPARSITY, 2), torch.ones(4, 2), 3, 1)


def test_the_best_of_each_group_is_kept() -> None:
    models = ToyModels(torch.arange(4.0).view(4, 1, 1), torch.zeros(4, 1), torch.tensor([2.0, 1.0, 3.0, 4.0]))
    assert best_of(models, 2).W.flatten().tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="expected a multiple of 3 instances, got 4"):
        best_of(models, 3)
