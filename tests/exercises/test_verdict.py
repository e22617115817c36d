"""What a student is told of an answer."""

import pytest
import torch

from exercises.checks.induction import found_head
from exercises.checks.spanish import decimal
from exercises.checks.verdict import Mistake, NotWritten, WrongAnswer, compare, task

EXPECTED = torch.tensor([[1.0, 2.0], [3.0, 4.0]])
TURNED = Mistake(lambda: EXPECTED.T, "está traspuesta.")


def told(got: object, *mistakes: Mistake) -> str:
    with pytest.raises(WrongAnswer) as caught:
        compare("f", got, EXPECTED, "[head pos]", mistakes)
    return str(caught.value)


@pytest.mark.parametrize("got", [EXPECTED, EXPECTED.tolist(), EXPECTED.double() + 1e-6])
def test_a_right_answer_passes(got: object) -> None:
    compare("f", got, EXPECTED, "[head pos]", [TURNED])


def test_the_usual_mistake_is_named() -> None:
    assert told(EXPECTED.T, TURNED) == "f: está traspuesta."


def test_a_mistake_may_have_another_shape() -> None:
    assert told(EXPECTED.sum(0), Mistake(lambda: EXPECTED.sum(0), "suma.")) == "f: suma."


def test_any_other_answer_is_told_where_it_differs_most() -> None:
    got = EXPECTED.clone()
    got[1, 0] = -0.5
    said = told(got, TURNED)
    assert "La mayor diferencia está en [1, 0], [head pos], donde da −0,5000 y debería dar 3,0000" in said


def test_a_small_difference_is_not_overlooked() -> None:
    assert "no es lo esperado" in told(EXPECTED * 1.001)


@pytest.mark.parametrize(
    ("got", "said"),
    [
        (None, "¿Falta el return?"),
        ("text", "devuelve str"),
        (EXPECTED[:1], "tiene la forma [1, 2] y debería tener [2, 2], [head pos]"),
        (EXPECTED * torch.nan, "NaN"),
    ],
)
def test_what_is_no_answer_is_told(got: object, said: str) -> None:
    assert said in told(got, TURNED)


def test_a_notebook_shows_the_message_alone() -> None:
    assert WrongAnswer("f: mal")._render_traceback_() == ["✗ f: mal"]


def test_a_long_message_is_broken_between_words() -> None:
    message = "f: " + "palabra " * 30
    lines = WrongAnswer(message)._render_traceback_()
    assert max(map(len, lines)) <= 100
    assert " ".join(lines) == f"✗ {message}".strip()


def test_a_task_that_is_right_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    @task
    def adding(answer: object) -> None:
        compare("adding", answer, EXPECTED, "[head pos]")

    adding(EXPECTED)
    assert capsys.readouterr().out == "✓ adding: correcto\n"
    with pytest.raises(WrongAnswer):
        adding(2 * EXPECTED)
    assert capsys.readouterr().out == ""


def test_a_task_that_is_not_written_says_what_to_write() -> None:
    @task
    def adding(answer: object) -> None:
        raise NotImplementedError("escribe adding")

    with pytest.raises(NotWritten) as caught:
        adding(EXPECTED)
    assert caught.value._render_traceback_() == ["→ escribe adding"]
    assert caught.value.__suppress_context__


@pytest.mark.parametrize(("x", "written"), [(1.234, "1,23"), (-1.5, "−1,50"), (-0.001, "0,00")])
def test_numbers_are_spanish(x: float, written: str) -> None:
    assert decimal(x) == written


SCORES = torch.tensor([[0.1, 0.2, 0.3], [0.1, 0.9, 0.1], [0.3, 0.0, 0.1], [0.5, 0.0, 0.0]])
OTHER = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]])
WIDE = torch.tensor([[0.0, 0.0, 1.0], [0.0, 0.0, 0.0]])


@pytest.mark.parametrize(
    ("answer", "scores", "said"),
    [
        ((2, 0), WIDE, "has cambiado el orden"),
        ((2, 2), SCORES, "se cuentan desde 0"),
        ((0, 2), SCORES, "esa es la otra"),
        ((3, 0), SCORES, "hay otra con una puntuación más alta"),
        (7, SCORES, "escribe un par"),
    ],
)
def test_a_wrong_head_is_told(answer: object, scores: torch.Tensor, said: str) -> None:
    with pytest.raises(WrongAnswer, match=said):
        found_head("head", answer, scores, {"la otra": OTHER})


def test_the_right_head_passes(capsys: pytest.CaptureFixture[str]) -> None:
    found_head("head", (1, 1), SCORES, {"la otra": OTHER})
    assert capsys.readouterr().out == "✓ head: L1H1: correcto\n"
