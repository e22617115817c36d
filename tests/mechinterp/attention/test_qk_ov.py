import math

import pytest
import torch
from tokenizers import Tokenizer, models
from torch import Tensor

from mechinterp.attention.heads import Head, all_heads
from mechinterp.attention.qk_ov import (
    CHUNK,
    Factored,
    copying_score,
    embedding_at,
    full_ov_circuit,
    full_qk_circuit,
    ov_circuit,
    positional_qk_circuit,
    qk_circuit,
    unembedding,
)
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Block, Config, Norm, Transformer
from tests.mechinterp import random_models as other_models

D_MODEL, D_HEAD, D_MLP, N_CTX = 10, 6, 8, 7
TOLERANCE = {"atol": 1e-4, "rtol": 1e-4}


def random_transformer(
    normalization: str = "layer",
    kv_heads: int = 4,
    rotary_dims: int = 0,
    d_vocab: int = 12,
    qk_norms: bool = False,
) -> Transformer:
    """Return two layers of four heads, without biases, with weights of the normalisations far from one."""
    draw = torch.Generator().manual_seed(0)

    def normal(*shape: int) -> Tensor:
        return torch.randn(shape, generator=draw)

    def norm(size: int = D_MODEL) -> Norm:
        return Norm(1 + 0.5 * normal(size), torch.zeros(size) if normalization == "layer" else None)

    def block() -> Block:
        return Block(
            ln1=norm(),
            W_Q=normal(4, D_MODEL, D_HEAD),
            W_K=normal(kv_heads, D_MODEL, D_HEAD),
            W_V=normal(kv_heads, D_MODEL, D_HEAD),
            W_O=normal(4, D_HEAD, D_MODEL),
            b_Q=torch.zeros(4, D_HEAD),
            b_K=torch.zeros(kv_heads, D_HEAD),
            b_V=torch.zeros(kv_heads, D_HEAD),
            b_O=torch.zeros(D_MODEL),
            ln2=norm(),
            W_in=normal(D_MODEL, D_MLP),
            b_in=torch.zeros(D_MLP),
            W_out=normal(D_MLP, D_MODEL),
            b_out=torch.zeros(D_MODEL),
            q_norm=norm(D_HEAD) if qk_norms else None,
            k_norm=norm(D_HEAD) if qk_norms else None,
        )

    config = Config(
        n_layers=2,
        n_heads=4,
        d_model=D_MODEL,
        d_head=D_HEAD,
        d_mlp=D_MLP,
        d_vocab=d_vocab,
        n_ctx=N_CTX,
        normalization="layer" if normalization == "layer" else "rms",
        rotary_frequencies=other_models.frequencies(rotary_dims),
    )
    return Transformer(
        config,
        W_E=normal(d_vocab, D_MODEL),
        W_pos=None if rotary_dims else normal(N_CTX, D_MODEL),
        blocks=[block(), block()],
        ln_final=norm(),
        W_U=normal(D_MODEL, d_vocab),
        b_U=torch.zeros(d_vocab),
    )


def prompts(transformer: Transformer) -> Tensor:
    return torch.randint(transformer.config.d_vocab, (2, N_CTX), generator=torch.Generator().manual_seed(1))


def folded(norm: Norm) -> Tensor:
    """Return what a normalisation does, but for its scale, as a matrix: centring, where it centres, and weights."""
    centring = torch.eye(D_MODEL) - (0 if norm.b is None else 1 / D_MODEL)
    return centring @ norm.w.diag()


@pytest.fixture
def factored() -> Factored:
    left, right = torch.randn(2, 5, 3, generator=torch.Generator().manual_seed(0))
    return Factored(left, right[:4].T)


def test_a_product_of_factors_does_what_the_dense_matrix_does(factored: Factored) -> None:
    dense = factored.dense()
    loop = [
        [sum(factored.left[i, r] * factored.right[r, j] for r in range(3)) for j in range(4)]
        for i in range(5)
    ]
    torch.testing.assert_close(dense, torch.tensor(loop))
    torch.testing.assert_close(factored.norm(), torch.linalg.matrix_norm(dense))
    chosen = torch.tensor([4, 0, 4])
    torch.testing.assert_close(factored.rows(chosen), dense[chosen])
    torch.testing.assert_close(factored.transposed().dense(), dense.T)
    before, after = torch.ones(2, 5).triu(), torch.arange(12.0).view(4, 3)
    torch.testing.assert_close(factored.between(before, after).dense(), before @ dense @ after)


