"""A byte-level BPE tokenizer, trained on the corpus, in which common words are whole."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Sequence

import torch
from jaxtyping import Int
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers
from torch import Tensor

BOS = "<|endoftext|>"  # before every text, as token 0
PIECES = 600  # tokens that are learned by merging, the 256 bytes among them


def train_tokenizer(texts: Sequence[str], d_vocab: int, certain: Iterable[str] = ()) -> Tokenizer:
    """Return a tokenizer of at most d_vocab tokens that splits text as GPT-2's does, and puts a space before it.

    So a word is the same token at the beginning of a text and within it. The first PIECES tokens are those of byte-pair
    encoding; the rest are whole words: those that are `certain` to be tokens, then the most frequent ones. A word that
    is no token is put together from pieces. Source: Sennrich et al. 2016 (byte-pair encoding); Radford et al. 2019 (on
    bytes); whole words are looked up before merges, as in Llama 3's tokenizer: they need no merges of their own.
    """
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=True)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.train_from_iterator(
        texts,
        trainers.BpeTrainer(
            vocab_size=min(PIECES, d_vocab),
            special_tokens=[BOS],
            initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
            show_progress=False,
        ),
    )
    return _with_words(tokenizer, (*certain, *_by_frequency(texts)), d_vocab)


def _by_frequency(texts: Iterable[str]) -> list[str]:
    """Return the words of texts, the most frequent first."""
    counts = Counter(word for text in texts for word in re.findall(r"[^\W\d]+", text))
    return sorted(counts, key=lambda word: (-counts[word], word))


def _with_words(tokenizer: Tokenizer, words: Iterable[str], d_vocab: int) -> Tokenizer:
    """Return the tokenizer with words as further tokens, up to d_vocab in all."""
    described = json.loads(tokenizer.to_str())
    vocabulary = described["model"]["vocab"]
    described["model"]["ignore_merges"] = True
    for word in words:
        ((token, _),) = tokenizer.pre_tokenizer.pre_tokenize_str(word)
        if len(vocabulary) < d_vocab and token not in vocabulary:
            vocabulary[token] = len(vocabulary)
    return Tokenizer.from_str(json.dumps(described))


def tokenize(texts: list[str], tokenizer: Tokenizer, n_ctx: int) -> Int[Tensor, "text pos"]:
    """Return the texts that fill the context, cut to it, each after the beginning-of-text token."""
    bos = tokenizer.token_to_id(BOS)
    rows = [[bos, *encoding.ids][:n_ctx] for encoding in tokenizer.encode_batch(texts)]
    return torch.tensor([row for row in rows if len(row) == n_ctx])
