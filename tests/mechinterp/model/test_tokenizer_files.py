"""A tokenizer in one file, and GPT-2's in two, read alike."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

from mechinterp.model.tokenizer import END_OF_TEXT, read_tokenizer
from tests.mechinterp.checkpoint_files import imports_transformers

GPT2 = {"model_type": "gpt2"}
TEXT = (
    "Cuando María y Juan fueron al mercado, Juan le dio pan a María. It's Mary's: they'd bought 1984 apples.\n"
    * 9
)
SAID = [
    "  dos  espacios\n\ny líneas",
    "¡Año 1984!",
    f"antes{END_OF_TEXT}después",
    "they'd 你好 🙂",
    " Juan",
    "Juan",
    "",
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a vocabulary and merges, and no tokenizer.json."""
    learned = Tokenizer(models.BPE())
    learned.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, initial_alphabet=alphabet, special_tokens=[END_OF_TEXT], show_progress=False
    )
    learned.train_from_iterator([TEXT], trainer)
    learned.model.save(str(tmp_path))
    return tmp_path


def whole(folder: Path) -> Path:
    """Make of a folder's two files the one, in another folder."""
    tokenizer = Tokenizer(models.BPE.from_file(str(folder / "vocab.json"), str(folder / "merges.txt")))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([END_OF_TEXT])
    (folder / "whole").mkdir()
    tokenizer.enable_truncation(3)
    tokenizer.save(str(folder / "whole" / "tokenizer.json"))
    return folder / "whole"


def test_two_files_say_what_one_says(folder: Path) -> None:
    one, two = read_tokenizer(whole(folder), {}, 400), read_tokenizer(folder, GPT2, 400)
    assert two.get_vocab() == one.get_vocab()
    for text in SAID:
        ids = two.encode(text).ids
        assert ids == one.encode(text).ids
        assert two.decode(ids, skip_special_tokens=False) == text
    assert two.token_to_id(END_OF_TEXT) in two.encode(SAID[2]).ids
    assert END_OF_TEXT not in two.decode(two.encode(SAID[2]).ids)


@imports_transformers
def test_two_files_say_what_transformers_reads_in_them(folder: Path) -> None:
    from transformers import GPT2TokenizerFast

    theirs, ours = GPT2TokenizerFast.from_pretrained(str(folder)), read_tokenizer(folder, GPT2, 400)
    for text in SAID:
        assert ours.encode(text).ids == theirs(text).input_ids


def test_nothing_is_cut(folder: Path) -> None:
    assert len(read_tokenizer(whole(folder), {}, 400).encode(TEXT).ids) > 100


def test_a_model_may_have_more_tokens_and_no_fewer(folder: Path) -> None:
    n_tokens = len(json.loads((folder / "vocab.json").read_text()))
    assert read_tokenizer(folder, GPT2, n_tokens).get_vocab_size() == n_tokens
    with pytest.raises(
        ValueError, match=f"expected vocab.json to have at most the model's {n_tokens - 1} tokens"
    ):
        read_tokenizer(folder, GPT2, n_tokens - 1)


def test_other_models_split_texts_in_other_ways(folder: Path) -> None:
    with pytest.raises(
        ValueError, match=r"it has no tokenizer\.json, and .* only GPT-2's .*save_pretrained\(FOLDER\)"
    ):
        read_tokenizer(folder, {"model_type": "qwen2"}, 400)


@pytest.mark.parametrize("name", ["vocab.json", "merges.txt"])
def test_damage_is_said(folder: Path, name: str) -> None:
    (folder / name).write_text('{"a": ' if name == "vocab.json" else "a b c d\n")
    with pytest.raises(ValueError, match=r"vocab\.json is damaged \(.*\): copy it again"):
        read_tokenizer(folder, GPT2, 400)
