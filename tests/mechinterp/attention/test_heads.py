from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from mechinterp.attention.heads import (
    Head,
    all_heads,
    current_token_score,
    duplicate_token_score,
    first_token_score,
    induction_score,
    of_head,
    of_others,
    pattern_names,
    patterns,
    previous_token_score,
    ranked,
    sharing,
    strongest,
)
from mechinterp.model.transformer import Config
from mechinterp.training.parameters import initial_parameters, transformer_of

PERIOD = 4
LENGTH = 1 + 2 * PERIOD  # a token for the beginning, a block, the block again
SCORES: dict[str, Callable[[Tensor], Tensor]] = {
    "previous": previous_token_score,
    "current": current_token_score,
    "first": first_token_score,
    "duplicate": lambda pattern: duplicate_token_score(pattern, PERIOD),
    "induction": lambda pattern: induction_score(pattern, PERIOD),
}
# Where a head of each kind looks from each position; from positions that are not listed it looks nowhere.
LOOKS: dict[str, dict[int, int]] = {
    "previous": {dest: dest - 1 for dest in range(2, LENGTH)},
    "current": {dest: dest for dest in range(1, LENGTH)},
    "first": dict.fromkeys(range(2, LENGTH), 0),
    "duplicate": {5: 1, 6: 2, 7: 3, 8: 4},
    "induction": {5: 2, 6: 3, 7: 4},
}


def looking(kind: str) -> Tensor:
    pattern = torch.zeros(1, 1, 1, LENGTH, LENGTH)
    for dest, src in LOOKS[kind].items():
        pattern[..., dest, src] = 1
    return pattern


@pytest.mark.parametrize("kind", LOOKS)
def test_a_head_of_one_kind_scores_one_for_it_and_zero_for_the_others(kind: str) -> None:
    scores = {name: score(looking(kind)).item() for name, score in SCORES.items()}
    assert scores == {name: float(name == kind) for name in SCORES}


@pytest.mark.parametrize("kind", LOOKS)
def test_a_score_is_the_mean_over_the_named_queries_and_sees_nothing_else(kind: str) -> None:
    pattern = torch.ones(1, 1, 1, LENGTH, LENGTH, requires_grad=True)
    SCORES[kind](pattern).sum().backward()
    # The score is linear in the attention: its gradient is the weight with which each entry counts.
    torch.testing.assert_close(pattern.grad, looking(kind) / len(LOOKS[kind]))


def test_the_scores_of_attention_spread_over_all_that_is_visible() -> None:
    pattern = torch.ones(LENGTH, LENGTH).tril()
    pattern = (pattern / pattern.sum(-1, keepdim=True))[None, None, None]
    # A query at position d sees d + 1 positions.
    from_third = sum(1 / (d + 1) for d in range(2, 9)) / 7
    expected = {
        "previous": from_third,
        "current": sum(1 / (d + 1) for d in range(1, 9)) / 8,
        "first": from_third,
        "duplicate": (1 / 6 + 1 / 7 + 1 / 8 + 1 / 9) / 4,
        "induction": (1 / 6 + 1 / 7 + 1 / 8) / 3,
    }
    assert {name: score(pattern).item() for name, score in SCORES.items()} == pytest.approx(expected)


def test_prompts_layers_and_heads_are_kept_apart() -> None:
    share = torch.arange(12.0).view(2, 3, 2) / 12
    pattern = share[..., None, None] * looking("induction") + (1 - share[..., None, None]) * looking("first")
    torch.testing.assert_close(induction_score(pattern, PERIOD), share)
    torch.testing.assert_close(first_token_score(pattern), 1 - share)


# Two prompts, two layers, three heads; head 1.0 is the strongest in the mean, though 0.2 is in the first prompt.
SHOWN = torch.tensor([[[0.1, 0.2, 0.9], [0.7, 0.4, 0.0]], [[0.3, 0.2, 0.1], [0.8, 0.0, 0.2]]])


def test_the_strongest_head_is_so_in_the_mean_over_prompts() -> None:
    assert strongest(SHOWN) == Head(1, 0)
    assert strongest(SHOWN[:1]) == Head(0, 2)


def test_the_scores_of_one_head_and_the_means_of_the_others() -> None:
    torch.testing.assert_close(of_head(SHOWN, Head(1, 0)), torch.tensor([0.7, 0.8]))
    torch.testing.assert_close(of_others(SHOWN, Head(1, 0)), torch.tensor([0.2, 0.2, 0.5, 0.2, 0.1]))


def test_patterns_are_stacked_in_the_order_of_layers() -> None:
    assert pattern_names(2) == ["blocks.0.attn.hook_pattern", "blocks.1.attn.hook_pattern"]
    first, second = torch.rand(2, 3, 2, 5, 5, generator=torch.Generator().manual_seed(0))
    stacked = patterns(dict(zip(reversed(pattern_names(2)), (second, first), strict=True)), 2)
    assert stacked.shape == (3, 2, 2, 5, 5)
    assert torch.equal(stacked[:, 0], first)
    assert torch.equal(stacked[:, 1], second)


def test_the_heads_of_a_transformer_are_named_and_ordered_by_layer() -> None:
    config = Config(n_layers=2, n_heads=3, d_model=6, d_head=2, d_mlp=4, d_vocab=5, n_ctx=4)
    heads = all_heads(transformer_of(initial_parameters(config, torch.Generator().manual_seed(0)), config))
    assert [str(head) for head in heads] == ["L0H0", "L0H1", "L0H2", "L1H0", "L1H1", "L1H2"]
    assert heads == sorted(heads)


def test_heads_that_share_a_role_are_told_from_those_without_it() -> None:
    means = SHOWN.mean(0)
    chosen, others = sharing(SHOWN, 0.5)
    assert chosen == [Head(1, 0), Head(0, 2)]
    assert others == pytest.approx(means[means < 0.5].mean().item())
    assert sharing(SHOWN, 0.0)[1] == 0
    assert sharing(SHOWN, 2.0)[0] == []


def test_heads_are_ranked_by_the_size_of_their_mean_and_the_rest_is_averaged() -> None:
    scores = torch.tensor([[[1.0, -3.0], [0.5, 0.0]], [[1.0, -5.0], [0.5, 0.0]]])
    found, rest = ranked(scores, 2)
    assert list(found) == ["L0H1", "L0H0"]
    assert found["L0H1"].tolist() == pytest.approx([-4, -5, -3])  # both prompts may be drawn twice
    assert found["L0H0"].tolist() == [1, 1, 1]
    assert rest == 0.25
    assert ranked(scores, 4)[1] == 0
