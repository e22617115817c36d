import pytest
import torch

from mechinterp import load_model
from mechinterp.attention import heads
from mechinterp.attention.heads import Head, all_heads, strongest_and_others
from mechinterp.attention.qk_ov import (
    embedding_at,
    full_ov_circuit,
    full_ov_circuits,
    positional_qk_circuit,
    positional_qk_circuits,
    previous_preferred,
)
from mechinterp.model.language_model import Model

NEVER = -torch.inf


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def test_the_strongest_head_is_told_from_all_others() -> None:
    scores = torch.tensor([[[0.0, 0.1], [0.9, 0.2]], [[0.2, 0.1], [0.5, 0.4]]])  # 2 prompts, layers and heads
    head, own, others = strongest_and_others(scores)
    assert head == Head(1, 0)
    assert own.tolist() == pytest.approx([0.9, 0.5])
    assert others.tolist() == pytest.approx([0.1, 0.1, 0.3])


def test_positional_scores_are_those_of_their_names() -> None:
    for name, at in {"previous": [0, 0, 1, 2], "current": [0, 1, 2, 3], "first": [0, 0, 0, 0]}.items():
        pattern = torch.zeros(1, 1, 1, 4, 4)
        pattern[..., torch.arange(4), torch.tensor(at)] = 1.0
        found = {kind: score(pattern).item() for kind, score in heads.POSITIONAL_SCORES.items()}
        assert found[name] == 1.0
        assert max(value for kind, value in found.items() if kind != name) < 0.6


def test_the_position_before_is_preferred_in_one_row_of_two() -> None:
    scores = torch.tensor(
        [
            [0.0, NEVER, NEVER, NEVER],
            [0.0, 1.0, NEVER, NEVER],  # not counted: the one before is the first
            [0.0, 2.0, 1.0, NEVER],
            [3.0, 0.0, 2.0, 0.0],
        ]
    )
    assert previous_preferred(scores).item() == 0.5
    assert previous_preferred(scores[:3, :3]).item() == 1.0


def test_positional_circuits_are_those_of_each_head(model: Model) -> None:
    found = positional_qk_circuits(model.transformer, 6)
    assert list(found) == all_heads(model.transformer)
    for head in (Head(0, 1), Head(2, 3)):
        assert torch.equal(found[head], positional_qk_circuit(model.transformer, head, 6))


@torch.no_grad()
def test_full_circuits_begin_at_the_entry_of_the_head_s_layer(model: Model) -> None:
    some = torch.tensor([5, 300])
    found = dict(full_ov_circuits(model, some))
    assert list(found) == all_heads(model.transformer)
    for head in (Head(0, 1), Head(2, 3)):
        expected = full_ov_circuit(model.transformer, head, embedding_at(model, head.layer))
        torch.testing.assert_close(found[head].dense(), expected.rows(some))
