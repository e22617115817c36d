"""Read a checkpoint's tokenizer: its tokenizer.json, or GPT-2's two files, of which many checkpoints have no other."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from mechinterp.model.files import MERGES, TOKENIZER, VOCABULARY

END_OF_TEXT = "<|endoftext|>"  # GPT-2's only special token


def read_tokenizer(folder: Path, hf: Mapping[str, Any], d_vocab: int) -> Tokenizer:
    """Return the tokenizer in a folder whose config.json is `hf`, for a model of d_vocab tokens.

    It neither cuts nor pads. Raises ValueError where it is damaged, of another model, or cannot be read.
    """
    name = TOKENIZER if (folder / TOKENIZER).is_file() else VOCABULARY
    if name != TOKENIZER and hf.get("model_type") != "gpt2":  # others split texts in other ways
        raise ValueError(
            f"it has no {TOKENIZER}, and from {VOCABULARY} and {MERGES} only GPT-2's tokenizer can be made: save one "
            "beside the weights with AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    try:
        tokenizer = Tokenizer.from_file(str(folder / name)) if name == TOKENIZER else _of_gpt2(folder)
    except Exception as error:  # tokenizers raises nothing more precise
        raise ValueError(f"{name} is damaged ({error}): copy it again") from error
    if (n_tokens := tokenizer.get_vocab_size()) > d_vocab:
        raise ValueError(
            f"expected {name} to have at most the model's {d_vocab} tokens, got {n_tokens}: "
            "it belongs to another model"
        )
    tokenizer.no_truncation()  # a prompt that is too long is an error, not cut silently
    tokenizer.no_padding()
    return tokenizer


def _of_gpt2(folder: Path) -> Tokenizer:
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / VOCABULARY), str(folder / MERGES)))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    if tokenizer.token_to_id(END_OF_TEXT) is not None:
        tokenizer.add_special_tokens([END_OF_TEXT])
    return tokenizer
