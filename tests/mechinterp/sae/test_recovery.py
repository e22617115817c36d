"""SAEs find the features that vectors were made of."""

from __future__ import annotations

import pytest
import torch

from mechinterp.sae.architectures import L1, Architecture, BatchTopK, Gated, JumpReLU, TopK
from mechinterp.sae.known_features import known_features
from mechinterp.sae.metrics import fvu, l0, matched_cosine, mmcs
from mechinterp.sae.training import Settings, train

SOURCE = known_features(40, 20, sparsity=0.95, size=256)  # two of the forty are there on average
SETTINGS = Settings(d_sae=60, steps=800, rate=1e-2, dead_after=80)
ALL: tuple[Architecture, ...] = (
    L1(coefficient=2.0),
    Gated(coefficient=2.5),
    JumpReLU(coefficient=1.0),
    TopK(k=2),
    BatchTopK(k=2),
)


@pytest.mark.heavy
@pytest.mark.parametrize("architecture", ALL, ids=lambda a: type(a).__name__)
def test_a_trained_sae_recovers_the_true_features(architecture: Architecture) -> None:
    sae = train(architecture, SETTINGS, SOURCE)
    assert matched_cosine(sae.W_dec, SOURCE.directions) > 0.9
    assert mmcs(sae.W_dec, SOURCE.directions) > 0.9
    x = SOURCE.batch(10**6)
    f = sae.encode(x)
    assert fvu(x, sae.decode(f)) < 0.2
    assert 1 < l0(f) < 4


@pytest.mark.parametrize("seed", range(3))
def test_directions_that_are_not_trained_do_not(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    assert matched_cosine(TopK(k=2).initial(20, 60, draw)["W_dec"], SOURCE.directions) < 0.6
    assert matched_cosine(torch.randn(60, 20, generator=draw), SOURCE.directions) < 0.6


@pytest.mark.heavy
def test_vectors_whose_features_are_not_sparse_hide_them() -> None:
    """Dense features are no more than a cloud: what recovers the sparse ones has to fail here."""
    dense = known_features(40, 20, sparsity=0.0, size=256)
    sae = train(TopK(k=2), Settings(d_sae=60, steps=300, rate=1e-2), dense)
    assert matched_cosine(sae.W_dec, dense.directions) < 0.6
