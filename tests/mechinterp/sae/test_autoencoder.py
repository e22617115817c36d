"""Every kind of SAE, worked out by hand with small whole numbers."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.sae.autoencoder import SAE, GatedSAE, JumpReLUSAE, StandardSAE, TopKSAE
from tests.mechinterp.sae.random_saes import KINDS, random_sae


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


# x − b_dec is (2, 1) and (−1, 2); times W_enc that is (2, 2, −1) and (−1, 4, 3); and pre, with b_enc:
X = rows([3, 2], [0, 3])
PRE = rows([2, 1, 0], [-1, 3, 4])
SHARED = {
    "W_enc": rows([1, 0, -1], [0, 2, 1]),
    "b_enc": torch.tensor([0.0, -1.0, 1.0]),
    "W_dec": rows([1, 0], [0, 1], [1, 1]),
    "b_dec": torch.tensor([1.0, 1.0]),
}


def check(sae: SAE, f: Tensor, x_hat: Tensor) -> None:
    torch.testing.assert_close(sae.pre(X), PRE)
    torch.testing.assert_close(sae.encode(X), f)
    torch.testing.assert_close(sae.decode(f), x_hat)
    torch.testing.assert_close(sae.reconstruct(X), x_hat)


def test_standard() -> None:
    check(StandardSAE(**SHARED), f=rows([2, 1, 0], [0, 3, 4]), x_hat=rows([3, 2], [5, 8]))


def test_topk() -> None:
    check(TopKSAE(**SHARED, k=1), f=rows([2, 0, 0], [0, 0, 4]), x_hat=rows([3, 1], [5, 5]))
    check(TopKSAE(**SHARED, k=3), f=rows([2, 1, 0], [0, 3, 4]), x_hat=rows([3, 2], [5, 8]))  # none below 0


def test_jumprelu_fires_above_its_threshold_alone_and_never_below_zero() -> None:
    sae = JumpReLUSAE(**SHARED, threshold=torch.tensor([2.0, 0.5, 3.5]))
    check(sae, f=rows([0, 1, 0], [0, 3, 4]), x_hat=rows([1, 2], [5, 8]))
    below_zero = JumpReLUSAE(**SHARED, threshold=torch.tensor([-2.0, 3.0, 3.5]))
    check(below_zero, f=rows([2, 0, 0], [0, 0, 4]), x_hat=rows([3, 1], [5, 5]))


def test_gated_reads_whether_and_how_much_apart() -> None:
    sae = GatedSAE(**SHARED, r_mag=torch.tensor([1.0, 2.0, 3.0]).log(), b_mag=torch.tensor([0.0, 1.0, -1.0]))
    check(sae, f=rows([2, 5, 0], [0, 9, 8]), x_hat=rows([3, 6], [9, 18]))
    negative = GatedSAE(**SHARED, r_mag=torch.zeros(3), b_mag=torch.tensor([-5.0, 0.0, 0.0]))
    check(negative, f=rows([0, 2, 0], [0, 4, 3]), x_hat=rows([1, 3], [4, 8]))  # open, and yet nothing


def test_gated_magnitudes_are_a_product_of_their_own() -> None:
    sae, x = random_sae("gated"), torch.randn(20, 6, generator=torch.Generator().manual_seed(3))
    assert isinstance(sae, GatedSAE)
    read = (x - sae.b_dec) @ sae.W_enc
    f = ((x - sae.b_dec) @ (sae.W_enc * sae.r_mag.exp()) + sae.b_mag).relu() * (read + sae.b_enc > 0)
    torch.testing.assert_close(sae.encode(x), f)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_of_texts_are_read_as_those_of_a_list(kind: str) -> None:
    sae, x = random_sae(kind), torch.randn(2, 3, 6, generator=torch.Generator().manual_seed(4))
    assert torch.equal(sae.encode(x).flatten(0, 1), sae.encode(x.flatten(0, 1)))
    assert torch.equal(sae.reconstruct(x).flatten(0, 1), sae.reconstruct(x.flatten(0, 1)))
    torch.testing.assert_close(sae.encode(x[0, 0]), sae.encode(x)[0, 0])


@given(seed=st.integers(0, 1000), k=st.integers(1, 15))
def test_of_topk_the_largest_fire_and_at_most_k(seed: int, k: int) -> None:
    base = random_sae("topk", seed=seed)
    sae = TopKSAE(base.W_enc, base.b_enc, base.W_dec, base.b_dec, k=k)
    x = torch.randn(9, 6, generator=torch.Generator().manual_seed(seed))
    for f, pre in zip(sae.encode(x).tolist(), sae.pre(x).tolist(), strict=True):
        largest = sorted(pre, reverse=True)[:k]
        assert sorted(value for value in f if value) == sorted(value for value in largest if value > 0)


def test_vectors_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="expected vectors of width 2, got 3"):
        StandardSAE(**SHARED).encode(torch.ones(4, 3))
