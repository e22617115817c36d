"""Facts are asked of a model one at a time, and count where its first choice is the answer."""

import pytest
import torch

from mechinterp import load_model
from mechinterp.evaluation.knowledge import is_answer, one_template, rows
from mechinterp.model.language_model import Model
from mechinterp.text.facts import capitals


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def test_an_answer_is_the_most_probable_token_at_the_end(model: Model) -> None:
    questions = [("La capital de Francia es", "París"), ("La capital de Cuba es", "La Habana")]
    logits = torch.zeros(2, 3, model.config.d_vocab)
    logits[0, -1, model.token("París")] = 1
    logits[1, -1, model.token("Habana")] = 1  # the second word of the answer
    logits[1, 0, model.token("La")] = 1
    assert is_answer(model, questions, logits).tolist() == [1, 0]
    logits[1, -1, model.token("La")] = 2
    assert is_answer(model, questions, logits).tolist() == [1, 1]


def test_questions_without_mlps_have_the_same_words_at_the_same_positions(model: Model) -> None:
    asked = [model.tokenize(prompt) for prompt, _ in capitals()]
    assert len({len(row) for row in asked}) == 1
    assert {tuple(row[:-2]) for row in asked} == {tuple(asked[0][:-2])}
    names = one_template(model, 60)
    assert len(names) > 20
    for role, at in names.positions.items():
        assert len(set(at.tolist())) == 1, role


@pytest.mark.heavy
def test_each_row_is_a_share_of_answers(model: Model) -> None:
    found = {row.name: row for row in rows(model)}
    assert len(found) == 4
    right = sum(
        model(model.tokens(prompt))[0, -1].argmax().item() == model.first_token(answer)
        for prompt, answer in capitals()
    )
    assert found["facts: share of correct answers"].mean == pytest.approx(right / len(capitals()))
