"""Patches of one sweep are those of one whole run each."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.interventions import patched_runs
from mechinterp.interventions.activation_patching import (
    patch_heads,
    patch_heads_and_positions,
    patch_positions,
)
from mechinterp.interventions.metrics import Metric, logit_diff
from mechinterp.interventions.patched_runs import Part, Place
from tests.mechinterp.random_models import SHAPES, random_transformer

RIGHT, WRONG = 3, 7


def prompts(seed: int, n: int = 3, length: int = 6) -> tuple[Tensor, Tensor]:
    """Two sets of prompts that first differ at another position each."""
    draw = torch.Generator().manual_seed(seed)
    base = torch.randint(0, 20, (n, length), generator=draw)
    source = base.clone()
    for row in range(n):
        first = int(torch.randint(0, length - 1, (1,), generator=draw))
        source[row, first] = (base[row, first] + 1 + int(torch.randint(0, 18, (1,), generator=draw))) % 20
        again = int(torch.randint(first, length, (1,), generator=draw))
        source[row, again] = (base[row, again] + 1) % 20
    return base, source


def metric_at(positions: Tensor) -> Metric:
    n = len(positions)
    return logit_diff(torch.full((n,), RIGHT), torch.full((n,), WRONG), positions)


def drawn_metric(data: st.DataObject) -> Metric:
    """The logit difference at a position of each of three prompts, which may lie before the first difference."""
    return metric_at(torch.tensor(data.draw(st.lists(st.integers(2, 5), min_size=3, max_size=3))))


def places(shape: str) -> list[Place]:
    return [p for p in Place if not (shape == "gpt_neox" and p is Place.RESID_MID)]


@pytest.mark.heavy
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_positions_are_those_of_whole_runs(shape: str, seed: int, data: st.DataObject) -> None:
    transformer = random_transformer(shape, seed=seed)
    base, source = prompts(seed)
    metric, place = drawn_metric(data), data.draw(st.sampled_from(places(shape)))
    found = patch_positions(transformer, base, source, place, metric)
    assert found.shape == (3, 3, 6)
    wanted = patched_runs.patch_positions(transformer, base, source, place, metric)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_heads_are_those_of_whole_runs(shape: str, seed: int, data: st.DataObject) -> None:
    """Keys and values that heads share, as in Llama, are patched for one head as if it had its own."""
    transformer = random_transformer(shape, n_layers=2, seed=seed)
    base, source = prompts(seed)
    metric, part = drawn_metric(data), data.draw(st.sampled_from(Part))
    found = patch_heads(transformer, base, source, part, metric)
    wanted = patched_runs.patch_heads(transformer, base, source, part, metric)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=4, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_heads_at_positions_are_those_of_whole_runs(shape: str, seed: int, data: st.DataObject) -> None:
    transformer = random_transformer(shape, n_layers=2, seed=seed)
    base, source = prompts(seed)
    metric, part = drawn_metric(data), data.draw(st.sampled_from(Part))
    found = patch_heads_and_positions(transformer, base, source, part, metric)
    wanted = patched_runs.patch_heads_and_positions(transformer, base, source, part, metric)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.parametrize("memory", [60_000, 200_000, 2**30])
def test_chunks_change_nothing(memory: int) -> None:
    transformer = random_transformer()
    base, source = prompts(1, n=5)
    metric = metric_at(torch.full((5,), 5))
    whole = patch_heads(transformer, base, source, Part.Z, metric)
    chunked = patch_heads(transformer, base, source, Part.Z, metric, memory=memory)
    torch.testing.assert_close(chunked, whole, atol=1e-12, rtol=0)
    positions = patch_positions(transformer, base, source, Place.RESID_PRE, metric, memory=memory)
    torch.testing.assert_close(
        positions, patch_positions(transformer, base, source, Place.RESID_PRE, metric), atol=1e-12, rtol=0
    )


def test_both_directions_meet_where_everything_is_patched() -> None:
    transformer = random_transformer()
    clean, corrupted = prompts(2, n=4)
    positions = torch.full((4,), 5)
    metric = metric_at(positions)
    end_of_clean = transformer(clean)[torch.arange(4), 5]
    denoised = patch_positions(transformer, corrupted, clean, Place.RESID_POST, metric)
    torch.testing.assert_close(denoised[:, -1, 5], end_of_clean[:, RIGHT] - end_of_clean[:, WRONG])
    end_of_corrupted = transformer(corrupted)[torch.arange(4), 5]
    noised = patch_positions(transformer, clean, corrupted, Place.RESID_POST, metric)
    torch.testing.assert_close(noised[:, -1, 5], end_of_corrupted[:, RIGHT] - end_of_corrupted[:, WRONG])


def test_positions_before_the_first_difference_are_exact_no_ops() -> None:
    transformer = random_transformer()
    base = torch.tensor([[1, 2, 3, 4, 5, 6]])
    source = torch.tensor([[1, 2, 3, 9, 5, 6]])
    metric = metric_at(torch.tensor([5]))
    found = patch_positions(transformer, base, source, Place.RESID_PRE, metric)
    unpatched = metric.measure(
        transformer,
        transformer.run_with_cache(base)[1]["blocks.2.hook_resid_post"][:, 5:6],
        torch.tensor([0]),
    )
    assert (found[:, :, :3] == unpatched).all()
    assert (found[:, :, 3] != unpatched).all()


def test_any_metric_of_logits_at_several_positions() -> None:
    transformer = random_transformer()
    base, source = prompts(3)
    read = torch.tensor([[1, 5], [0, 4], [3, 5]])

    def of_logits(logits: Tensor, prompts_: Tensor) -> Tensor:
        return logits.log_softmax(-1)[..., RIGHT].sum(-1)

    metric = Metric(read, of_logits)
    found = patch_positions(transformer, base, source, Place.RESID_PRE, metric)
    wanted = patched_runs.patch_positions(transformer, base, source, Place.RESID_PRE, metric)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


def refused(message: str, **changed: object) -> None:
    base, source = prompts(4)
    arguments = {
        "transformer": random_transformer(),
        "base": base,
        "source": source,
        "place": Place.RESID_PRE,
        "metric": metric_at(torch.tensor([5, 5, 5])),
        **changed,
    }
    with pytest.raises(ValueError, match=message):
        patch_positions(**arguments)  # type: ignore[arg-type]


def test_bad_input_is_refused_with_what_was_expected() -> None:
    base, _ = prompts(4)
    refused(r"same shape, got \(3, 6\) and \(3, 5\)", source=base[:, :5])
    refused(r"prompts \[0, 1, 2\] are the same: there is nothing to patch", source=base)
    refused("positions below 6, got 6", metric=metric_at(torch.tensor([5, 6, 5])))
    refused("no residual stream between", transformer=random_transformer("gpt_neox"), place=Place.RESID_MID)
    refused("expected memory for one patched run", memory=10)
    reads = torch.tensor([[5], [5], [5]])
    refused(r"return shape \(3,\), got \(3, 20\)", metric=Metric(reads, lambda logits, _: logits[:, 0]))
    refused("finite numbers, got NaN", metric=Metric(reads, lambda logits, _: logits[:, 0, 0] / 0))
