"""What is left of a run without some heads, or without MLPs."""

import pytest
import torch

from mechinterp.attention.heads import Head
from mechinterp.interventions.ablation import Ablation, run_without, run_without_mlps
from tests.mechinterp.random_models import random_transformer

TOKENS = torch.randint(0, 20, (5, 6), generator=torch.Generator().manual_seed(0))


def test_without_no_heads_it_is_the_run_itself() -> None:
    transformer = random_transformer()
    logits, cache = run_without(transformer, TOKENS, [])
    assert torch.equal(logits, transformer(TOKENS))
    assert torch.equal(
        cache["blocks.2.hook_resid_post"], transformer.cache(TOKENS)["blocks.2.hook_resid_post"]
    )


@pytest.mark.parametrize("how", Ablation)
def test_a_removed_head_writes_what_replaces_it_and_others_what_they_then_write(how: Ablation) -> None:
    transformer, head = random_transformer(), Head(1, 2)
    own = transformer.cache(TOKENS)
    logits, cache = run_without(transformer, TOKENS, [head], how)
    name = "blocks.1.attn.hook_z"
    assert torch.equal(cache[name][:, :, [0, 1, 3]], own[name][:, :, [0, 1, 3]])
    removed = cache[name][:, :, 2]
    if how is Ablation.ZERO:
        assert (removed == 0).all()
    elif how is Ablation.MEAN:
        torch.testing.assert_close(removed, own[name][:, :, 2].mean((0, 1)).expand_as(removed))
    else:
        rows = [
            next(i for i in range(5) if torch.equal(removed[row], own[name][i, :, 2])) for row in range(5)
        ]
        assert sorted(rows) == list(range(5))
        assert all(row != other for row, other in enumerate(rows))
    by_hook = transformer.run_with_hooks(
        TOKENS, {name: lambda z: torch.cat((z[:, :, :2], removed[:, :, None], z[:, :, 3:]), 2)}
    )
    torch.testing.assert_close(logits, by_hook)
    assert not torch.equal(logits, transformer(TOKENS))


def test_heads_of_several_layers_are_removed_together() -> None:
    transformer = random_transformer()
    _, cache = run_without(transformer, TOKENS, [Head(0, 1), Head(2, 3), Head(2, 0)], Ablation.ZERO)
    assert (cache["blocks.0.attn.hook_z"][:, :, 1] == 0).all()
    assert (cache["blocks.2.attn.hook_z"][:, :, [0, 3]] == 0).all()
    assert (cache["blocks.1.attn.hook_z"] != 0).all()


def test_what_cannot_be_removed_is_said() -> None:
    transformer = random_transformer()
    with pytest.raises(ValueError, match=r"3 layers of 4 heads, got 3\.0"):
        run_without(transformer, TOKENS, [Head(3, 0)])


def test_a_head_that_writes_nothing_can_be_removed_and_nothing_changes() -> None:
    transformer = random_transformer()
    transformer.blocks[0].W_O[1] = 0
    logits, _ = run_without(transformer, TOKENS, [Head(0, 1)])
    torch.testing.assert_close(logits, transformer(TOKENS))


@pytest.mark.parametrize("how", Ablation)
def test_removed_mlps_write_what_replaces_them(how: Ablation) -> None:
    transformer, layers = random_transformer(), (0, 2)
    own = transformer.cache(TOKENS)
    written = {}
    for layer in layers:
        x = own[f"blocks.{layer}.hook_mlp_out"]
        order = torch.randperm(5, generator=torch.Generator().manual_seed(3)).tolist()
        cycle = {order[i]: order[i - 1] for i in range(5)}
        written[f"blocks.{layer}.hook_mlp_out"] = {
            Ablation.ZERO: torch.zeros_like(x),
            Ablation.MEAN: x.mean((0, 1)).expand_as(x),
            Ablation.RESAMPLE: torch.stack([x[cycle[row]] for row in range(5)]),
        }[how]
    expected = transformer.run_with_hooks(
        TOKENS, {name: lambda _, name=name: written[name] for name in written}
    )
    found = run_without_mlps(transformer, TOKENS, layers, how, seed=3)
    torch.testing.assert_close(found, expected)
    assert not torch.allclose(found, transformer(TOKENS), atol=1e-4)


def test_an_mlp_of_a_layer_that_is_not_there_is_refused() -> None:
    with pytest.raises((ValueError, KeyError), match=r"blocks\.7\.hook_mlp_out"):
        run_without_mlps(random_transformer(), TOKENS, [7])
