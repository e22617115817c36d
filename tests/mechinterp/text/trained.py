"""A tokenizer such as the lecture's model has, trained on fewer texts."""

from __future__ import annotations

import functools

from tokenizers import Tokenizer

from mechinterp.text.corpus import draw_texts
from mechinterp.text.lexicon.vocabulary import CERTAIN
from mechinterp.text.tokenizer import train_tokenizer

D_VOCAB = 3000


@functools.cache
def texts() -> list[str]:
    """Return the texts that it is trained on."""
    return draw_texts(2000, seed=0)


@functools.cache
def tokenizer() -> Tokenizer:
    """Return a tokenizer with the words of the corpus."""
    return train_tokenizer(texts(), D_VOCAB, CERTAIN)
