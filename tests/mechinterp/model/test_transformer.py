"""What holds of any transformer: causality, symmetries, hooks, caches."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.model.transformer import Block, Transformer
from tests.mechinterp import random_models

SIZES = {"n_layers": 2, "n_heads": 4, "d_model": 6, "d_head": 8, "d_mlp": 5, "d_vocab": 7, "n_ctx": 8}
properties = settings(max_examples=20, deadline=None)  # a first call under a busy machine may be slow
every_kind = pytest.mark.parametrize("kind", random_models.SHAPES)
prompts = st.lists(st.integers(0, SIZES["d_vocab"] - 1), min_size=1, max_size=SIZES["n_ctx"])


def see(_: str, x: Tensor) -> Tensor:
    """Let a hook point's tensor pass."""
    return x


def random_transformer(kind: str = "gpt2", seed: int = 0) -> Transformer:
    return random_models.random_transformer(kind, **SIZES, seed=seed)


def row(*tokens: int) -> Tensor:
    return torch.tensor([tokens])


@every_kind
@properties
@given(tokens=prompts, seed=st.integers(0, 1000))
def test_pattern_rows_sum_to_one_and_never_look_ahead(kind: str, tokens: list[int], seed: int) -> None:
    _, cache = random_transformer(kind, seed).run_with_cache(row(*tokens))
    for layer in range(SIZES["n_layers"]):
        pattern = cache[f"blocks.{layer}.attn.hook_pattern"]
        assert pattern.shape == (1, SIZES["n_heads"], len(tokens), len(tokens))
        torch.testing.assert_close(pattern.sum(-1), torch.ones_like(pattern[..., 0]))
        assert (pattern >= 0).all()
        assert (pattern.triu(1) == 0).all()


@every_kind
@properties
@given(tokens=prompts, at=st.integers(0, 7), other=st.integers(0, 6))
def test_a_later_token_never_changes_earlier_logits(
    kind: str, tokens: list[int], at: int, other: int
) -> None:
    transformer = random_transformer(kind)
    at %= len(tokens)
    changed = [*tokens[:at], other, *tokens[at + 1 :]]
    before, after = transformer(row(*tokens)), transformer(row(*changed))
    torch.testing.assert_close(after[:, :at], before[:, :at])
    if other != tokens[at]:
        assert not torch.allclose(after[:, at], before[:, at])


@every_kind
def test_an_earlier_token_changes_later_logits(kind: str) -> None:
    transformer = random_transformer(kind)
    apart = (transformer(row(1, 2, 3)) - transformer(row(4, 2, 3))).abs()
    assert (apart.amax(-1) > 1e-3).all()


@every_kind
def test_prompts_of_a_batch_do_not_see_each_other(kind: str) -> None:
    transformer = random_transformer(kind)
    together = transformer(torch.tensor([[1, 2, 3], [4, 5, 6]]))
    torch.testing.assert_close(together[:1], transformer(row(1, 2, 3)))
    torch.testing.assert_close(together[1:], transformer(row(4, 5, 6)))


def with_blocks(transformer: Transformer, change: Callable[[Block], Block]) -> Transformer:
    return replace(transformer, blocks=[change(block) for block in transformer.blocks])


@properties
@given(tokens=prompts, seed=st.integers(0, 1000))
def test_rotating_queries_and_keys_together_changes_no_logits(tokens: list[int], seed: int) -> None:
    transformer = random_transformer()
    generator = torch.Generator().manual_seed(seed)
    R = torch.linalg.qr(torch.randn(8, 8, generator=generator, dtype=torch.float64)).Q
    both = with_blocks(
        transformer, lambda x: replace(x, W_Q=x.W_Q @ R, b_Q=x.b_Q @ R, W_K=x.W_K @ R, b_K=x.b_K @ R)
    )
    torch.testing.assert_close(both(row(*tokens)), transformer(row(*tokens)))


