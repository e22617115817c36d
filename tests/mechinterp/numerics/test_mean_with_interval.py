import torch

from mechinterp.numerics.bootstrap import bootstrap_interval, mean_with_interval


def test_the_mean_stands_above_the_ends_of_its_interval() -> None:
    values = torch.randn(40, 2, 3, generator=torch.Generator().manual_seed(0))
    mean, low, high = mean_with_interval(values)
    assert torch.equal(mean, values.mean(0))
    for end, expected in zip((low, high), bootstrap_interval(values), strict=True):
        assert torch.equal(end, expected)
    assert (low < mean).all()
    assert (mean < high).all()


def test_of_one_measure_three_numbers_are_left() -> None:
    assert mean_with_interval(torch.full((5,), 2.0)).tolist() == [2.0, 2.0, 2.0]


def test_confidence_draws_and_seed_are_handed_on() -> None:
    values = torch.randn(40, generator=torch.Generator().manual_seed(0))
    found = mean_with_interval(values, confidence=0.5, n=10, seed=3)
    assert torch.equal(found[1:], torch.stack(bootstrap_interval(values, 0.5, 10, 3)))
    assert not torch.equal(found, mean_with_interval(values))
