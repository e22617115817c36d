from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.transformer import ACTIVATIONS, Block, Config, Norm, Transformer, rotate

SIZES = {"n_layers": 2, "n_heads": 2, "d_model": 6, "d_head": 4, "d_mlp": 5, "d_vocab": 7, "n_ctx": 8}
KINDS = {
    "gpt2": {},
    "gpt_neox": {"rotary_dims": 2, "parallel": True},
    "llama": {"rotary_dims": 4, "normalization": "rms", "activation": "silu"},
}

properties = settings(max_examples=20, deadline=None)  # a first call under a busy machine may be slow
every_kind = pytest.mark.parametrize("kind", KINDS)
prompts = st.lists(st.integers(0, SIZES["d_vocab"] - 1), min_size=1, max_size=SIZES["n_ctx"])


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on busy cores, waiting for a second takes longer than all of these tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def see(_: str, x: Tensor) -> Tensor:
    """Let a hook point's tensor pass."""
    return x


def random_transformer(kind: str = "gpt2", seed: int = 0) -> Transformer:
    """Return a transformer with random weights and biases, in double precision so that tests can be strict."""
    config = Config(**{**SIZES, **KINDS[kind]})
    generator = torch.Generator().manual_seed(seed)
    heads, width, hidden = (config.n_heads, config.d_head), config.d_model, config.d_mlp
    kv = (1, config.d_head) if kind == "llama" else heads

    def weights(*shape: int) -> Tensor:
        # So small that attention is not to one position alone, which would hide differences.
        return 0.5 * torch.randn(shape, generator=generator, dtype=torch.float64)

    def norm() -> Norm:
        return Norm(weights(width), None if config.normalization == "rms" else weights(width))

    def block() -> Block:
        return Block(
            ln1=norm(),
            W_Q=weights(heads[0], width, heads[1]),
            W_K=weights(kv[0], width, kv[1]),
            W_V=weights(kv[0], width, kv[1]),
            W_O=weights(*heads, width),
            b_Q=weights(*heads),
            b_K=weights(*kv),
            b_V=weights(*kv),
            b_O=weights(width),
            ln2=norm(),
            W_in=weights(width, hidden),
            b_in=weights(hidden),
            W_out=weights(hidden, width),
            b_out=weights(width),
            W_gate=weights(width, hidden) if kind == "llama" else None,
        )

    return Transformer(
        config=config,
        W_E=weights(config.d_vocab, width),
        W_pos=None if config.rotary_dims else weights(config.n_ctx, width),
        blocks=[block() for _ in range(config.n_layers)],
        ln_final=norm(),
        W_U=weights(width, config.d_vocab),
        b_U=weights(config.d_vocab),
    )


def row(*tokens: int) -> Tensor:
    return torch.tensor([tokens])


