"""Each number of an SAE, on samples so small that it is known."""

from __future__ import annotations

import itertools

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.model.transformer import Transformer
from mechinterp.sae.autoencoder import StandardSAE
from mechinterp.sae.metrics import (
    SplicedLoss,
    cross_entropy,
    dead_share,
    density,
    density_histogram,
    explained_variance,
    fvu,
    l0,
    matched_cosine,
    matching,
    mmcs,
    spliced_loss,
)
from tests.mechinterp.random_models import random_transformer

HOOKS = ("blocks.1.hook_resid_post", "blocks.1.attn.hook_z", "blocks.0.mlp.hook_post")


def rows(*values: list[float]) -> Tensor:
    return torch.tensor(values, dtype=torch.float32)


def test_l0_counts_what_fires_whatever_it_is() -> None:
    assert l0(rows([1, 0, 2], [0, 0, 0.01])) == 1.5
    assert l0(torch.ones(2, 5, 3)) == 3


def test_fvu_is_the_error_over_the_total_variance() -> None:
    x = 5 + rows([1, 0], [-1, 0], [0, 2], [0, -2])  # variance 1 + 1 + 4 + 4
    assert fvu(x, x) == 0
    assert fvu(x, x + rows([1, 0], [0, 0], [0, 0], [0, 2])) == pytest.approx(0.5)
    assert fvu(x, torch.full((4, 2), 5.0)) == 1
    assert fvu(x, torch.zeros(4, 2)) == pytest.approx(1 + 4 * 50 / 10)
    assert explained_variance(x, x + rows([1, 0], [0, 0], [0, 0], [0, 0])) == pytest.approx(0.9)


def test_a_dimension_counts_for_as_much_as_it_varies() -> None:
    x = rows([1, 0], [-1, 0], [0, 3], [0, -3])
    only_first, only_second = x * torch.tensor([1.0, 0.0]), x * torch.tensor([0.0, 1.0])
    assert fvu(x, only_first) == pytest.approx(0.9)  # an average over dimensions would say 1/2
    assert fvu(x, only_second) == pytest.approx(0.1)


def test_fvu_refuses_what_does_not_vary_and_other_shapes() -> None:
    with pytest.raises(ValueError, match="no variance"):
        fvu(torch.ones(3, 2), torch.ones(3, 2))
    with pytest.raises(ValueError, match=r"expected x̂ of the shape of x, \(3, 2\), got \(1, 2\)"):
        fvu(torch.ones(3, 2), torch.ones(1, 2))


def test_density_and_the_share_of_the_dead() -> None:
    f = rows([1, 0, 0, 2], [1, 0, 3, 0], [1, 0, 0, 0], [1, 0, 0, 0])
    assert density(f).tolist() == [1, 0, 0.25, 0.25]
    assert density(f.view(2, 2, 4)).tolist() == [1, 0, 0.25, 0.25]
    assert dead_share(density(f)) == 0.25


def test_the_histogram_is_over_the_logarithm_and_leaves_the_dead_out() -> None:
    found = torch.tensor([0, 1e-4, 0.001, 0.005, 0.01, 0.1, 1, 1], dtype=torch.float64)
    edges = torch.tensor([-3.0, -2.0, -1.0, 0.0])
    assert density_histogram(found, edges).tolist() == [2, 1, 3]


def vectors_of(seed: int, transformer: Transformer, hook: str) -> tuple[Tensor, Tensor]:
    tokens = torch.randint(0, 20, (5, 7), generator=torch.Generator().manual_seed(seed))
    return tokens, transformer.cache(tokens, [hook])[hook].flatten(2)


def telling(width: int, share: float = 1.0, always: Tensor | None = None) -> StandardSAE:
    """An SAE with a feature for each dimension and each sign, of which x̂ = share · x + always."""
    eye = torch.eye(width, dtype=torch.float64)
    W_enc = torch.cat((eye, -eye), dim=1)
    b_dec = torch.zeros(width, dtype=torch.float64) if always is None else always
    return StandardSAE(W_enc, b_dec @ W_enc, share * W_enc.T, b_dec)


