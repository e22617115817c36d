from collections.abc import Callable

import pytest
import torch

from mechinterp.superposition.samplers import (
    Sampler,
    anticorrelated_pairs,
    correlated_pairs,
    independent_features,
)

SPARSITY = torch.tensor([0.0, 0.5, 0.9])
SAMPLERS = [independent_features, correlated_pairs, anticorrelated_pairs]


def generator() -> torch.Generator:
    return torch.Generator().manual_seed(0)


def test_features_are_absent_as_often_as_said_and_uniform_otherwise() -> None:
    x = independent_features(SPARSITY, 4)(50_000, generator())
    assert x.shape == (3, 4, 50_000)
    torch.testing.assert_close((x == 0).float().mean((1, 2)), SPARSITY, atol=0.01, rtol=0)
    for instance in x:
        present = instance[instance > 0]
        torch.testing.assert_close(
            present.quantile(torch.tensor([0.1, 0.5, 0.9])), torch.tensor([0.1, 0.5, 0.9]), atol=0.02, rtol=0
        )
        assert present.max() <= 1
    assert x.min() >= 0


def test_independent_features_are_independent() -> None:
    x = independent_features(torch.tensor([0.5]), 3)(50_000, generator())[0]
    torch.testing.assert_close(torch.corrcoef(x), torch.eye(3), atol=0.02, rtol=0)
    torch.testing.assert_close(torch.corrcoef((x > 0).float()), torch.eye(3), atol=0.02, rtol=0)


def test_correlated_features_come_and_go_together() -> None:
    x = correlated_pairs(SPARSITY, 2)(20_000, generator())
    assert torch.equal(x[:, 0] > 0, x[:, 1] > 0)
    both = ((x[1, 0] > 0) & (x[1, 2] > 0)).float().mean()
    assert abs(both - 0.25) < 0.02  # the pairs are independent
    torch.testing.assert_close((x == 0).float().mean((1, 2)), SPARSITY, atol=0.02, rtol=0)
    values = x[0, :2]
    assert abs(torch.corrcoef(values)[0, 1]) < 0.03  # and the values of a pair too


def test_anticorrelated_features_exclude_each_other() -> None:
    single = torch.tensor([0.5, 0.9])
    x = anticorrelated_pairs(1 - 2 * (1 - single), 2)(20_000, generator())
    assert not ((x[:, 0] > 0) & (x[:, 1] > 0)).any()
    for feature in range(4):  # the first of a pair is there as often as the second
        torch.testing.assert_close((x[:, feature] == 0).float().mean(1), single, atol=0.02, rtol=0)
    present = x[x > 0]
    assert abs(present.mean() - 0.5) < 0.01
    assert abs(present.var() - 1 / 12) < 0.005


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_with_sparsity_one_nothing_is_present(sampler: Callable[..., Sampler]) -> None:
    assert not sampler(torch.ones(2), 3)(100, generator()).any()


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize("wrong", [-0.1, 1.5, float("nan")])
def test_what_is_no_probability_is_refused(sampler: Callable[..., Sampler], wrong: float) -> None:
    with pytest.raises(ValueError, match=r"expected sparsities between 0 and 1, got \[0.5, "):
        sampler(torch.tensor([0.5, wrong]), 2)
