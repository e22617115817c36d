import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.logits.sampling import greedy, nucleus, top_k

ROUNDING = 1e-5
DISTRIBUTION = torch.tensor([0.1, 0.4, 0.2, 0.3])


def normalized(weights: list[int]) -> Tensor:
    probabilities = torch.tensor(weights, dtype=torch.float32)
    return probabilities / probabilities.sum()


# Ties and zeros occur in them.
distributions = st.lists(st.integers(0, 50), min_size=2, max_size=12).filter(any).map(normalized)
positive = st.lists(st.integers(1, 50), min_size=2, max_size=12).map(normalized)
masses = st.floats(0.01, 1)


def test_the_greedy_choice_is_the_most_probable_token() -> None:
    assert greedy(DISTRIBUTION).tolist() == [0, 1, 0, 0]


def test_the_greedy_choice_between_equals_is_one_of_them() -> None:
    assert sorted(greedy(torch.full((4,), 0.25)).tolist()) == [0, 0, 0, 1]


def test_top_k_by_hand() -> None:
    torch.testing.assert_close(top_k(DISTRIBUTION, 2), torch.tensor([0, 4 / 7, 0, 3 / 7]))
    torch.testing.assert_close(top_k(DISTRIBUTION, 4), DISTRIBUTION)


@pytest.mark.parametrize(
    ("p", "kept"),
    [(0.05, [1]), (0.39, [1]), (0.41, [1, 3]), (0.69, [1, 3]), (0.71, [1, 2, 3]), (0.95, [0, 1, 2, 3])],
)
def test_the_nucleus_by_hand(p: float, kept: list[int]) -> None:
    assert nucleus(DISTRIBUTION, p).nonzero().flatten().tolist() == kept


def test_a_mass_that_is_reached_exactly_is_enough() -> None:
    # Powers of two, which add up without rounding.
    probabilities = torch.tensor([0.25, 0.5, 0.125, 0.125])
    torch.testing.assert_close(nucleus(probabilities, 0.75), torch.tensor([1 / 3, 2 / 3, 0, 0]))


def test_each_row_is_cut_by_itself() -> None:
    rows = torch.stack((DISTRIBUTION, torch.tensor([0.97, 0.01, 0.01, 0.01]))).view(1, 2, 4)
    assert (nucleus(rows, 0.8) > 0).sum(-1).tolist() == [[3, 1]]
    for row in range(2):
        torch.testing.assert_close(nucleus(rows, 0.8)[0, row], nucleus(rows[0, row], 0.8))
        torch.testing.assert_close(top_k(rows, 3)[0, row], top_k(rows[0, row], 3))


@settings(max_examples=60, deadline=None)
@given(distributions, st.data())
def test_what_is_kept_sums_to_one_and_keeps_its_ratios(probabilities: Tensor, data: st.DataObject) -> None:
    for left in (
        greedy(probabilities),
        top_k(probabilities, data.draw(st.integers(1, len(probabilities)))),
        nucleus(probabilities, data.draw(masses)),
    ):
        assert left.sum().item() == pytest.approx(1, abs=ROUNDING)
        kept = left > 0
        factor = 1 / probabilities[kept].sum()
        torch.testing.assert_close(left[kept], probabilities[kept] * factor)


@settings(max_examples=60, deadline=None)
@given(distributions, masses)
def test_the_nucleus_is_enough_and_less_would_not_be(probabilities: Tensor, p: float) -> None:
    kept = nucleus(probabilities, p) > 0
    mass = probabilities[kept].sum()
    assert mass >= p - ROUNDING
    assert mass - probabilities[kept].min() < p + ROUNDING
    assert (probabilities[~kept] <= probabilities[kept].min()).all()


@settings(max_examples=60, deadline=None)
@given(positive, st.data())
def test_top_k_keeps_k_tokens_and_none_less_probable_than_one_it_drops(
    probabilities: Tensor, data: st.DataObject
) -> None:
    k = data.draw(st.integers(1, len(probabilities)))
    kept = top_k(probabilities, k) > 0
    assert kept.sum() == k
    assert (probabilities[~kept] <= probabilities[kept].min()).all()


@pytest.mark.parametrize("k", [0, -1, 5])
def test_a_k_out_of_range_is_refused(k: int) -> None:
    with pytest.raises(ValueError, match=f"expected k from 1 to 4, got {k}"):
        top_k(DISTRIBUTION, k)


@pytest.mark.parametrize("p", [0.0, -0.5, 1.5])
def test_a_mass_out_of_range_is_refused(p: float) -> None:
    with pytest.raises(ValueError, match=f"expected p above 0 and at most 1, got {p}"):
        nucleus(DISTRIBUTION, p)


@pytest.mark.heavy
@pytest.mark.filterwarnings("default")
def test_transformers_cuts_alike() -> None:
    from transformers import TopKLogitsWarper, TopPLogitsWarper

    logits = 3 * torch.randn(50, 40, generator=torch.Generator().manual_seed(0))
    none_yet = torch.zeros(50, 0, dtype=torch.long)
    for k in (1, 5, 40):
        theirs = TopKLogitsWarper(top_k=k)(none_yet, logits).softmax(-1)
        torch.testing.assert_close(top_k(logits.softmax(-1), k), theirs)
    for p in (0.1, 0.5, 0.9, 0.99):
        theirs = TopPLogitsWarper(top_p=p)(none_yet, logits).softmax(-1)
        torch.testing.assert_close(nucleus(logits.softmax(-1), p), theirs)
