"""The published circuit beside a model's own."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from figures import ioi_literature
from figures.ioi_circuit import ROLES
from lectern.figure import Result, stored
from mechinterp import load_model
from mechinterp.attention.heads import Head, all_heads
from mechinterp.ioi.circuit import find_circuit
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.published import (
    PREVIOUS_TOKEN,
    PUBLISHED,
    faithfulness_of_published,
    is_gpt2_small,
    only_at,
    precision_and_recall,
)
from mechinterp.ioi.reference import other_names
from mechinterp.ioi.without import left_without
from mechinterp.model.language_model import Model
from tests.conftest import ENGINE_ROOT
from tests.mechinterp.planted_gpt2 import GPT2_SMALL
from tests.mechinterp.planted_ioi import planted_model


@pytest.fixture(scope="module")
def model() -> Model:
    return load_model()


def test_the_published_circuit_has_26_heads_in_seven_classes() -> None:
    """As the abstract of Wang et al. 2022 says."""
    heads = {head for found in PUBLISHED.values() for head in found} | set(PREVIOUS_TOKEN)
    assert len(heads) == 26
    assert len(PUBLISHED) + 1 == 7


def test_precision_and_recall_by_hand() -> None:
    a, b, c = Head(0, 0), Head(0, 1), Head(0, 2)
    assert precision_and_recall([a, b], [b, c, Head(1, 0)]) == (1 / 2, 1 / 3)
    assert precision_and_recall([], [a]) == (0, 0)


@pytest.mark.parametrize(
    ("name", "is_it"),
    [
        ("gpt2", True),
        ("openai-community--gpt2", True),
        ("gpt2-small", True),
        ("gpt2-medium", False),
        ("planted-gpt2", False),
        ("distilgpt2", False),
    ],
)
def test_gpt2_small_is_told_by_name_and_shape(name: str, is_it: bool, model: Model) -> None:
    shape = replace(model.config, n_layers=12, n_heads=12, d_model=768, d_vocab=50_257)
    renamed = replace(model, name=name, transformer=replace(model.transformer, config=shape))
    assert is_gpt2_small(renamed) is is_it
    assert not is_gpt2_small(replace(model, name="gpt2"))


def test_a_head_is_kept_at_its_position_only(model: Model) -> None:
    """Kept at END of every prompt, the only place that the metric's direct path reads, and ablated everywhere else."""
    asked = prompts(model, 4, seed=0)
    instead, name = other_names(model, asked), "blocks.1.attn.hook_z"
    head, end = Head(1, 1), asked.positions["END"]
    own = model.transformer.cache(asked.tokens, [name])[name]
    found = only_at({head: end}, instead)(name, own)
    row = torch.arange(len(asked))
    assert torch.equal(found[row, end, head.index], own[row, end, head.index])
    found[row, end, head.index] = instead[name][row, end, head.index]
    assert torch.equal(found, instead[name])


@pytest.fixture(scope="module")
def planted() -> Model:
    """The published heads, written into a narrow transformer of GPT-2 small's layers and heads."""
    return planted_model(replace(GPT2_SMALL, d_mlp=16, n_ctx=64))


def test_where_the_published_circuit_is_planted_it_keeps_the_difference_and_others_do_not(
    planted: Model,
) -> None:
    asked = prompts(planted, 16, seed=0)
    instead, whole = other_names(planted, asked), asked.difference(planted.transformer).mean()
    assert abs(faithfulness_of_published(planted, asked, instead).mean() / whole - 1) < 0.1
    none = left_without(planted, asked, all_heads(planted.transformer), instead).mean()
    assert none / whole < 0.1


@pytest.mark.heavy
def test_the_slide_says_every_claim_of_the_figure_and_which_heads_were_found(planted: Model) -> None:
    asked = prompts(planted, 16, seed=0)
    found = find_circuit(planted, asked, other_names(planted, asked))
    heads = {name: [{"name": str(v.head)} for v in found.of(role)] for name, role in ROLES.items()}
    data = stored(ioi_literature.compute(planted, Result({"heads": heads}), n_prompts=16))
    report = ioi_literature.report(data)
    deck = (ENGINE_ROOT / "slides/mechinterp.md.j2").read_text(encoding="utf-8")
    assert all(f"[% claim figures.ioi_literature.claims.{name} %]" in deck for name in report.claims)
    assert report.claims["precision"].measured == 1
    assert report.claims["recall"].measured == 18 / 24  # six of eight backups are not planted
    assert report.claims["kept_too"].holds
    shown = {text.get_text() for text in ioi_literature.draw(data).axes[0].texts}
    assert shown >= {str(head) for heads in PUBLISHED.values() for head in heads}
