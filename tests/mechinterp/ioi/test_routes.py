"""The routes to the answer are those that path patching one head at a time finds."""

import pytest
import torch

from mechinterp import load_model
from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head, of_head
from mechinterp.interventions.path_patching import Between, Final, HeadInput, patch_paths
from mechinterp.ioi.pairs import Pairs, pairs
from mechinterp.ioi.prompts import Corruption, Prompts, prompts
from mechinterp.ioi.routes import Routes, routes
from mechinterp.model.language_model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def asked(model: Model) -> Prompts:
    return prompts(model, 30, seed=5)


@pytest.fixture(scope="module")
def both(model: Model, asked: Prompts) -> Pairs:
    return pairs(model, asked, Corruption.SWAPPED)


@pytest.fixture(scope="module")
def found(model: Model, asked: Prompts, both: Pairs) -> Routes:
    return routes(model, asked, both)


@pytest.mark.parametrize("into", ["logits", "queries"])
def test_an_effect_is_that_of_patching_the_head_s_path_alone(
    model: Model, asked: Prompts, both: Pairs, found: Routes, into: str
) -> None:
    receiver = Final() if into == "logits" else HeadInput(found.mover, Input.Q)
    effects = found.to_logits if into == "logits" else found.to_queries
    for sender in (Head(0, 1), found.inhibitor):
        end = asked.positions["END"]
        patched = patch_paths(
            model.transformer,
            both.clean,
            both.corrupted,
            [sender],
            [receiver],
            asked.metric,
            Between.MLPS,
            end,
        )
        torch.testing.assert_close(
            of_head(effects, sender), both.changed(patched)[:, 0], atol=1e-4, rtol=1e-3
        )


def test_the_mover_and_the_inhibitor_change_most_and_the_latter_is_before_the_former(found: Routes) -> None:
    assert of_head(found.to_logits, found.mover).mean() <= found.to_logits.mean(0).min() + 1e-5
    assert of_head(found.to_queries, found.inhibitor).mean() <= found.to_queries.mean(0).min() + 1e-5
    assert found.inhibitor.layer < found.mover.layer
    assert not found.to_queries[:, found.mover.layer :].any()
