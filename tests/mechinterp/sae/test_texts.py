"""What an SAE is trained on, and what is kept from it."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, models

from mechinterp import load_model
from mechinterp.model.language_model import Model
from mechinterp.sae import texts as module
from mechinterp.sae.texts import file_texts, lecture_texts


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def write(path: Path, n_tokens: int, model: Model) -> list[int]:
    """Write a text of so many tokens, lines and all; return them."""
    words = ["Ana", "fue", "a\n", "la", "tienda", ".\n\n", "Juan"]
    draw = torch.Generator().manual_seed(0)
    text = "".join(f" {words[int(i)]}" for i in torch.randint(len(words), (n_tokens,), generator=draw))
    tokens = model.tokenizer.encode(text, add_special_tokens=False).ids[:n_tokens]
    path.write_text(model.tokenizer.decode(tokens), encoding="utf-8")
    written = model.tokenizer.encode(path.read_text(encoding="utf-8"), add_special_tokens=False).ids
    assert len(written) == n_tokens
    return written


def test_a_file_is_packed_into_contexts_and_its_end_held_out(tmp_path: Path, model: Model) -> None:
    tokens = write(tmp_path / "text", 73 * 63 + 5, model)
    found = file_texts(model, tmp_path / "text")
    assert found.trained.shape == (66, 64)
    assert found.held_out.shape == (7, 64)
    both = torch.cat((found.trained, found.held_out))
    assert (both[:, 0] == model.bos).all()
    assert both[:, 1:].flatten().tolist() == tokens[: 73 * 63]
    assert found.labelled is None


def test_of_a_long_file_no_more_than_so_many_are_held_out(
    tmp_path: Path, model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MOST_TESTED", 3)
    write(tmp_path / "text", 64 * 63, model)
    found = file_texts(model, tmp_path / "text")
    assert (len(found.trained), len(found.held_out)) == (61, 3)


def test_a_model_without_a_beginning_gets_none(tmp_path: Path, model: Model) -> None:
    without = Model(model.name, model.transformer, model.tokenizer, None)
    tokens = write(tmp_path / "text", 64 * 64, model)
    assert file_texts(without, tmp_path / "text").trained[0].tolist() == tokens[:64]


def test_too_little_text_and_what_is_no_text_are_refused(tmp_path: Path, model: Model) -> None:
    write(tmp_path / "text", 64 * 63 - 1, model)
    with pytest.raises(
        ValueError, match=r"at least 4032 tokens in .*text, 64 contexts of 63, got 4031: give more text"
    ):
        file_texts(model, tmp_path / "text")
    (tmp_path / "text").write_bytes(b"\xff\xfe")
    with pytest.raises(ValueError, match=r"text is not UTF-8 text \(invalid start byte at byte 0\)"):
        file_texts(model, tmp_path / "text")
    with pytest.raises(FileNotFoundError):
        file_texts(model, tmp_path / "none")


def test_the_lectures_texts_are_others_where_they_are_held_out(
    model: Model, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAWN", 60)
    monkeypatch.setattr(module, "TESTED", 20)
    found, again, other = (lecture_texts(model, seed) for seed in (4, 4, 5))
    assert found.labelled is not None
    assert found.held_out is found.labelled.tokens
    assert found.held_out.shape == (20, 64)
    assert not {tuple(row) for row in found.trained.tolist()} & {
        tuple(row) for row in found.held_out.tolist()
    }
    assert found.digest == again.digest != other.digest


def test_a_model_that_does_not_know_their_beginning_cannot_read_them(model: Model) -> None:
    stranger = Model("stranger", model.transformer, Tokenizer(models.BPE({"a": 0}, [])), None)
    with pytest.raises(ValueError, match=r"<\|endoftext\|>, which stranger does not know: give --texts FILE"):
        lecture_texts(stranger, 0)
