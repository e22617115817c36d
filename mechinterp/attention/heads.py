"""Kinds of attention heads, each with one definition by where the head attends.

Each score is attention mass: the mean, over the queries that the definition names, of the attention to the position
that it names; 1 where the head attends to nothing else, 0 where it never attends to it. It is given for each prompt, so
that its spread can be shown. It says where a head attends, not what it does with what it finds there.

Sources: Elhage et al. 2021 (previous-token and induction heads), Olsson et al. 2022 (prefix-matching score),
Wang et al. 2022 (duplicate-token heads).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.transformer import Cache, Transformer
from mechinterp.numerics.bootstrap import mean_with_interval

Pattern = Float[Tensor, "prompt layer head dest_pos src_pos"]
Scores = Float[Tensor, "prompt layer head"]


@dataclass(frozen=True, order=True)
class Head:
    """An attention head by layer and index, both from 0."""

    layer: int
    index: int

    def __str__(self) -> str:
        return f"L{self.layer}H{self.index}"


def all_heads(transformer: Transformer) -> list[Head]:
    """Return every head of a transformer."""
    return [
        Head(layer, index)
        for layer in range(transformer.config.n_layers)
        for index in range(transformer.config.n_heads)
    ]


def strongest(scores: Scores) -> Head:
    """Return the head with the highest mean score over prompts."""
    n_heads = scores.shape[-1]
    return Head(*divmod(int(scores.mean(0).argmax()), n_heads))


def of_head(scores: Scores, head: Head) -> Float[Tensor, " prompt"]:
    """Return the scores of one head."""
    return scores[:, head.layer, head.index]


def of_others(scores: Scores, head: Head) -> Float[Tensor, " other"]:
    """Return the mean scores of all other heads: the baseline of a head chosen at random."""
    means = scores.mean(0)
    others = torch.ones_like(means, dtype=torch.bool)
    others[head.layer, head.index] = False
    return means[others]


def strongest_and_others(
    scores: Scores,
) -> tuple[Head, Float[Tensor, " prompt"], Float[Tensor, " other"]]:
    """Return the head whose mean score is highest, its scores, and the mean scores of all other heads."""
    head = strongest(scores)
    return head, of_head(scores, head), of_others(scores, head)


def ranked(scores: Scores, most: int) -> tuple[dict[str, Float[Tensor, "3"]], float]:
    """Return the heads whose mean score is furthest from zero, `most` of them, and the mean score of all others.

    By name, the furthest first, each with its mean and the ends of its 95 % bootstrap interval.
    """
    measured = mean_with_interval(scores).flatten(1)
    order = measured[0].abs().argsort(descending=True).tolist()
    n_heads = scores.shape[-1]
    chosen = {str(Head(*divmod(i, n_heads))): measured[:, i] for i in order[:most]}
    others = measured[0, order[most:]]
    return chosen, others.mean().item() if len(others) else 0.0


def sharing(scores: Scores, least: float) -> tuple[list[Head], float]:
    """Return the heads whose mean score is at least `least`, the highest first, and the mean score of all others.

    Where several heads share a role, those without it are the control. With none left, it is 0.
    """
    means = scores.mean(0)
    chosen = [Head(layer, index) for layer, index in (means >= least).nonzero().tolist()]
    chosen.sort(key=lambda head: -means[head.layer, head.index].item())
    others = means[means < least]
    return chosen, others.mean().item() if len(others) else 0.0


def patterns(cache: Cache, n_layers: int) -> Pattern:
    """Return the attention patterns of all layers of a cached run."""
    return torch.stack([cache[f"blocks.{layer}.attn.hook_pattern"] for layer in range(n_layers)], dim=1)


def attention_patterns(transformer: Transformer, tokens: Int[Tensor, "prompt pos"]) -> Pattern:
    """Run prompts; return the attention patterns of all layers."""
    n_layers = transformer.config.n_layers
    return patterns(transformer.cache(tokens, pattern_names(n_layers)), n_layers)


def measured_on(
    transformer: Transformer, tokens: Int[Tensor, "prompt pos"], score: Callable[[Pattern], Tensor]
) -> Float[Tensor, "prompt ..."]:
    """Return what `score` gives for each prompt, with attention patterns of as many at a time as fit into memory."""
    size = max(1, transformer.memory // transformer.config.bytes_of_activations(tokens.shape[1]))
    return torch.cat([score(attention_patterns(transformer, some)) for some in tokens.split(size)])


def pattern_names(n_layers: int) -> list[str]:
    """Return the hook points of all attention patterns."""
    return [f"blocks.{layer}.attn.hook_pattern" for layer in range(n_layers)]


def previous_token_score(pattern: Pattern) -> Scores:
    """Attention to the position before, over all queries but the first two.

    The first query has nothing before it; for the second, the position before is also the first.
    """
    return pattern.diagonal(-1, -2, -1)[..., 1:].mean(-1)


def current_token_score(pattern: Pattern) -> Scores:
    """Attention to the query's own position, over all queries but the first, which can attend to nothing else."""
    return pattern.diagonal(0, -2, -1)[..., 1:].mean(-1)


def first_token_score(pattern: Pattern) -> Scores:
    """Attention to the first position, over all queries but the first two.

    The first query can attend to nothing else; for the second, the first position is also the one before.
    """
    return pattern[..., 2:, 0].mean(-1)


# Kinds of heads that look at a position whatever the tokens are.
POSITIONAL_SCORES = {
    "previous": previous_token_score,
    "current": current_token_score,
    "first": first_token_score,
}


def duplicate_token_score(pattern: Pattern, period: int) -> Scores:
    """On a block of tokens repeated once: attention to the same token's first occurrence, over the second block.

    `period` is the length of the block; the repetition begins at the last `period` positions.
    """
    return pattern.diagonal(-period, -2, -1)[..., -period:].mean(-1)


def induction_score(pattern: Pattern, period: int) -> Scores:
    """On a block of tokens repeated once: attention to the token after the first occurrence, over the second block.

    That token comes next; attending to it is what predicting it takes. The block's last token, whose
    successor is the first of the second block, is left out.
    """
    return pattern.diagonal(1 - period, -2, -1)[..., -period:-1].mean(-1)