def loss_by_hand(transformer: Transformer, tokens: Tensor, hook: str, share: float, always: Tensor) -> float:
    """The loss of a plain loop over positions, which change one at a time."""

    def change(x: Tensor) -> Tensor:
        x = x.clone()
        for row, position in itertools.product(range(x.shape[0]), range(1, x.shape[1])):
            x[row, position] = share * x[row, position] + always.view_as(x[row, position])
        return x

    log_probs = transformer.run_with_hooks(tokens, {hook: change}).log_softmax(-1)
    pairs = itertools.product(range(tokens.shape[0]), range(tokens.shape[1] - 1))
    losses = [-log_probs[row, p, tokens[row, p + 1]].item() for row, p in pairs]
    return sum(losses) / len(losses)


@pytest.mark.parametrize("hook", HOOKS)
def test_a_spliced_loss_is_that_of_a_plain_loop(hook: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("mechinterp.sae.metrics.AT_ONCE", 2)
    transformer = random_transformer()
    tokens, x = vectors_of(0, transformer, hook)
    width = x.shape[-1]
    always, mean = torch.arange(width, dtype=torch.float64) / 10, x[:, 1:].mean((0, 1))
    found = spliced_loss(transformer, tokens, hook, telling(width, 0.5, always))
    nothing = torch.zeros(width, dtype=torch.float64)
    assert found.clean == pytest.approx(loss_by_hand(transformer, tokens, hook, 1, nothing))
    assert found.reconstructed == pytest.approx(loss_by_hand(transformer, tokens, hook, 0.5, always))
    assert found.zero == pytest.approx(loss_by_hand(transformer, tokens, hook, 0, nothing))
    assert found.mean == pytest.approx(loss_by_hand(transformer, tokens, hook, 0, mean))
    assert len({found.clean, found.reconstructed, found.zero, found.mean}) == 4


def test_an_sae_that_tells_all_recovers_all_and_one_that_tells_an_end_nothing() -> None:
    transformer, hook = random_transformer(seed=1), "blocks.1.attn.hook_z"
    tokens, x = vectors_of(1, transformer, hook)
    width, mean = x.shape[-1], x[:, 1:].mean((0, 1))
    whole = spliced_loss(transformer, tokens, hook, telling(width))
    assert whole.reconstructed == pytest.approx(whole.clean, abs=1e-12)
    zeros = spliced_loss(transformer, tokens, hook, telling(width, 0))
    assert zeros.reconstructed == pytest.approx(zeros.zero, abs=1e-12)
    same = spliced_loss(transformer, tokens, hook, telling(width, 0, mean))
    assert same.reconstructed == pytest.approx(same.mean, abs=1e-12)


def test_the_shares_recovered() -> None:
    loss = SplicedLoss(clean=1.0, reconstructed=2.0, zero=5.0, mean=3.0)
    assert loss.recovered_from_zero == 0.75
    assert loss.recovered_from_mean == 0.5
    assert SplicedLoss(1.0, 7.0, 5.0, 3.0).recovered_from_zero == -0.5  # one can do worse than nothing
    with pytest.raises(ValueError, match=r"expected the mean to raise the loss above 1\.0000, got 0\.9000"):
        _ = SplicedLoss(1.0, 2.0, 5.0, 0.9).recovered_from_mean
    with pytest.raises(ValueError, match="expected zeros to raise the loss"):
        _ = SplicedLoss(1.0, 2.0, 1.0, 3.0).recovered_from_zero


def test_splicing_refuses_other_widths_and_hook_points_that_are_not_there() -> None:
    transformer = random_transformer()
    tokens, _ = vectors_of(0, transformer, HOOKS[0])
    with pytest.raises(ValueError, match=r"expected an SAE of width 16 for blocks.1.hook_resid_post, got 3"):
        spliced_loss(transformer, tokens, HOOKS[0], telling(3))
    with pytest.raises(ValueError, match=r"no hook point blocks\.9\.hook_mlp_out"):
        spliced_loss(transformer, tokens, "blocks.9.hook_mlp_out", telling(16))


def test_the_cross_entropy_of_a_model_that_knows_nothing_is_that_of_guessing() -> None:
    transformer = random_transformer()
    transformer.W_U.zero_()
    transformer.b_U.zero_()
    assert cross_entropy(transformer, torch.randint(0, 20, (3, 6))) == pytest.approx(torch.tensor(20.0).log())


def test_directions_are_matched_one_to_one() -> None:
    true = torch.eye(2)
    both_one = rows([1, 0], [0.8, 0.6])  # the second is nearer to the first axis, but that is taken
    assert matched_cosine(both_one, true) == pytest.approx((1 + 0.6) / 2)
    assert mmcs(both_one, true) == pytest.approx((1 + 0.6) / 2)
    alike = rows([1, 0], [1, 0])
    assert matched_cosine(alike, true) == pytest.approx(0.5)
    opposite = rows([1, 0], [0, -1])
    assert matched_cosine(opposite, true) == pytest.approx(0)
    assert mmcs(opposite, true) == pytest.approx((1 + 0) / 2)


def test_a_matching_tells_which_feature_stands_for_which_direction() -> None:
    true = rows([2, 0, 0], [0, 1, 0], [0, 0, 3])
    found = matching(rows([0, 0, 1], [1, 0, 0], [0.6, 0.8, 0], [0, 0.5, 0]), true)
    assert found.feature.tolist() == [1, 3, 0]
    assert found.cosine.tolist() == pytest.approx([1, 1, 1])
    # The first feature is the nearest to the first direction, which does with the second for the sum's sake.
    found = matching(rows([0.8, 0.6, 0], [0.6, -0.8, 0], [0, 0, 1]), true)
    assert found.feature.tolist() == [1, 0, 2]
    assert found.cosine.tolist() == pytest.approx([0.6, 0.6, 1])


def test_directions_that_no_feature_is_left_for_have_none() -> None:
    found = matching(rows([0, 0, 2], [0, 0.6, 0.8]), torch.eye(3))
    assert found.feature.tolist() == [-1, 1, 0]
    assert found.cosine.tolist() == pytest.approx([0, 0.6, 1])


def test_one_feature_may_stand_for_several_in_mmcs_alone() -> None:
    true = rows([1, 0], [0.8, 0.6])
    found = rows([1, 0], [-1, 0])
    assert mmcs(found, true) == pytest.approx((1 + 0.8) / 2)
    assert matched_cosine(found, true) == pytest.approx((1 - 0.8) / 2)


def test_true_directions_without_a_partner_count_as_zero() -> None:
    assert matched_cosine(rows([1, 0, 0]), torch.eye(3)) == pytest.approx(1 / 3)


@given(seed=st.integers(0, 1000))
def test_the_matching_is_the_best_of_all(seed: int) -> None:
    draw = torch.Generator().manual_seed(seed)
    true, found = torch.randn(4, 3, generator=draw), torch.randn(5, 3, generator=draw)
    cosine = torch.cosine_similarity(true[:, None], found[None], dim=-1)
    best = max(sum(cosine[i, m[i]].item() for i in range(4)) for m in itertools.permutations(range(5), 4))
    assert matched_cosine(found, true) == pytest.approx(best / 4, abs=1e-5)
    assert mmcs(found, true) == pytest.approx(cosine.amax(1).mean().item(), abs=1e-5)


@given(order=st.permutations(range(6)), seed=st.integers(0, 1000))
def test_recovery_knows_neither_order_nor_length(order: list[int], seed: int) -> None:
    true = torch.randn(6, 4, generator=torch.Generator().manual_seed(seed))
    lengths = torch.arange(1.0, 7.0)[:, None]
    assert matched_cosine(lengths * true[order], true) == pytest.approx(1)


def test_directions_of_another_width_are_refused() -> None:
    with pytest.raises(ValueError, match="expected directions of width 3, got 2"):
        matched_cosine(torch.eye(2), torch.eye(3))
