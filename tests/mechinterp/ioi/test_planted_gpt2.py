"""A planted checkpoint in GPT-2's format is the planted model, and what its heads look at is known."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mechinterp import load_model
from mechinterp.attention import heads
from mechinterp.attention.heads import Head
from mechinterp.ioi.prompts import prompts
from mechinterp.model.language_model import Model
from mechinterp.text import english
from mechinterp.text.prompts import repeated_random_tokens
from tests.mechinterp.checkpoint_files import imports_transformers
from tests.mechinterp.planted_gpt2 import write_as_gpt2, write_tokenizer
from tests.mechinterp.planted_ioi import Plan, planted_model

PERIOD = 25
PLAN = Plan(
    movers=(Head(4, 3), Head(5, 1)),
    inhibitors=(Head(3, 2), Head(3, 5)),
    duplicates=(Head(0, 1), Head(1, 4)),
    previous=(Head(0, 2), Head(1, 0)),
    inductions=(Head(2, 5), Head(3, 0)),
    others=("anywhere", "repeated", "names"),
    n_layers=6,
    n_heads=6,
    n_ctx=64,
    noise=0.01,
)


@pytest.fixture(scope="module")
def model() -> Model:
    return planted_model(PLAN)


@pytest.mark.parametrize("seed", [0, 1])
def test_heads_look_where_they_are_planted_to_look_and_no_others_do(seed: int) -> None:
    model = planted_model(replace(PLAN, seed=seed))
    pattern = heads.attention_patterns(model.transformer, repeated_random_tokens(model, 20, PERIOD, seed))
    assert _high(heads.previous_token_score(pattern)) == set(PLAN.previous)
    assert _high(heads.duplicate_token_score(pattern, PERIOD)) == set(PLAN.duplicates)
    assert _high(heads.induction_score(pattern, PERIOD)) == set(PLAN.inductions)


def test_what_has_been_seen_once_is_predicted_the_second_time(model: Model) -> None:
    tokens = repeated_random_tokens(model, 20, PERIOD, 1)
    names = {model.token(name) for name in english.NAMES}  # no head says which name comes next
    log_probs = model.log_probs_of_next(tokens)
    words = torch.tensor([[token not in names for token in row] for row in tokens[:, 1:].tolist()])
    again = log_probs[:, 1 - PERIOD :][words[:, 1 - PERIOD :]]
    assert again.median() > -0.1
    assert log_probs[:, : PERIOD - 1].mean() < -4


def test_every_prompt_is_answered(model: Model) -> None:
    asked = prompts(model, 100, seed=5)
    assert (asked.logit_diff(model(asked.tokens)) > 0).all()


@imports_transformers
def test_written_as_gpt2_it_computes_the_same(model: Model, tmp_path: Path) -> None:
    from transformers import GPT2LMHeadModel

    write_as_gpt2(model, tmp_path)
    model.tokenizer.save(str(tmp_path / "tokenizer.json"))
    asked = prompts(model, 5, seed=0)
    read = load_model(str(tmp_path))
    torch.testing.assert_close(read(asked.tokens), model(asked.tokens))
    with torch.no_grad():
        theirs = GPT2LMHeadModel.from_pretrained(tmp_path)(asked.tokens).logits
    torch.testing.assert_close(theirs, model(asked.tokens), atol=1e-3, rtol=1e-4)


@imports_transformers
def test_its_tokenizer_is_read_by_transformers_and_by_this_project_alike(tmp_path: Path) -> None:
    from tokenizers import Tokenizer
    from transformers import GPT2TokenizerFast

    alphabet = ["Ġ", *"abcdefghijklmnopqrstuvwxyz", "he", "Ġhe", "<|endoftext|>"]
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    out.mkdir()
    (source / "encoder.json").write_text(json.dumps({token: i for i, token in enumerate(alphabet)}))
    (source / "vocab.bpe").write_text("#version: 0.2\nh e\nĠ he\n")
    write_tokenizer(source, out)
    ours = Tokenizer.from_file(str(out / "tokenizer.json"))
    assert ours.encode("he he<|endoftext|>").tokens == ["he", "Ġhe", "<|endoftext|>"]
    assert GPT2TokenizerFast.from_pretrained(out)("he he").input_ids == ours.encode("he he").ids


def _high(scores: Tensor) -> set[Head]:
    return set(heads.sharing(scores, 0.8)[0])
