"""The circuit that is found is what interventions on the model say."""

from __future__ import annotations

import pytest
import torch

from mechinterp import load_model
from mechinterp.attention.heads import all_heads
from mechinterp.interventions.ablation import Instead, run_without
from mechinterp.ioi.circuit import (
    Circuit,
    Role,
    Verdict,
    counts,
    faithfulness,
    find_circuit,
    incompleteness,
    minimality,
)
from mechinterp.ioi.prompts import Prompts, prompts
from mechinterp.ioi.reference import other_names
from mechinterp.model.language_model import Model

pytestmark = pytest.mark.heavy


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def asked(model: Model) -> Prompts:
    return prompts(model, 100, seed=3)


@pytest.fixture(scope="module")
def instead(model: Model, asked: Prompts) -> Instead:
    return other_names(model, asked)


@pytest.fixture(scope="module")
def circuit(model: Model, asked: Prompts, instead: Instead) -> Circuit:
    return find_circuit(model, asked, instead)


def test_every_verdict_has_an_interval_on_one_side_of_zero_and_outdoes_the_control(circuit: Circuit) -> None:
    assert circuit.verdicts
    for verdict in circuit.verdicts:
        assert verdict.low <= verdict.effect <= verdict.high
        assert verdict.low * verdict.high > 0
        assert abs(verdict.effect) > 3 * abs(circuit.control[verdict.role])


def test_it_names_a_mover_and_what_inhibits_it_on_other_prompts_too(model: Model, circuit: Circuit) -> None:
    more = prompts(model, 100, seed=4)
    other = find_circuit(model, more, other_names(model, more))
    for role in (Role.NAME_MOVER, Role.S_INHIBITION):
        assert circuit.of(role)
        assert [v.head for v in circuit.of(role)] == [v.head for v in other.of(role)]


@pytest.mark.parametrize("sign", [1, -1])
def test_an_effect_counts_by_its_sign_its_size_and_an_interval_that_excludes_zero(sign: int) -> None:
    spread = torch.linspace(-1, 1, 100)[:, None]
    effects = {
        "sure": 0.2 + 0.1 * spread,
        "of the other sign": -0.2 + 0.1 * spread,
        "too small": 0.04 + 0.01 * spread,
        "large on average, but its interval includes zero": 0.06 + spread,
        "none": 0 * spread,
    }
    found = counts(sign * torch.cat(list(effects.values()), dim=1), sign)
    assert found.tolist() == [True, False, False, False, False]


def test_all_heads_are_faithful_and_none_are_not(
    model: Model, asked: Prompts, circuit: Circuit, instead: Instead
) -> None:
    whole = faithfulness(model, asked, all_heads(model.transformer), instead)
    torch.testing.assert_close(whole, asked.logit_diff(model(asked.tokens)))
    assert faithfulness(model, asked, [], instead).mean().abs() < 0.1 * circuit.difference
    assert 0.8 < faithfulness(model, asked, circuit.heads, instead).mean() / circuit.difference < 1.2


def test_heads_at_random_are_not_faithful(
    model: Model, asked: Prompts, circuit: Circuit, instead: Instead
) -> None:
    outside = [head for head in all_heads(model.transformer) if head not in circuit.heads]
    kept = outside[: len(circuit.heads)]
    assert faithfulness(model, asked, kept, instead).mean() < 0.2 * circuit.difference


def test_minimality_is_what_the_circuit_loses(
    model: Model, asked: Prompts, circuit: Circuit, instead: Instead
) -> None:
    needed = minimality(model, asked, circuit, instead)
    head = circuit.of(Role.NAME_MOVER)[0].head
    rest = [other for other in all_heads(model.transformer) if other not in circuit.heads or other == head]
    logits, _ = run_without(model.transformer, asked.tokens, rest, instead)
    lost = faithfulness(model, asked, circuit.heads, instead).mean() - asked.logit_diff(logits).mean()
    assert needed[head] == pytest.approx(lost.item() / circuit.difference, abs=1e-4)
    assert set(needed) == set(circuit.heads)


def test_the_whole_model_is_complete_and_its_circuit_nearly(
    model: Model, asked: Prompts, circuit: Circuit, instead: Instead
) -> None:
    verdicts = tuple(
        Verdict(head, Role.SUPPORT, -1.0, -1.0, -1.0, 0.0) for head in all_heads(model.transformer)
    )
    assert incompleteness(model, asked, Circuit(verdicts, {}, circuit.difference), instead, n=3) < 1e-5
    assert 0 < incompleteness(model, asked, circuit, instead, n=3) < 0.5


def test_a_model_that_does_not_do_the_task_is_refused(model: Model, asked: Prompts) -> None:
    backwards = Prompts(asked.tokens, asked.subject, asked.io, asked.positions, asked.texts)
    with pytest.raises(ValueError, match="to do the task"):
        find_circuit(model, backwards, {})