def test_a_transformer_by_hand() -> None:
    """One layer of two heads and two neurons, followed through every step.

    The tokens are embedded as a, b and c: orthogonal, of mean 0 and mean square 1. So layer norm leaves each as it
    is; of a mixture αa + βb + γc it makes the same over √(α² + β² + γ²); and x · a is 4α. Positions are embedded as
    multiples of (1, 1, 1, 1), which layer norm takes away. All vectors below are (α, β, γ).
    """
    a, b, c = basis = torch.tensor([[1.0, 1, -1, -1], [1, -1, 1, -1], [1, -1, -1, 1]])
    ones = torch.ones(4)

    def first_column(*columns: list[float]) -> Tensor:
        """Return one (4, 4) matrix a head that reads into its first dimension alone."""
        return torch.stack([torch.tensor(column)[:, None] * torch.eye(4)[0] for column in columns])

    block = Block(
        ln1=Norm(ones, 0 * ones),
        W_Q=torch.zeros(2, 4, 4),
        b_Q=torch.tensor([[0.0] * 4, [math.log(3), 0, 0, 0]]),
        W_K=first_column([0.0, 0, 0, 0], [1.0, 1, 0, 0]),  # the second head's key: 2 for a, 0 for b and c
        b_K=torch.zeros(2, 4),
        W_V=first_column([0.0, 1, 0, -1], [1.0, 1, 0, 0]),  # values: 2, 0, −2 and 2, 0, 0 for a, b, c
        b_V=torch.zeros(2, 4),
        W_O=torch.stack([torch.eye(4)[0][:, None] * b, torch.eye(4)[0][:, None] * c]),
        b_O=torch.zeros(4),
        ln2=Norm(ones, 0 * ones),
        W_in=torch.stack([a, -c], dim=1),
        b_in=torch.zeros(2),
        W_out=torch.stack([-3 * c, 5 * a]),
        b_out=torch.zeros(4),
    )
    transformer = Transformer(
        config=Config(
            **{"n_layers": 1, "n_heads": 2, "d_model": 4, "d_head": 4, "d_mlp": 2, "d_vocab": 3, "n_ctx": 3},
            activation="relu",
            eps=0.0,
        ),
        W_E=basis,
        W_pos=torch.arange(3.0)[:, None] * ones,
        blocks=[block],
        ln_final=Norm(3 * ones, 2 * ones),
        W_U=basis.T,
        b_U=torch.tensor([0.0, 0, 1]),
    )
    logits, cache = transformer.run_with_cache(row(0, 1, 2))

    def holds(name: str, expected: list[list[float]]) -> None:
        torch.testing.assert_close(cache[f"blocks.0.{name}"][0], torch.tensor(expected), msg=name)

    def mixes(name: str, expected: list[list[float]]) -> None:
        torch.testing.assert_close(
            cache[f"blocks.0.{name}"][0] @ basis.T / 4, torch.tensor(expected), msg=name
        )

    # Scores: 0 in the first head. In the second, q · k / √d_head = ln 3 · 2 / 2 = ln 3 where the source is a, else 0.
    # So the first attends to all alike; the second to a three times as much as to another.
    torch.testing.assert_close(
        cache["blocks.0.attn.hook_pattern"][0],
        torch.tensor(
            [
                [[1, 0, 0], [1 / 2, 1 / 2, 0], [1 / 3, 1 / 3, 1 / 3]],
                [[1, 0, 0], [3 / 4, 1 / 4, 0], [3 / 5, 1 / 5, 1 / 5]],
            ]
        ),
    )
    # First head: 2; (2 + 0) / 2; (2 + 0 − 2) / 3. Second: 2; (3·2 + 0) / 4; (3·2 + 0 + 0) / 5.
    torch.testing.assert_close(
        cache["blocks.0.attn.hook_z"][0, :, :, 0], torch.tensor([[2, 2], [1, 3 / 2], [0, 6 / 5]])
    )
    # The first writes along b, the second along c, each into a stream that held its token.
    mixes("hook_resid_mid", [[1, 2, 2], [0, 1 + 1, 3 / 2], [0, 0, 1 + 6 / 5]])
    # Scales: √(1 + 4 + 4); √(4 + 9/4); 11/5.
    holds("ln2.hook_scale", [[3], [5 / 2], [11 / 5]])
    mixes("ln2.hook_normalized", [[1 / 3, 2 / 3, 2 / 3], [0, 4 / 5, 3 / 5], [0, 0, 1]])
    # One neuron reads 4α, the other −4γ, which is never positive.
    holds("mlp.hook_pre", [[4 / 3, -8 / 3], [0, -12 / 5], [0, -4]])
    holds("mlp.hook_post", [[4 / 3, 0], [0, 0], [0, 0]])
    # 4/3 · −3 = −4 along c.
    mixes("hook_resid_post", [[1, 2, 2 - 4], [0, 2, 3 / 2], [0, 0, 11 / 5]])
    # Over the scales 3, 5/2, 11/5; times the weight 3; times 4 by the unembedding, to which ln_final's bias is
    # orthogonal; plus the bias (0, 0, 1).
    torch.testing.assert_close(
        logits, torch.tensor([[[4, 8, -8 + 1], [0, 48 / 5, 36 / 5 + 1], [0, 0, 12 + 1]]]), atol=1e-5, rtol=0
    )


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
    R = torch.linalg.qr(torch.randn(4, 4, generator=generator, dtype=torch.float64)).Q
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
        return replace(x, **{name: torch.cat((tensor, tensor)) for name, tensor in shared.items()})

    copies = with_blocks(transformer, copied)
    torch.testing.assert_close(copies(row(1, 2, 3)), transformer(row(1, 2, 3)))


