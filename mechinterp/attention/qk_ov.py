"""QK and OV circuits of a head, kept in factored, low-rank form.

Vectors are rows, so a head attends from x to y with the score x W_QK y^T, and moves y W_OV. A head's matrices
have rank d_head at most; the full circuits, from token to token, are vocabulary × vocabulary, and only formed
on request. The weights of the normalisation before a head are folded into W_Q, W_K and W_V, and those of queries and
keys, where there are any; their scales, which depend on the prompt, are not. Nor is what depends on position: rotations
and ALiBi. Source: Elhage et al. 2021.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head, all_heads
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Norm, Transformer

Embedding = Float[Tensor, "tokens d_model"]
CHUNK = 256  # rows of a full circuit that are computed at once


@dataclass(frozen=True, eq=False)
class Factored:
    """The matrix left · right."""

    left: Float[Tensor, "rows rank"]
    right: Float[Tensor, "rank columns"]

    def transposed(self) -> Factored:
        """Return the transposed matrix."""
        return Factored(self.right.T, self.left.T)

    def between(self, before: Float[Tensor, "more rows"], after: Float[Tensor, "columns others"]) -> Factored:
        """Return before · this · after."""
        return Factored(before @ self.left, self.right @ after)

    def rows(self, indices: Int[Tensor, " chosen"]) -> Float[Tensor, "chosen columns"]:
        """Return some rows."""
        return self.left[indices] @ self.right

    def dense(self) -> Float[Tensor, "rows columns"]:
        """Return the whole matrix."""
        return self.left @ self.right

    def norm(self) -> Float[Tensor, ""]:
        """Return the Frobenius norm, from the factors' Gram matrices: ‖AB‖² = tr(AᵀA BBᵀ)."""
        squared = ((self.left.T @ self.left) * (self.right @ self.right.T)).sum()
        return squared.clamp(min=0).sqrt()


def qk_circuit(transformer: Transformer, head: Head) -> Factored:
    """Return W_QK = W_Q W_K^T of a head, from residual stream to residual stream (d_model × d_model)."""
    block = transformer.blocks[head.layer]
    W_Q = _folded(block.W_Q[head.index], block.ln1)
    W_K = _folded(block.W_K[_kv(head, transformer)], block.ln1)
    return Factored(_weighted(W_Q, block.q_norm), _weighted(W_K, block.k_norm).T)


def ov_circuit(transformer: Transformer, head: Head) -> Factored:
    """Return W_OV = W_V W_O of a head, from residual stream to residual stream (d_model × d_model)."""
    block = transformer.blocks[head.layer]
    return Factored(_folded(block.W_V[_kv(head, transformer)], block.ln1), block.W_O[head.index])


def full_qk_circuit(transformer: Transformer, head: Head, embedding: Embedding) -> Factored:
    """Return W_E W_QK W_E^T: how strongly each token attends to each other (d_vocab × d_vocab)."""
    return qk_circuit(transformer, head).between(embedding, embedding.T)


def full_ov_circuit(transformer: Transformer, head: Head, embedding: Embedding) -> Factored:
    """Return W_E W_OV W_U: how much attending to each token raises the logit of each (d_vocab × d_vocab).

    The unembedding is centred, because only differences of logits matter.
    """
    return ov_circuit(transformer, head).between(embedding, unembedding(transformer))


def full_ov_circuits(model: Model, tokens: Int[Tensor, " chosen"]) -> Iterator[tuple[Head, Factored]]:
    """Yield the full OV circuit of every head from some tokens, as they are at the entry of its layer, to all.

    One at a time: those of all heads together are large.
    """
    W_U = unembedding(model.transformer)
    for layer in range(model.config.n_layers):
        embedding = embedding_at(model, layer, tokens)
        for index in range(model.config.n_heads):
            head = Head(layer, index)
            yield head, ov_circuit(model.transformer, head).between(embedding, W_U)


def embedding_at(model: Model, layer: int, tokens: Int[Tensor, " chosen"] | None = None) -> Embedding:
    """Return the residual stream before a layer for some tokens, or all there are, right after the start.

    It replaces W_E in the full circuits of later layers: the first layers rewrite tokens in other directions. Wang et
    al. 2022 (appendix E) do the same with the first MLP. It is divided by the normalisation's scale.
    """
    tokens = torch.arange(model.config.d_vocab, device=model.device) if tokens is None else tokens
    start = tokens.new_tensor(model.start).expand(len(tokens), -1)
    names = [f"blocks.{layer}.hook_resid_pre", f"blocks.{layer}.ln1.hook_scale"]
    found = []
    for chunk in torch.cat((start, tokens[:, None]), dim=1).split(CHUNK):
        cache = model.transformer.cache(chunk, names)
        found.append((cache[names[0]] / cache[names[1]])[:, -1])
    return torch.cat(found)