@properties
@given(tokens=prompts, c=st.floats(0.1, 10) | st.floats(-10, -0.1))
def test_scaling_values_up_and_outputs_down_changes_no_logits(tokens: list[int], c: float) -> None:
    transformer = random_transformer()
    both = with_blocks(transformer, lambda x: replace(x, W_V=x.W_V * c, b_V=x.b_V * c, W_O=x.W_O / c))
    torch.testing.assert_close(both(row(*tokens)), transformer(row(*tokens)))


def test_rotating_or_scaling_one_side_alone_does_change_logits() -> None:
    transformer, tokens = random_transformer(), row(1, 2, 3)
    swapped = with_blocks(transformer, lambda x: replace(x, W_Q=x.W_Q.flip(-1), b_Q=x.b_Q.flip(-1)))
    scaled = with_blocks(transformer, lambda x: replace(x, W_V=2 * x.W_V, b_V=2 * x.b_V))
    for other in (swapped, scaled):
        assert (other(tokens) - transformer(tokens)).abs().max() > 1e-3


@every_kind
def test_the_stream_is_the_sum_of_what_is_written_to_it(kind: str) -> None:
    transformer = random_transformer(kind)
    _, cache = transformer.run_with_cache(row(1, 2, 3))
    stream = cache["hook_embed"] + cache.get("hook_pos_embed", 0)
    for layer in range(SIZES["n_layers"]):
        name = f"blocks.{layer}"
        torch.testing.assert_close(cache[f"{name}.hook_resid_pre"], stream)
        after_attention = stream + cache[f"{name}.hook_attn_out"]
        if transformer.config.parallel:
            assert f"{name}.hook_resid_mid" not in cache
        else:
            torch.testing.assert_close(cache[f"{name}.hook_resid_mid"], after_attention)
        read = stream if transformer.config.parallel else after_attention
        block = transformer.blocks[layer]
        normalized = block.ln2.forward(read, transformer.config, "ln2", see)
        torch.testing.assert_close(
            cache[f"{name}.hook_mlp_out"], block.mlp(normalized, transformer.config, "mlp", see)
        )
        stream = after_attention + cache[f"{name}.hook_mlp_out"]
        torch.testing.assert_close(cache[f"{name}.hook_resid_post"], stream)


def test_a_cache_by_names_holds_only_those() -> None:
    transformer = random_transformer()
    names = ["blocks.1.attn.hook_pattern", "blocks.0.hook_resid_post"]
    logits, some = transformer.run_with_cache(row(1, 2), iter(names))
    all_logits, cache = transformer.run_with_cache(row(1, 2))
    assert sorted(some) == sorted(names)
    assert len(cache) > len(names)
    for name in names:
        assert torch.equal(some[name], cache[name])
    assert torch.equal(logits, all_logits)
    assert torch.equal(logits, transformer(row(1, 2)))


@every_kind
def test_hooks_that_return_what_they_get_change_nothing(kind: str) -> None:
    transformer = random_transformer(kind)
    logits, cache = transformer.run_with_cache(row(1, 2, 3))
    same = transformer.run_with_hooks(row(1, 2, 3), {name: lambda x: x for name in cache})
    assert torch.equal(same, logits)


@every_kind
def test_a_hook_replaces_what_comes_after(kind: str) -> None:
    """Patching a whole stream from another prompt gives the other prompt's logits, at whatever depth."""
    transformer = random_transformer(kind)
    clean, cache = transformer.run_with_cache(row(1, 2, 3))
    for name in (
        "hook_embed",
        "blocks.0.hook_resid_post",
        "blocks.1.hook_resid_pre",
        "ln_final.hook_normalized",
    ):
        patched = transformer.run_with_hooks(row(4, 5, 6), {name: lambda x, name=name: cache[name]})
        torch.testing.assert_close(patched, clean)


