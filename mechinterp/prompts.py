"""Prompts on which attention is measured: ordinary text, and random sequences that repeat once."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from mechinterp.model import Model
from mechinterp.training.corpus import Corpus


def ordinary_text(model: Model, n: int, n_tokens: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of n_tokens tokens each, of Spanish sentences; give a seed that was not trained on."""
    corpus = Corpus(seed)
    prompts = []
    for _ in range(n):
        text = corpus.sentence()
        while len(prompt := model.tokenize(text)) < n_tokens:
            text += " " + corpus.sentence()
        prompts.append(prompt[:n_tokens])
    return torch.tensor(prompts)


def random_tokens(model: Model, n: int, n_tokens: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of n_tokens random tokens, after the token for the beginning.

    Raises ValueError where the context does not hold them.
    """
    draw = torch.Generator().manual_seed(seed)
    return _started(model, torch.randint(1, model.config.d_vocab, (n, n_tokens), generator=draw))


def repeated_random_tokens(model: Model, n: int, period: int, seed: int) -> Int[Tensor, "prompt pos"]:
    """Return n prompts of `period` random tokens followed by the same again, after the token for the beginning.

    Nothing but the repetition can be predicted. Raises ValueError where the context does not hold them.
    """
    draw = torch.Generator().manual_seed(seed)
    return _started(model, torch.randint(1, model.config.d_vocab, (n, period), generator=draw).repeat(1, 2))


def _started(model: Model, tokens: Int[Tensor, "prompt pos"]) -> Int[Tensor, "prompt pos"]:
    prompts = torch.cat((torch.tensor(model.start, dtype=torch.long).expand(len(tokens), -1), tokens), dim=1)
    if prompts.shape[1] > model.config.n_ctx:
        raise ValueError(f"expected at most {model.config.n_ctx} tokens, got {prompts.shape[1]}")
    return prompts
