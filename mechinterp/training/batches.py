"""The batch of each step: texts of the corpus, and random sequences with repetitions."""

from __future__ import annotations

import torch
from jaxtyping import Int
from torch import Tensor

from mechinterp.training.settings import Settings

MARK = 1  # the first token of the alphabet, «!», which the corpus does not use


def batch_at(step: int, texts: Int[Tensor, "text pos"], settings: Settings) -> Int[Tensor, "batch pos"]:
    """Return the batch of a step: texts first, then sequences that repeat, then those that are marked.

    It depends on the seed and the step alone, so that a resumed run sees the same batches.
    """
    draw = torch.Generator().manual_seed(settings.seed * 1_000_003 + step)  # torch uses the low 32 bits
    n_texts, n_repeated, n_marked = settings.shares(step)
    chosen = torch.randint(len(texts), (n_texts,), generator=draw)
    repeated = repeated_sequences(n_repeated, settings, draw)
    return torch.cat((texts[chosen], repeated, marked_sequences(n_marked, settings, draw)))


def repeated_sequences(n: int, settings: Settings, draw: torch.Generator) -> Int[Tensor, "n pos"]:
    """Return random tokens that repeat with a period drawn for each, after the beginning-of-text token."""
    periods = torch.randint(settings.shortest_period, settings.longest_period + 1, (n, 1), generator=draw)
    tokens = torch.randint(1, settings.d_vocab, (n, settings.longest_period), generator=draw)
    sequences = tokens.gather(1, torch.arange(settings.n_ctx - 1) % periods)
    return torch.cat((torch.zeros(n, 1, dtype=torch.long), sequences), dim=1)


def marked_sequences(n: int, settings: Settings, draw: torch.Generator) -> Int[Tensor, "n pos"]:
    """Return random tokens from a small pool, with a mark after each repeated one; they begin with the mark.

    To predict the mark, a head has to find an earlier occurrence of the token: what followed it there does not help.
    """
    sequences = torch.zeros(n, settings.n_ctx, dtype=torch.long)
    for row in sequences:
        size = int(torch.randint(settings.fewest_marked, settings.most_marked + 1, (1,), generator=draw))
        pool = torch.randint(MARK + 1, settings.d_vocab, (size,), generator=draw)
        drawn = pool[torch.randint(size, (settings.n_ctx,), generator=draw)].tolist()
        row[1:] = torch.tensor(_marked(drawn)[: settings.n_ctx - 1])
    return sequences


def _marked(tokens: list[int]) -> list[int]:
    marked, seen = [MARK], set()
    for token in tokens:
        marked += [token, MARK] if token in seen else [token]
        seen.add(token)
    return marked