def test_the_norm_of_what_cancels_is_zero_and_not_the_root_of_a_negative_number() -> None:
    draw = torch.Generator().manual_seed(0)
    for _ in range(30):  # rounding goes either way
        a, b, c = torch.randn(3, 6, generator=draw)
        cancelling = Factored(torch.stack((a, b, a + b), dim=1), torch.stack((c, c, -c)))
        assert cancelling.norm() < 0.05


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_the_qk_circuit_gives_the_attention_scores(normalization: str, kv_heads: int) -> None:
    transformer = random_transformer(normalization, kv_heads)
    _, cache = transformer.run_with_cache(prompts(transformer))
    seen = torch.ones(N_CTX, N_CTX, dtype=torch.bool).tril()
    for head in all_heads(transformer):
        name = f"blocks.{head.layer}"
        x = cache[f"{name}.hook_resid_pre"] / cache[f"{name}.ln1.hook_scale"]
        scores = x @ qk_circuit(transformer, head).dense() @ x.mT / math.sqrt(D_HEAD)
        cached = cache[f"{name}.attn.hook_attn_scores"][:, head.index]
        torch.testing.assert_close(scores[:, seen], cached[:, seen], **TOLERANCE)


@pytest.mark.parametrize("kv_heads", [4, 2])
def test_the_qk_circuit_gives_the_score_of_a_rotary_position_for_itself(kv_heads: int) -> None:
    transformer = random_transformer("rms", kv_heads, rotary_dims=4)
    _, cache = transformer.run_with_cache(prompts(transformer))
    for head in all_heads(transformer):
        name = f"blocks.{head.layer}"
        x = cache[f"{name}.hook_resid_pre"] / cache[f"{name}.ln1.hook_scale"]
        scores = x @ qk_circuit(transformer, head).dense() @ x.mT / math.sqrt(D_HEAD)
        cached = cache[f"{name}.attn.hook_attn_scores"][:, head.index]
        torch.testing.assert_close(scores.diagonal(0, 1, 2), cached.diagonal(0, 1, 2), **TOLERANCE)
        # Only there: elsewhere the rotations of query and key do not cancel.
        assert (scores - cached)[:, -1, 0].abs().max() > 0.01


def test_the_qk_circuit_gives_the_scores_of_normalised_queries_and_keys_but_for_their_scales() -> None:
    """A position's score for itself, where rotations cancel; the scale is that of the query or key without weights."""
    transformer = random_transformer("rms", rotary_dims=4, qk_norms=True)
    _, cache = transformer.run_with_cache(prompts(transformer))
    for head in all_heads(transformer):
        name = f"blocks.{head.layer}"
        x = cache[f"{name}.hook_resid_pre"] / cache[f"{name}.ln1.hook_scale"]
        scores = (x @ qk_circuit(transformer, head).dense() @ x.mT).diagonal(0, 1, 2) / math.sqrt(D_HEAD)
        for point in ("hook_q", "hook_k"):
            scores = scores / cache[f"{name}.attn.{point}"][:, :, head.index].square().mean(-1).sqrt()
        cached = cache[f"{name}.attn.hook_attn_scores"][:, head.index].diagonal(0, 1, 2)
        torch.testing.assert_close(scores, cached, atol=1e-2, rtol=1e-3)


@pytest.mark.parametrize("kv_heads", [4, 2, 1])
@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_the_ov_circuit_gives_what_a_head_writes(normalization: str, kv_heads: int) -> None:
    transformer = random_transformer(normalization, kv_heads)
    _, cache = transformer.run_with_cache(prompts(transformer))
    for layer, block in enumerate(transformer.blocks):
        name = f"blocks.{layer}"
        x = cache[f"{name}.hook_resid_pre"] / cache[f"{name}.ln1.hook_scale"]
        written = []
        for index in range(4):
            pattern = cache[f"{name}.attn.hook_pattern"][:, index]
            written.append(pattern @ (x @ ov_circuit(transformer, Head(layer, index)).dense()))
            from_z = cache[f"{name}.attn.hook_z"][:, :, index] @ block.W_O[index]
            torch.testing.assert_close(written[-1], from_z, **TOLERANCE)
        torch.testing.assert_close(sum(written), cache[f"{name}.hook_attn_out"], **TOLERANCE)


@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_the_full_circuits_are_the_dense_products(normalization: str, kv_heads: int) -> None:
    transformer = random_transformer(normalization, kv_heads)
    embedding = torch.randn(12, D_MODEL, generator=torch.Generator().manual_seed(2))
    for head in all_heads(transformer):
        block, shared = transformer.blocks[head.layer], head.index // (4 // kv_heads)
        read = embedding @ folded(block.ln1)
        qk = (read @ block.W_Q[head.index]) @ (read @ block.W_K[shared]).T
        torch.testing.assert_close(full_qk_circuit(transformer, head, embedding).dense(), qk, **TOLERANCE)
        moved = read @ block.W_V[shared] @ block.W_O[head.index]
        logits = moved @ folded(transformer.ln_final) @ transformer.W_U
        found = full_ov_circuit(transformer, head, embedding).dense()
        torch.testing.assert_close(found, logits - logits.mean(1, keepdim=True), atol=1e-3, rtol=1e-4)


def test_the_unembedding_gives_all_differences_of_logits_from_the_normalised_residual_stream() -> None:
    transformer = random_transformer()
    logits, cache = transformer.run_with_cache(prompts(transformer))
    x = cache["blocks.1.hook_resid_post"] / cache["ln_final.hook_scale"]
    read = x @ unembedding(transformer)
    torch.testing.assert_close(read, logits - logits.mean(-1, keepdim=True), **TOLERANCE)


