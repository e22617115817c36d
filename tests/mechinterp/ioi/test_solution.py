"""How a model solves the task, where that is known."""

import pytest

from mechinterp.attention.heads import Head
from mechinterp.ioi.solution import solution
from tests.mechinterp.planted_ioi import Plan, planted_model


def test_a_planted_circuit_of_heads_writes_all_of_the_answer() -> None:
    plan = Plan(movers=(Head(3, 1),), inhibitors=(Head(2, 2),))
    found = solution(planted_model(plan), n_prompts=20, seed=3)
    assert found.right == 1
    assert found.by_heads == pytest.approx(1, abs=1e-3)
    assert (found.routes.mover, found.routes.inhibitor) == (Head(3, 1), Head(2, 2))
    assert found.inhibition == pytest.approx(
        -2, abs=0.1
    )  # the inhibitor alone decides: noising it swaps the answer


def test_two_inhibitors_share_what_one_does() -> None:
    plan = Plan(movers=(Head(3, 1),), inhibitors=(Head(2, 2), Head(2, 0)))
    found = solution(planted_model(plan), n_prompts=20, seed=3)
    # Half of it is left for S, and half has turned to IO: IO and the two mentions of S are looked at alike.
    assert found.inhibition == pytest.approx(-1 - 1 / 3, abs=0.05)
