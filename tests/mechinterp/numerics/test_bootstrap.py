import numpy as np
import pytest
import torch

from mechinterp.numerics.bootstrap import bootstrap_interval


def normal(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("confidence", [0.95, 0.5])
def test_a_plain_loop_in_numpy_finds_the_same_ends(confidence: float) -> None:
    values = normal(12).exp()  # lopsided, so that the two tails cannot be confused
    sample, draw = values.numpy(), np.random.default_rng(1)
    means = [draw.choice(sample, size=12, replace=True).mean() for _ in range(8000)]
    expected = np.quantile(means, [(1 - confidence) / 2, (1 + confidence) / 2])
    found = [end.item() for end in bootstrap_interval(values, confidence, n=8000)]
    # Several times what 8000 draws leave to chance, and far less than the ends differ from each other.
    assert found == pytest.approx(expected, abs=0.15 * float(np.std(means)))


@pytest.mark.parametrize(("confidence", "least", "most"), [(0.95, 0.9, 0.985), (0.8, 0.72, 0.87)])
def test_it_covers_the_mean_as_often_as_said(confidence: float, least: float, most: float) -> None:
    covered = 0
    for seed in range(200):
        low, high = bootstrap_interval(normal(50, seed=seed), confidence, n=200, seed=seed)
        covered += bool(low <= 0 <= high)
    assert least <= covered / 200 <= most


def test_it_is_the_same_for_the_same_seed() -> None:
    values = normal(20)
    assert bootstrap_interval(values, seed=3) == bootstrap_interval(values, seed=3)
    assert bootstrap_interval(values, seed=3) != bootstrap_interval(values, seed=4)


def test_each_measure_has_the_interval_that_it_has_alone() -> None:
    values = normal(30, 2, 3)
    low, high = bootstrap_interval(values)
    assert low.shape == high.shape == (2, 3)
    for i in range(2):
        for j in range(3):
            alone = bootstrap_interval(values[:, i, j])
            assert (low[i, j].item(), high[i, j].item()) == pytest.approx([end.item() for end in alone])


def test_the_same_prompts_are_drawn_for_all_measures() -> None:
    values = normal(30)
    low, high = bootstrap_interval(torch.stack((values, -values), dim=1))
    torch.testing.assert_close(low, -high.flip(0))


def test_four_times_as_sure_takes_sixteen_times_as_many_prompts() -> None:
    few, many = (bootstrap_interval(normal(size), n=2000) for size in (100, 1600))
    assert (few[1] - few[0]) / (many[1] - many[0]) == pytest.approx(4, rel=0.2)


def test_what_never_varies_is_sure() -> None:
    low, high = bootstrap_interval(torch.full((10,), 0.25))
    assert low == high == 0.25