@every_kind
def test_every_hook_point_is_on_the_way_to_the_logits(kind: str) -> None:
    transformer = random_transformer(kind)
    logits, cache = transformer.run_with_cache(row(1, 2, 3))

    def skewed(x: Tensor) -> Tensor:
        return x * torch.linspace(0.5, 1.5, x.shape[-1])  # unevenly, as a normalisation undoes a mere scaling

    for name in cache:
        changed = transformer.run_with_hooks(row(1, 2, 3), {name: skewed})
        assert not torch.allclose(changed, logits), name


@every_kind
def test_without_its_heads_attention_writes_its_bias(kind: str) -> None:
    transformer = random_transformer(kind)
    written: list[Tensor] = []

    def look(x: Tensor) -> Tensor:
        written.append(x)
        return x

    hooks = {"blocks.1.attn.hook_z": torch.zeros_like, "blocks.1.hook_attn_out": look}
    transformer.run_with_hooks(row(1, 2, 3), hooks)
    torch.testing.assert_close(written[0], transformer.blocks[1].b_O.expand(1, 3, -1))


def test_a_hook_point_that_is_not_there_is_named() -> None:
    hooks = dict.fromkeys(["blocks.9.hook_z", "hook_embed", "blocks.0.attn.hook_rot_q"], lambda x: x)
    with pytest.raises(ValueError, match=r"no hook point blocks\.0\.attn\.hook_rot_q, blocks\.9\.hook_z$"):
        random_transformer().run_with_hooks(row(1), hooks)


@every_kind
def test_too_long_a_prompt_is_refused(kind: str) -> None:
    transformer = random_transformer(kind)
    assert transformer(torch.zeros(1, 8, dtype=torch.int64)).shape == (1, 8, 7)
    with pytest.raises(ValueError, match="expected at most 8 tokens, got 9"):
        transformer(torch.zeros(1, 9, dtype=torch.int64))


def test_parameters_are_all_weights_once() -> None:
    transformer = random_transformer("gpt2")
    parameters = list(transformer.parameters())
    attention = ["W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"]
    per_block = ["ln1.w", "ln1.b", *attention, "ln2.w", "ln2.b", "W_in", "b_in", "W_out", "b_out"]
    blocks = [f"blocks.{layer}.{name}" for layer in range(2) for name in per_block]
    assert sorted(name for name, _ in parameters) == sorted(
        ["W_E", "W_pos", *blocks, "ln_final.w", "ln_final.b", "W_U", "b_U"]
    )
    found = dict(parameters)
    assert found["blocks.1.ln2.b"] is transformer.blocks[1].ln2.b
    assert found["blocks.0.W_O"] is transformer.blocks[0].W_O
    assert found["ln_final.w"] is transformer.ln_final.w


def test_parameters_leave_out_what_an_architecture_lacks() -> None:
    names = {name for name, _ in random_transformer("llama").parameters()}
    assert "blocks.0.W_gate" in names
    assert not names & {"W_pos", "ln_final.b", "blocks.0.ln1.b", "blocks.0.ln2.b"}


@every_kind
def test_every_parameter_is_used(kind: str) -> None:
    transformer = random_transformer(kind)
    for _, tensor in transformer.parameters():
        tensor.requires_grad_()
    transformer(row(0, 1, 2, 3)).sin().sum().backward()
    for name, tensor in transformer.parameters():
        assert tensor.grad is not None, name
        if not name.endswith("b_K") or transformer.config.rotary_dims:
            assert tensor.grad.abs().max() > 1e-6, name  # b_K adds as much to all scores of a row


def test_keys_and_values_may_be_shared_between_heads() -> None:
    transformer = random_transformer("llama")

    def copied(x: Block) -> Block:
        shared = {"W_K": x.W_K, "W_V": x.W_V, "b_K": x.b_K, "b_V": x.b_V}
        return replace(x, **{name: tensor.repeat_interleave(2, dim=0) for name, tensor in shared.items()})

    copies = with_blocks(transformer, copied)
    torch.testing.assert_close(copies(row(1, 2, 3)), transformer(row(1, 2, 3)))
