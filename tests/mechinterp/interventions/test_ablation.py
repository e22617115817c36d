"""What is left of a run without some heads or MLPs, and what they write instead."""

import pytest
import torch

from mechinterp.attention.heads import Head
from mechinterp.interventions.ablation import Ablation, instead_of, mean_over, run_without
from mechinterp.interventions.paths import MLP
from tests.mechinterp.random_models import random_transformer

TOKENS = torch.randint(0, 20, (5, 6), generator=torch.Generator().manual_seed(0))
Z, OUT = "blocks.1.attn.hook_z", "blocks.2.hook_mlp_out"


def test_without_nothing_removed_it_is_the_run_itself() -> None:
    transformer = random_transformer()
    logits, cache = run_without(transformer, TOKENS, [], {})
    assert torch.equal(logits, transformer(TOKENS))
    assert torch.equal(
        cache["blocks.2.hook_resid_post"], transformer.cache(TOKENS)["blocks.2.hook_resid_post"]
    )


@pytest.mark.parametrize("name", [Z, OUT])
def test_zero_means_and_another_prompt_s_value_are_what_they_are_called(name: str) -> None:
    transformer = random_transformer()
    own = transformer.cache(TOKENS)[name]
    zero, mean, position, resampled = (instead_of(transformer, TOKENS, how)[name] for how in Ablation)
    assert zero.shape == own.shape
    assert not zero.any()
    torch.testing.assert_close(mean, own.mean((0, 1)).expand_as(own))
    torch.testing.assert_close(position, own.mean(0).expand_as(own))
    sources = [next(i for i in range(5) if torch.equal(resampled[row], own[i])) for row in range(5)]
    assert sorted(sources) == list(range(5))
    assert all(row != source for row, source in enumerate(sources))


def test_another_seed_resamples_otherwise_and_the_same_one_the_same() -> None:
    transformer = random_transformer()
    first, again, other = (instead_of(transformer, TOKENS, Ablation.RESAMPLE, seed)[Z] for seed in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@pytest.mark.parametrize("name", [Z, OUT])
def test_a_mean_over_versions_is_taken_for_each_prompt_at_each_position(name: str) -> None:
    transformer = random_transformer()
    versions = torch.stack([TOKENS, TOKENS.roll(1, 0), TOKENS.flip(1)])
    found = mean_over(transformer, versions)[name]
    for prompt, pos in ((0, 0), (3, 4)):
        each = [transformer.cache(tokens[prompt : prompt + 1])[name][0, pos] for tokens in versions]
        torch.testing.assert_close(found[prompt, pos], sum(each) / 3)


def test_what_is_removed_writes_something_else_and_all_others_what_they_then_write() -> None:
    transformer = random_transformer()
    removed = [Head(1, 2), Head(1, 0), MLP(2), Head(0, 3)]
    instead = instead_of(transformer, TOKENS, Ablation.RESAMPLE)
    logits, cache = run_without(transformer, TOKENS, removed, instead)

    def some(name: str, heads: list[int]) -> torch.Tensor:
        own = transformer.cache(TOKENS)[name] if name.startswith("blocks.0") else cache[name]
        z = own.clone()
        z[:, :, heads] = instead[name][:, :, heads]
        return z

    by_hooks = transformer.run_with_hooks(
        TOKENS,
        {
            "blocks.0.attn.hook_z": lambda _: some("blocks.0.attn.hook_z", [3]),
            Z: lambda z: torch.stack(
                [instead[Z][:, :, h] if h in (0, 2) else z[:, :, h] for h in range(4)], 2
            ),
            OUT: lambda _: instead[OUT],
        },
    )
    torch.testing.assert_close(logits, by_hooks)
    assert torch.equal(cache[Z][:, :, [0, 2]], instead[Z][:, :, [0, 2]])
    assert not torch.allclose(logits, transformer(TOKENS), atol=1e-4)


def test_what_cannot_be_removed_is_said() -> None:
    transformer = random_transformer()
    with pytest.raises(ValueError, match=r"3 layers of 4 heads, got L3H0"):
        run_without(transformer, TOKENS, [Head(3, 0)], {})
    with pytest.raises(ValueError, match=r"an MLP of a layer below 3, got 7"):
        run_without(transformer, TOKENS, [MLP(7)], {})


def test_a_head_that_writes_nothing_can_be_removed_and_nothing_changes() -> None:
    transformer = random_transformer()
    transformer.blocks[0].W_O[1] = 0
    instead = instead_of(transformer, TOKENS, Ablation.MEAN)
    logits, _ = run_without(transformer, TOKENS, [Head(0, 1)], instead)
    torch.testing.assert_close(logits, transformer(TOKENS))
