import pytest
import torch

from mechinterp.sae.architectures import TopK
from mechinterp.sae.known_features import KnownFeatures, known_features
from mechinterp.sae.metrics import matched_cosine


def test_vectors_are_the_sums_of_their_features() -> None:
    source = KnownFeatures(torch.tensor([[3.0, 4.0], [0.0, 1.0], [1.0, 0.0]]) / 5, sparsity=0.5, size=50)
    vectors, values = source.batch_with_truth(2)
    for vector, (a, b, c) in zip(vectors.tolist(), values.tolist(), strict=True):
        assert vector == pytest.approx([(3 * a + c) / 5, (4 * a + b) / 5], abs=1e-6)


def test_features_are_there_as_often_and_as_much_as_said() -> None:
    _, values = known_features(30, 10, sparsity=0.9, size=20_000).batch_with_truth(0)
    present = values[values > 0]
    assert len(present) / values.numel() == pytest.approx(0.1, abs=0.002)
    assert present.mean().item() == pytest.approx(0.5, abs=0.01)
    assert present.var().item() == pytest.approx(1 / 12, abs=0.003)
    assert present.max() <= 1


def test_directions_have_length_one_and_differ_by_seed() -> None:
    directions = known_features(30, 10, 0.9).directions
    torch.testing.assert_close(directions.norm(dim=-1), torch.ones(30))
    assert not torch.equal(directions, known_features(30, 10, 0.9, seed=1).directions)


def test_an_sae_of_the_same_seed_does_not_begin_at_the_truth() -> None:
    begun = TopK(k=2).initial(10, 30, torch.Generator().manual_seed(0))
    assert matched_cosine(begun["W_dec"], known_features(30, 10, 0.9, seed=0).directions) < 0.8


def test_a_step_has_always_the_same_batch_and_another_step_another() -> None:
    source = known_features(30, 10, 0.9, size=20)
    assert torch.equal(source.batch(3), source.batch(3))
    assert torch.equal(source.batch(3), source.batch_with_truth(3)[0])
    assert not torch.equal(source.batch(3), source.batch(4))


def test_too_few_features_and_what_is_no_sparsity_are_refused() -> None:
    with pytest.raises(ValueError, match="more features than the 10 dimensions, got 10"):
        known_features(10, 10, 0.9)
    for sparsity in (-0.1, 1.0):
        with pytest.raises(ValueError, match=f"sparsity of at least 0 and below 1, got {sparsity}"):
            known_features(30, 10, sparsity)