@pytest.mark.parametrize("kind", ["gpt_neox", "llama"])
def test_rotary_scores_depend_on_the_distance_only(kind: str) -> None:
    """With one token everywhere, the first layer's scores tell positions apart by their distance alone."""
    _, cache = random_transformer(kind).run_with_cache(row(*[3] * 8))
    scores = cache["blocks.0.attn.hook_attn_scores"][0]
    torch.testing.assert_close(scores[:, 1:, 1:], scores[:, :-1, :-1], atol=1e-5, rtol=0)
    by_distance = scores[:, -1]
    assert ((by_distance[:, 1:] - by_distance[:, :-1]).abs() > 1e-4).all()


@pytest.mark.parametrize("rotary_dims", [2, 4, 6])
def test_rotation_is_a_product_of_complex_numbers(rotary_dims: int) -> None:
    config = Config(**{**SIZES, "d_head": 6}, rotary_dims=rotary_dims, rotary_base=50.0)
    x = torch.randn(2, 5, 2, 6, generator=torch.Generator().manual_seed(0))
    rotated = rotate(x, config)
    half = rotary_dims // 2
    for batch in range(2):
        for position in range(5):
            for head in range(2):
                before, after = x[batch, position, head].tolist(), rotated[batch, position, head].tolist()
                for i in range(half):
                    angle = position * 50.0 ** (-2 * i / rotary_dims)
                    turned = complex(before[i], before[i + half]) * cmath.exp(1j * angle)
                    assert complex(after[i], after[i + half]) == pytest.approx(turned, abs=1e-5)
                assert after[rotary_dims:] == before[rotary_dims:]


vectors = st.lists(st.floats(-5, 5), min_size=6, max_size=6)


@properties
@given(vectors)
def test_rms_norm_is_the_textbook_one(x: list[float]) -> None:
    transformer = random_transformer("llama")
    config = replace(
        transformer.config, eps=0.25
    )  # so large that leaving it out, or adding it outside, would show
    w = transformer.ln_final.w.tolist()
    rms = math.sqrt(sum(number**2 for number in x) / 6 + 0.25)
    expected = [number / rms * weight for number, weight in zip(x, w, strict=True)]
    ours = transformer.ln_final.forward(torch.tensor(x, dtype=torch.float64), config, "ln", see)
    assert ours.tolist() == pytest.approx(expected, abs=1e-9)


@properties
@given(vectors)
def test_layer_norm_is_the_textbook_one(x: list[float]) -> None:
    transformer = random_transformer("gpt2")
    config = replace(transformer.config, eps=0.25)
    w, b = transformer.ln_final.w.tolist(), transformer.ln_final.b.tolist()
    mean = sum(x) / 6
    deviation = math.sqrt(sum((number - mean) ** 2 for number in x) / 6 + 0.25)
    expected = [(x[i] - mean) / deviation * w[i] + b[i] for i in range(6)]
    ours = transformer.ln_final.forward(torch.tensor(x, dtype=torch.float64), config, "ln", see)
    assert ours.tolist() == pytest.approx(expected, abs=1e-9)


@properties
@given(vectors)
def test_the_gated_mlp_is_the_textbook_one(x: list[float]) -> None:
    transformer = random_transformer("llama")
    block = transformer.blocks[0]
    W_gate, W_in, W_out = block.W_gate.tolist(), block.W_in.tolist(), block.W_out.tolist()
    b_in, expected = block.b_in.tolist(), block.b_out.tolist()
    for neuron in range(5):
        gate = sum(x[i] * W_gate[i][neuron] for i in range(6))
        linear = sum(x[i] * W_in[i][neuron] for i in range(6)) + b_in[neuron]
        post = gate / (1 + math.exp(-gate)) * linear
        expected = [before + post * W_out[neuron][i] for i, before in enumerate(expected)]
    ours = block.mlp(torch.tensor([[x]], dtype=torch.float64), transformer.config, "mlp", see)
    assert ours[0, 0].tolist() == pytest.approx(expected, abs=1e-9)


FORMULAS: dict[str, Callable[[float], float]] = {
    "gelu": lambda x: x * (1 + math.erf(x / math.sqrt(2))) / 2,
    "gelu_new": lambda x: x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3))) / 2,
    "relu": lambda x: max(x, 0.0),
    "silu": lambda x: x / (1 + math.exp(-x)),
}


def test_every_activation_has_its_formula() -> None:
    assert set(FORMULAS) == set(ACTIVATIONS)
    x = torch.linspace(-4, 4, 33, dtype=torch.float64)
    for name, formula in FORMULAS.items():
        expected = [formula(number) for number in x.tolist()]
        assert ACTIVATIONS[name](x).tolist() == pytest.approx(expected, abs=1e-12), name
