"""Where the circuit is known, because it was written into the weights, the search finds it and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from mechinterp.attention.composition import Input, composition_score
from mechinterp.attention.heads import (
    Head,
    all_heads,
    attention_patterns,
    induction_score,
    of_head,
    strongest,
)
from mechinterp.interventions.ablation import run_without
from mechinterp.ioi.circuit import Role, find_circuit
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.model.language_model import Model
from mechinterp.text import english
from tests.mechinterp.planted_gpt2 import GPT2_SMALL
from tests.mechinterp.planted_ioi import Plan, planted_model, roles

SMALLEST = Plan()
PUBLISHED_CLASSES = Plan(
    previous=(Head(0, 1),),
    duplicates=(Head(0, 3),),
    inductions=(Head(1, 0),),
    inhibitors=(Head(2, 2), Head(2, 0)),
    movers=(Head(3, 1), Head(4, 0)),
    negatives=(Head(4, 2),),
    backups=(Head(5, 1),),
    copiers_of_s=(Head(4, 3),),
    dead=(Head(1, 1), Head(5, 3)),
    n_layers=6,
)
ELSEWHERE = Plan(
    previous=(Head(0, 5),),
    duplicates=(Head(0, 0), Head(1, 4)),
    inductions=(Head(2, 5),),
    inhibitors=(Head(3, 3),),
    movers=(Head(4, 2), Head(4, 5), Head(5, 1)),
    negatives=(Head(6, 0),),
    backups=(Head(6, 4), Head(6, 1)),
    n_layers=7,
    n_heads=6,
)


@pytest.mark.heavy
@pytest.mark.parametrize(("noise", "seed"), [(0.0, 1), (0.01, 2), (0.03, 3)])
@pytest.mark.parametrize(
    "plan", [SMALLEST, PUBLISHED_CLASSES, ELSEWHERE], ids=["smallest", "all", "elsewhere"]
)
def test_every_head_that_was_planted_is_found_and_no_other(plan: Plan, noise: float, seed: int) -> None:
    model = planted_model(replace(plan, noise=noise, seed=seed))
    asked = prompts(model, 40, seed=3)
    circuit = find_circuit(model, asked, other_names(model, asked))
    assert {role: {verdict.head for verdict in circuit.of(role)} for role in Role} == roles(plan)


@pytest.mark.heavy
def test_the_published_heads_of_gpt2_small_are_found_where_they_are_planted() -> None:
    model = planted_model(replace(GPT2_SMALL, d_mlp=64, n_ctx=64))
    asked = prompts(model, 4, seed=3)
    circuit = find_circuit(model, asked, other_names(model, asked))
    assert {role: {verdict.head for verdict in circuit.of(role)} for role in Role} == roles(GPT2_SMALL)


@pytest.mark.heavy
def test_a_backup_head_is_idle_until_the_movers_are_gone() -> None:
    """Otherwise the test above would not show that it is recognised by what it does without them."""
    model, (backup,) = planted_model(PUBLISHED_CLASSES), PUBLISHED_CLASSES.backups
    asked = prompts(model, 40, seed=3)
    rows = torch.arange(len(asked))

    def at_io(removed: tuple[Head, ...]) -> float:
        _, cache = run_without(model.transformer, asked.tokens, removed, other_names(model, asked))
        pattern = cache[f"blocks.{backup.layer}.attn.hook_pattern"][:, backup.index]
        return pattern[rows, asked.positions["END"], asked.positions["IO"]].mean().item()

    assert at_io(()) < 0.3
    assert at_io(PUBLISHED_CLASSES.movers) > 0.9


def test_the_planted_induction_head_is_found_with_the_head_that_it_reads() -> None:
    (previous,), (induction,) = PUBLISHED_CLASSES.previous, PUBLISHED_CLASSES.inductions
    model = planted_model(PUBLISHED_CLASSES)
    scores = induction_score(attention_patterns(model.transformer, repeated_names(model)), period=8)
    assert strongest(scores) == induction
    assert of_head(scores, induction).mean() > 0.95
    assert scores.mean(0).flatten().sort().values[-2] < 0.3
    senders = [head for head in all_heads(model.transformer) if head.layer < induction.layer]
    assert (
        max(senders, key=lambda head: composition_score(model.transformer, head, induction, Input.K))
        == previous
    )


def repeated_names(model: Model, n: int = 20, period: int = 8) -> torch.Tensor:
    """Return blocks of names in random order, each repeated once."""
    names = torch.tensor([model.token(name) for name in english.NAMES])
    draw = torch.Generator().manual_seed(0)
    blocks = torch.stack([names[torch.randperm(len(names), generator=draw)[:period]] for _ in range(n)])
    return torch.cat((torch.full((n, 1), model.bos), blocks, blocks), dim=1)
