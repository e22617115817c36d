"""The parts of the transformer against their textbook formulas."""

from __future__ import annotations

import cmath
import math
from collections.abc import Callable
from dataclasses import replace

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.model.transformer import ACTIVATIONS, Config, Transformer, rotate
from tests.mechinterp import random_models

SIZES = {"n_layers": 2, "n_heads": 4, "d_model": 6, "d_head": 8, "d_mlp": 5, "d_vocab": 7, "n_ctx": 8}
properties = settings(max_examples=20, deadline=None)  # a first call under a busy machine may be slow


def see(_: str, x: Tensor) -> Tensor:
    """Let a hook point's tensor pass."""
    return x


def random_transformer(kind: str = "gpt2", seed: int = 0) -> Transformer:
    return random_models.random_transformer(kind, **SIZES, seed=seed)


def row(*tokens: int) -> Tensor:
    return torch.tensor([tokens])


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
    config = Config(**{**SIZES, "d_head": 6}, rotary_frequencies=random_models.frequencies(rotary_dims, 50.0))
    x = torch.randn(2, 5, 2, 6, generator=torch.Generator().manual_seed(0))
    rotated = rotate(x, config, None)
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
