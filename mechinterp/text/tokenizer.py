"""A byte-level BPE tokenizer, trained on the corpus."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

BOS = "<|endoftext|>"  # before every text, as token 0


def train_tokenizer(texts: Iterable[str], d_vocab: int) -> Tokenizer:
    """Return a tokenizer of d_vocab tokens that splits text as GPT-2's does, and puts a space before it.

    So a name is the same token at the beginning of a text and within it. Source: Sennrich et al. 2016 (byte-pair
    encoding); Radford et al. 2019 (on bytes).
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=d_vocab,
            special_tokens=[BOS],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return tokenizer


def tokenize(texts: list[str], tokenizer: Tokenizer, n_ctx: int) -> Int[Tensor, "text pos"]:
    """Return the texts that fill the context, cut to it, each after the beginning-of-text token."""
    bos = tokenizer.token_to_id(BOS)
    rows = [[bos, *encoding.ids][:n_ctx] for encoding in tokenizer.encode_batch(texts)]
    return torch.tensor([row for row in rows if len(row) == n_ctx])
