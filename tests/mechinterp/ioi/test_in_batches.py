"""What is measured in batches is what is measured at once: memory says how, and not what."""

from dataclasses import replace

import pytest
import torch

from mechinterp import load_model
from mechinterp.attention.heads import all_heads
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.path_patching import Final, patch_paths
from mechinterp.ioi.circuit import find_circuit
from mechinterp.ioi.lens import difference_by_stage
from mechinterp.ioi.moved import moved_from
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.reference import other_names
from mechinterp.ioi.without import direct_effects, left_without, left_without_each
from mechinterp.logits.direct_attribution import by_head, by_head_and_source
from mechinterp.logits.logit_lens import logit_lens

MODEL = load_model()
# Two or three prompts at a time.
SMALL = replace(
    MODEL, transformer=replace(MODEL.transformer, memory=3 * MODEL.config.bytes_of_activations(20))
)
ASKED = prompts(MODEL, 10, seed=0)
EXACT = {"atol": 1e-4, "rtol": 1e-4}


def test_some_prompts_keep_their_positions_and_end_where_the_longest_ends() -> None:
    part = ASKED[torch.tensor([3, 1])]
    assert part.texts == [ASKED.texts[3], ASKED.texts[1]]
    longest = max(ASKED.positions["END"][[3, 1]].tolist())
    assert torch.equal(part.tokens, ASKED.tokens[[3, 1], : longest + 1])
    for role, at in part.positions.items():
        assert torch.equal(at, ASKED.positions[role][[3, 1]])


def test_each_gives_back_the_order_of_the_prompts() -> None:
    seen = []

    def measure(part, some):
        seen.append(len(some))
        return torch.stack([part.io, some], dim=1).float()

    found = ASKED.each(SMALL.transformer, measure)
    assert torch.equal(found.long(), torch.stack([ASKED.io, torch.arange(10)], dim=1))
    assert len(seen) > 2


@torch.no_grad()
def test_the_difference_is_that_of_all_logits() -> None:
    expected = ASKED.logit_diff(MODEL(ASKED.tokens))
    for model in (MODEL, SMALL):
        torch.testing.assert_close(ASKED.difference(model.transformer), expected, **EXACT)


@torch.no_grad()
def test_direct_effects_sources_and_the_lens_are_those_of_one_run() -> None:
    _, cache = MODEL.run_with_cache(ASKED.tokens)
    reader = ASKED.reader(MODEL.transformer)
    torch.testing.assert_close(
        direct_effects(SMALL, ASKED), by_head(MODEL.transformer, cache, reader), **EXACT
    )
    by_source = by_head_and_source(MODEL.transformer, cache, reader)
    after_io = by_source[reader.rows, :, :, ASKED.positions["IO"] + 1]
    torch.testing.assert_close(moved_from(SMALL, ASKED, [("IO", 1)])[..., 0], after_io, **EXACT)
    expected = torch.stack([ASKED.logit_diff(logits) for logits in logit_lens(MODEL, ASKED.tokens)], dim=1)
    torch.testing.assert_close(difference_by_stage(SMALL, ASKED), expected, **EXACT)


def test_patches_are_the_same_whatever_memory_there_is() -> None:
    both = pairs(MODEL, ASKED, Corruption.SWAPPED)
    heads = all_heads(MODEL.transformer)
    found = []
    for model in (MODEL, SMALL):
        runs = (model.transformer, both.corrupted, both.clean)
        found.append(
            (
                patch_positions(*runs, Place.ATTN_OUT, ASKED.metric),
                patch_heads(*runs, Part.Z, ASKED.metric),
                patch_paths(*runs, heads, [Final()], ASKED.metric, positions=ASKED.positions["END"]),
            )
        )
    for at_once, in_batches in zip(*found, strict=True):
        torch.testing.assert_close(in_batches, at_once, **EXACT)


def test_only_chosen_positions_are_patched() -> None:
    both = pairs(MODEL, ASKED, Corruption.SWAPPED)
    runs = (MODEL.transformer, both.corrupted, both.clean)
    everywhere = patch_positions(*runs, Place.RESID_PRE, ASKED.metric)
    chosen = patch_positions(*runs, Place.RESID_PRE, ASKED.metric, positions=ASKED.positions["S2"][:, None])
    rows, at = torch.arange(10), ASKED.positions["S2"]
    torch.testing.assert_close(chosen[rows, :, at], everywhere[rows, :, at], **EXACT)
    elsewhere = torch.ones_like(chosen, dtype=torch.bool)
    elsewhere[rows, :, at] = False
    unpatched = both.corrupted_diff[:, None, None].expand_as(chosen)
    torch.testing.assert_close(chosen[elsewhere], unpatched[elsewhere], **EXACT)


def test_ablations_and_the_circuit_are_the_same_whatever_memory_there_is() -> None:
    instead = other_names(MODEL, ASKED, n=2)
    some = all_heads(MODEL.transformer)[3:7]
    for measure in (left_without_each, lambda *asked: left_without(*asked[:2], some, asked[2])):
        torch.testing.assert_close(measure(SMALL, ASKED, instead), measure(MODEL, ASKED, instead), **EXACT)
    one, other = (find_circuit(model, ASKED, instead) for model in (MODEL, SMALL))
    assert one.heads == other.heads
    assert [v.effect for v in one.verdicts] == pytest.approx([v.effect for v in other.verdicts], abs=1e-3)


def test_a_large_model_is_measured_on_fewer_prompts() -> None:
    assert MODEL.affordable(300) == 300
    assert MODEL.affordable(300, runs=1e6) == 16
    assert MODEL.affordable(300, runs=1e6, at_least=12) == 12
    assert 16 < MODEL.affordable(10_000, runs=100) < 10_000