@pytest.mark.parametrize("layer", [0, 1])
@pytest.mark.parametrize("bos", [3, None])
def test_the_embedding_at_a_layer_is_what_a_run_of_each_token_brings_there(
    layer: int, bos: int | None
) -> None:
    d_vocab = CHUNK + 20  # more than is run at once
    transformer = random_transformer(d_vocab=d_vocab)
    found = embedding_at(Model("random", transformer, Tokenizer(models.BPE()), bos), layer)
    assert found.shape == (d_vocab, D_MODEL)
    for token in (0, 3, CHUNK - 1, CHUNK, d_vocab - 1):
        prompt = [token] if bos is None else [bos, token]
        _, cache = transformer.run_with_cache(torch.tensor([prompt]))
        x = cache[f"blocks.{layer}.hook_resid_pre"][0, -1]
        scale = (x.var(correction=0) + transformer.config.eps).sqrt()
        torch.testing.assert_close(found[token], x / scale, **TOLERANCE)


def slow_positional_qk(transformer: Transformer, head: Head, n_positions: int, scale: float) -> Tensor:
    """Return the scores, one at a time."""
    block, config, W_pos = transformer.blocks[head.layer], transformer.config, transformer.W_pos
    assert W_pos is not None
    shared = head.index // (config.n_heads // len(block.W_K))
    found = torch.full((n_positions, n_positions), -torch.inf)
    for dest in range(n_positions):
        for src in range(dest + 1):
            q = W_pos[dest] @ folded(block.ln1) @ block.W_Q[head.index]
            k = W_pos[src] @ folded(block.ln1) @ block.W_K[shared]
            found[dest, src] = q @ k / math.sqrt(D_HEAD) / scale**2
        found[dest] -= found[dest, : dest + 1].mean()
    return found


@pytest.mark.parametrize("kv_heads", [4, 2])
@pytest.mark.parametrize("normalization", ["layer", "rms"])
def test_the_positional_circuit_is_that_of_a_slow_loop(normalization: str, kv_heads: int) -> None:
    transformer = random_transformer(normalization, kv_heads)
    for head in (Head(0, 1), Head(1, 2)):
        found = positional_qk_circuit(transformer, head, 5, scale=1.5)
        torch.testing.assert_close(found, slow_positional_qk(transformer, head, 5, 1.5), **TOLERANCE)


def test_there_is_no_positional_circuit_where_positions_are_not_embedded() -> None:
    for transformer in (random_transformer(rotary_dims=4), other_models.random_transformer("bloom")):
        with pytest.raises(ValueError, match=r"needs embedded positions \(W_pos\), and this model has none"):
            positional_qk_circuit(transformer, Head(0, 1), 3)


def test_the_positional_circuit_hides_what_is_later_and_centres_what_is_visible() -> None:
    transformer = random_transformer()
    found = positional_qk_circuit(transformer, Head(0, 1), N_CTX)
    visible = torch.ones(N_CTX, N_CTX, dtype=torch.bool).tril()
    assert (found[~visible] == -torch.inf).all()
    sums = found.masked_fill(~visible, 0).sum(1)
    torch.testing.assert_close(sums, torch.zeros(N_CTX), atol=1e-3, rtol=0)
    assert found[visible].abs().max() > 0.1
    quarter = positional_qk_circuit(transformer, Head(0, 1), N_CTX, scale=2.0)
    torch.testing.assert_close(quarter[visible], found[visible] / 4)


def test_copying_by_hand() -> None:
    # Attending to token 0 raises 0 most; to 1 raises 1 second; to 2 raises 2 last; to 3 raises 3 third.
    matrix = torch.tensor([[9.0, 1, 2, 3], [8, 7, 1, 2], [1, 2, 0, 3], [9, 8, 1, 7]])
    circuit = Factored(torch.eye(4), matrix)
    tokens = torch.arange(4)
    assert [copying_score(circuit, tokens, k).item() for k in (1, 2, 3, 4)] == [0.25, 0.5, 0.75, 1.0]
    assert copying_score(circuit, torch.tensor([1, 2, 0]), 1).item() == pytest.approx(1 / 3)


def test_copying_of_many_tokens_is_that_of_the_dense_matrix() -> None:
    d_vocab = CHUNK + 50  # more than is formed at once
    left, right = torch.randn(2, d_vocab, 8, generator=torch.Generator().manual_seed(0))
    circuit = Factored(left, (right + 0.7 * left).T)
    tokens = torch.randperm(d_vocab, generator=torch.Generator().manual_seed(1))[: CHUNK + 20]
    dense = circuit.dense()
    own = dense.diagonal()[:, None]
    expected = ((dense > own).sum(1) < 10)[tokens].float().mean()  # fewer than ten are raised more
    assert 0.2 < expected < 0.8
    torch.testing.assert_close(copying_score(circuit, tokens, 10), expected)
