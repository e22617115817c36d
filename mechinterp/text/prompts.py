"""Prompts on which attention is measured: ordinary text, and random sequences that repeat once."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.text.corpus import Corpus


def ordinary_text(model: Model, n: int, n_tokens: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of n_tokens tokens each, of Spanish sentences; use a seed outside the training data.

    Raises ValueError where they do not fit into the context.
    """
    corpus = Corpus(seed)
    prompts = []
    for _ in range(n):
        text = corpus.sentence()
        while len(prompt := model.tokenize(model.spaced(text))) < n_tokens:
            text += " " + corpus.sentence()
        prompts.append(prompt[:n_tokens])
    return _fitting(model, torch.tensor(prompts, device=model.device))


def random_tokens(model: Model, n: int, n_tokens: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of n_tokens random tokens, after the beginning-of-text token.

    Raises ValueError where they do not fit into the context.
    """
    return _started(model, _drawn(model, n, n_tokens, seed))


def repeated_random_tokens(model: Model, n: int, period: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of `period` random tokens followed by the same again, after the beginning-of-text token.

    Nothing but the repetition can be predicted. Raises ValueError where they do not fit into the context.
    """
    return _started(model, _drawn(model, n, period, seed).repeat(1, 2))


def _drawn(model: Model, n: int, n_tokens: int, seed: int) -> Int[Tensor, "prompt drawn"]:
    """Return random tokens, none of them the beginning-of-text token."""
    ordinary = torch.tensor([token for token in range(model.config.d_vocab) if token != model.bos])
    draw = torch.Generator().manual_seed(seed)
    return ordinary[torch.randint(len(ordinary), (n, n_tokens), generator=draw)].to(model.device)


def _started(model: Model, tokens: Int[Tensor, "prompt drawn"]) -> Int[Tensor, "prompt pos"]:
    start = tokens.new_tensor(model.start).expand(len(tokens), -1)
    return _fitting(model, torch.cat((start, tokens), dim=1))


def _fitting(model: Model, prompts: Int[Tensor, "prompt pos"]) -> Int[Tensor, "prompt pos"]:
    if prompts.shape[1] > model.config.n_ctx:
        raise ValueError(f"expected at most {model.config.n_ctx} tokens, got {prompts.shape[1]}")
    return prompts