def positional_qk_circuit(
    transformer: Transformer, head: Head, n_positions: int, scale: float = 1.0
) -> Float[Tensor, "dest src"]:
    """Return W_pos W_QK W_pos^T / √d_head of the first positions, each row minus its mean over the visible.

    The mean of a row does not affect attention. Entries after the diagonal, which are masked, are −∞. Raises ValueError
    where positions are not embedded, or the context has fewer.
    """
    config, W_pos = transformer.config, transformer.W_pos
    if W_pos is None:
        raise ValueError(
            "the positional QK circuit needs embedded positions (W_pos), and this model has none: its attention itself "
            "tells positions apart, by rotation or by a bias"
        )
    if n_positions > config.n_ctx:
        raise ValueError(f"expected at most {config.n_ctx} positions, got {n_positions}")
    read = W_pos[:n_positions]
    scores = qk_circuit(transformer, head).between(read, read.T).dense() / config.d_head**0.5 / scale**2
    visible = torch.ones_like(scores, dtype=torch.bool).tril()
    mean = scores.where(visible, 0).sum(1, keepdim=True) / visible.sum(1, keepdim=True)
    return (scores - mean).masked_fill(~visible, -torch.inf)


def positional_qk_circuits(
    transformer: Transformer, n_positions: int
) -> dict[Head, Float[Tensor, "dest src"]]:
    """Return the positional QK circuit of every head, at a scale of 1."""
    return {head: positional_qk_circuit(transformer, head, n_positions) for head in all_heads(transformer)}


def previous_preferred(scores: Float[Tensor, "dest src"]) -> Float[Tensor, ""]:
    """Return the share of positions, from the third on, that score the one before highest.

    The first position has none before it, and for the second that is also the first.
    """
    best = scores.argmax(-1)
    return (best == torch.arange(len(scores), device=scores.device) - 1)[2:].float().mean()


def copying_score(
    circuit: Factored, tokens: Int[Tensor, " chosen"], k: int, rows: Int[Tensor, " chosen"] | None = None
) -> Float[Tensor, ""]:
    """Return the share of tokens that are among the k tokens whose logits rise most when they are attended to.

    `rows` says where they are in a circuit that does not begin from the whole vocabulary.
    Source: the copying scores of Elhage et al. 2021 and Wang et al. 2022, appendix E, who
    use the rank of the token itself.
    """
    hits = torch.zeros((), device=tokens.device)
    for chunk, row in zip(tokens.split(CHUNK), (tokens if rows is None else rows).split(CHUNK), strict=True):
        top = circuit.rows(row).topk(k, dim=-1).indices
        hits += (top == chunk[:, None]).any(-1).sum()
    return hits / len(tokens)


def unembedding(transformer: Transformer) -> Float[Tensor, "d_model d_vocab"]:
    """Return W_U with the final normalisation's weights folded in, minus its mean over the vocabulary."""
    W_U = _folded(transformer.W_U, transformer.ln_final)
    return W_U - W_U.mean(dim=1, keepdim=True)


def _folded(matrix: Float[Tensor, "d_model d"], norm: Norm) -> Float[Tensor, "d_model d"]:
    """Return the matrix with a normalisation's weights, and centring, folded in."""
    weighted = norm.w[:, None] * matrix
    return weighted if norm.b is None else weighted - weighted.mean(dim=0, keepdim=True)


def _weighted(matrix: Float[Tensor, "d_model d_head"], norm: Norm | None) -> Float[Tensor, "d_model d_head"]:
    """Return W_Q or W_K with the weights of what normalises queries or keys folded in, where something does."""
    return matrix if norm is None else matrix * norm.w


def _kv(head: Head, transformer: Transformer) -> int:
    """Return the index of the keys and values that a head reads; several heads share them in some models."""
    shared_by = transformer.config.n_heads // len(transformer.blocks[head.layer].W_K)
    return head.index // shared_by
