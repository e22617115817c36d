"""Prompts in the language that a model's tokens suggest."""

import re
from dataclasses import replace

import pytest

from mechinterp import load_model
from mechinterp.ioi import prompts as ioi
from mechinterp.model.language_model import Model
from mechinterp.text import english
from mechinterp.text.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def english_model() -> Model:
    """The lecture's model with a tokenizer of English prompts; what it computes does not matter here."""
    model = load_model()
    texts = [
        t.format(A=a, B=b, S=a, place="park", thing="book")
        for t in english.TEMPLATES
        for a in english.NAMES
        for b in english.NAMES
    ]
    return replace(model, tokenizer=train_tokenizer(texts, model.config.d_vocab))


def test_the_language_is_that_of_the_names_that_are_tokens(english_model: Model) -> None:
    assert ioi.language_of(load_model()) is ioi.SPANISH
    assert ioi.language_of(english_model) is ioi.ENGLISH


def test_english_prompts_ask_for_the_other_of_two_people(english_model: Model) -> None:
    asked = ioi.prompts(english_model, 60, seed=1)
    name = re.compile(rf"\b({'|'.join(english.NAMES)})\b")
    for row, text in enumerate(asked.texts):
        a, b, giver = name.findall(text)
        assert a != b
        answer = english_model.string(int(asked.io[row])).strip()
        assert {giver, answer} == {a, b}
        assert text.endswith(" to")
        for role in ("S1", "S2"):
            token = int(asked.tokens[row, asked.positions[role][row]])
            assert english_model.string(token).strip() == giver
    orders = {name.findall(text)[0] == name.findall(text)[2] for text in asked.texts}
    assert orders == {True, False}


def test_there_are_a_dozen_templates_and_names_enough() -> None:
    assert len(set(english.TEMPLATES)) >= 12
    assert len(set(english.NAMES)) == len(english.NAMES) >= 30
