import pytest
import torch

from mechinterp import load_model
from mechinterp.attention.heads import Head, all_heads
from mechinterp.interventions.ablation import Instead, run_without
from mechinterp.ioi.prompts import Prompts, prompts
from mechinterp.ioi.reference import other_names
from mechinterp.ioi.without import direct_effects, heads_that_write, left_without_each, taken_over
from mechinterp.logits.direct_attribution import by_head
from mechinterp.model.language_model import Model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


@pytest.fixture(scope="module")
def asked(model: Model) -> Prompts:
    return prompts(model, 12, seed=0)


@pytest.fixture(scope="module")
def instead(model: Model, asked: Prompts) -> Instead:
    return other_names(model, asked)


def test_each_head_is_removed_in_turn(model: Model, asked: Prompts, instead: Instead) -> None:
    heads = all_heads(model.transformer)
    left = left_without_each(model, asked, instead)
    assert left.shape == (12, len(heads))
    for head in (Head(0, 2), Head(2, 3)):
        logits, _ = run_without(model.transformer, asked.tokens, [head], instead)
        torch.testing.assert_close(left[:, heads.index(head)], asked.logit_diff(logits))


@torch.no_grad()
def test_what_the_others_take_over_is_what_they_write_more(
    model: Model, asked: Prompts, instead: Instead
) -> None:
    removed = [Head(0, 2), Head(1, 5)]
    change = taken_over(model, asked, removed, instead)
    reader = asked.reader(model.transformer)
    _, cache = model.run_with_cache(asked.tokens)
    _, without = run_without(model.transformer, asked.tokens, removed, instead)
    for head in all_heads(model.transformer):
        at = (slice(None), head.layer, head.index)
        expected = (by_head(model.transformer, without, reader) - by_head(model.transformer, cache, reader))[
            at
        ]
        expected = torch.zeros(12) if head in removed else expected
        torch.testing.assert_close(change[at], expected, atol=1e-5, rtol=1e-4)


def test_only_later_heads_can_take_over_but_for_the_final_scale(
    model: Model, asked: Prompts, instead: Instead
) -> None:
    """Heads of no later layer write the same vectors; what these are read as depends on the stream's scale alone."""
    change = taken_over(model, asked, [Head(2, 3)], instead)
    reader = asked.reader(model.transformer)
    _, cache = model.run_with_cache(asked.tokens)
    _, without = run_without(model.transformer, asked.tokens, [Head(2, 3)], instead)
    before, after = (c["ln_final.hook_scale"][reader.rows, reader.positions] for c in (cache, without))
    expected = by_head(model.transformer, cache, reader) * (before / after - 1)[:, None]
    torch.testing.assert_close(change[:, :2], expected[:, :2], atol=1e-5, rtol=1e-3)


@torch.no_grad()
def test_without_none_removed_direct_effects_are_those_of_the_run_itself(
    model: Model, asked: Prompts
) -> None:
    _, cache = model.run_with_cache(asked.tokens)
    expected = by_head(model.transformer, cache, asked.reader(model.transformer))
    torch.testing.assert_close(direct_effects(model, asked), expected)


def test_heads_that_write_a_share_are_those_whose_direct_effect_is_that_large(
    model: Model, asked: Prompts
) -> None:
    written = direct_effects(model, asked).mean(0)
    ordered = sorted(all_heads(model.transformer), key=lambda head: -written[head.layer, head.index])
    second = written[ordered[1].layer, ordered[1].index] / written.sum()
    assert set(heads_that_write(model, asked, second.item() - 1e-6)) == set(ordered[:2])
    assert heads_that_write(model, asked, second.item() + 1e-6) == ordered[:1]
