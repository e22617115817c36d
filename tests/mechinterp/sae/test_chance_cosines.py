"""What directions drawn at random recover of true ones."""

import torch

from mechinterp.sae.known_features import known_features
from mechinterp.sae.metrics import chance_cosines, matched_cosine

TRUE = known_features(12, 6, sparsity=0.9).directions


def test_each_set_is_drawn_anew_and_the_same_for_a_seed() -> None:
    found = chance_cosines(TRUE, d_sae=12, n=5, seed=3)
    assert found.shape == (5,)
    assert len(found.unique()) == 5
    assert torch.equal(found, chance_cosines(TRUE, d_sae=12, n=5, seed=3))
    assert torch.equal(found[:2], chance_cosines(TRUE, d_sae=12, n=2, seed=3))
    assert not torch.equal(found, chance_cosines(TRUE, d_sae=12, n=5, seed=4))


def test_the_first_is_that_of_the_generators_first_directions() -> None:
    drawn = torch.randn(20, 6, generator=torch.Generator().manual_seed(3))
    assert chance_cosines(TRUE, d_sae=20, n=1, seed=3).item() == matched_cosine(drawn, TRUE)


def test_chance_recovers_more_with_more_directions_to_choose_from_and_never_all() -> None:
    few, many = (chance_cosines(TRUE, d_sae, n=5, seed=0).mean() for d_sae in (12, 200))
    assert 0.2 < few < many < 0.95
