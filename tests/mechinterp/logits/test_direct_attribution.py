"""Contributions add up to the logit, by component, by head and by source."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mechinterp import load_model
from mechinterp.logits.direct_attribution import (
    bias,
    by_component,
    by_head,
    by_head_and_source,
    contribution,
    logit_diff_reader,
)
from mechinterp.model.language_model import Model
from tests.mechinterp.architectures import SUPPORTED

RIGHT, WRONG = torch.tensor([5, 6, 7]), torch.tensor([8, 9, 10])
POSITIONS = torch.tensor([11, 7, 9])


@pytest.fixture(params=[*SUPPORTED, "bundled"])
def model(request: pytest.FixtureRequest, checkpoint: Callable[[str], Path]) -> Model:
    return load_model() if request.param == "bundled" else load_model(str(checkpoint(request.param)))


@pytest.mark.heavy
@pytest.mark.filterwarnings("default")
@torch.no_grad()
def test_contributions_and_bias_are_the_logit_difference(model: Model) -> None:
    transformer = model.transformer
    tokens = torch.randint(1, 250, (3, 12), generator=torch.Generator().manual_seed(0))
    logits, cache = transformer.run_with_cache(tokens)
    reader = logit_diff_reader(transformer, RIGHT, WRONG, POSITIONS)
    rows = torch.arange(3)
    difference = logits[rows, POSITIONS, RIGHT] - logits[rows, POSITIONS, WRONG]

    components = by_component(transformer, cache, reader)
    total = torch.stack(list(components.values())).sum(0) + bias(transformer, reader, RIGHT, WRONG)
    torch.testing.assert_close(total, difference, atol=1e-4, rtol=1e-4)

    heads = by_head(transformer, cache, reader)
    sources = by_head_and_source(transformer, cache, reader)
    torch.testing.assert_close(sources.sum(-1), heads, atol=1e-4, rtol=1e-4)
    for layer, block in enumerate(transformer.blocks):
        from_bias = contribution(block.b_O.expand(3, -1), transformer, cache, reader)
        attention = components[f"blocks.{layer}.hook_attn_out"]
        torch.testing.assert_close(heads[:, layer].sum(-1) + from_bias, attention, atol=1e-4, rtol=1e-4)


def test_nothing_is_attributed_to_what_a_position_cannot_see() -> None:
    model = load_model()
    _, cache = model.run_with_cache(torch.randint(1, 250, (3, 12)))
    reader = logit_diff_reader(model.transformer, RIGHT, WRONG, POSITIONS)
    sources = by_head_and_source(model.transformer, cache, reader)
    for row, position in enumerate(POSITIONS.tolist()):
        assert (sources[row, :, :, position + 1 :] == 0).all()
        assert (sources[row, :, :, : position + 1] != 0).any()
