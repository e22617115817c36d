"""Sources give the same batch for the same step, and hold no more than they say."""

from __future__ import annotations

import weakref
from typing import Any

import pytest
import torch
from torch import Tensor

from mechinterp.model.transformer import Block
from mechinterp.sae.activations import Activations, Centred, Held, activations
from mechinterp.sae.autoencoder import StandardSAE
from tests.mechinterp.random_models import random_transformer

HOOK = "blocks.1.hook_resid_post"


def texts(n: int = 30) -> Tensor:
    return torch.randint(0, 20, (n, 9), generator=torch.Generator().manual_seed(5))


def source(**changes: int) -> Activations:
    return Activations(random_transformer(), texts(), HOOK, **{"size": 12, "contexts": 5, **changes})


def as_rows(x: Tensor) -> set[tuple[float, ...]]:
    return {tuple(row) for row in x.tolist()}


def test_held_vectors_are_drawn_by_step_and_seed_alone() -> None:
    vectors = torch.arange(40.0)[:, None].expand(40, 3)
    held = Held(vectors, size=16, seed=2)
    assert held.batch(7).shape == (16, 3)
    assert torch.equal(held.batch(7), Held(vectors, size=16, seed=2).batch(7))
    assert not torch.equal(held.batch(7), held.batch(8))
    assert not torch.equal(held.batch(7), Held(vectors, size=16, seed=3).batch(7))


def test_a_step_has_always_the_same_batch_in_whatever_order_they_are_asked_for() -> None:
    forwards = [source().batch(step) for step in range(7)]
    one = source()
    for step in (6, 0, 3, 3, 1, 5):
        assert torch.equal(one.batch(step), forwards[step])
    assert not torch.equal(source(seed=1).batch(0), forwards[0])
    assert not torch.equal(forwards[0], forwards[1])


def test_batches_are_what_the_model_has_at_the_hook_but_at_the_first_position() -> None:
    there = activations(random_transformer(), texts(), HOOK)
    asked = source()
    found = {row for step in range(40) for row in as_rows(asked.batch(step).double())}
    rounded = {tuple(round(v, 6) for v in row) for row in found}
    assert rounded <= {tuple(round(v, 6) for v in row) for row in as_rows(there[:, 1:].flatten(0, 1))}
    assert not rounded & {tuple(round(v, 6) for v in row) for row in as_rows(there[:, 0])}


def test_a_round_is_cut_without_repetition_and_what_is_left_is_not_used() -> None:
    whole = Activations(
        random_transformer(), texts(1), HOOK, size=3, contexts=1
    )  # 8 positions: 3, 3 and 2 left
    first = as_rows(whole.batch(0)) | as_rows(whole.batch(1))
    assert len(first) == 6
    assert as_rows(whole.batch(2)) != as_rows(whole.batch(0))  # of the next round


def test_only_the_latest_round_is_held(monkeypatch: pytest.MonkeyPatch) -> None:
    made: list[weakref.ref[Tensor]] = []

    def recording(*arguments: object) -> Tensor:
        x = activations(*arguments)  # type: ignore[arg-type]
        made.append(weakref.ref(x))
        return x

    monkeypatch.setattr("mechinterp.sae.activations.activations", recording)
    asked = source()
    held: list[weakref.ref[Tensor]] = []
    for step in range(9):  # three a round
        batch = asked.batch(step)
        assert asked._round is not None
        if step % 3 == 0:
            held.append(weakref.ref(asked._round[1]))
        assert len(made) == step // 3 + 1  # each round runs the model once
        del batch
    assert [ref() is not None for ref in held] == [False, False, True]
    assert all(ref() is None for ref in made)


def test_heads_are_put_side_by_side() -> None:
    transformer, tokens = random_transformer(), texts(2)
    z = transformer.cache(tokens, ["blocks.0.attn.hook_z"])["blocks.0.attn.hook_z"]
    found = activations(transformer, tokens, "blocks.0.attn.hook_z")
    assert found.shape == (2, 9, 32)
    assert torch.equal(found[..., 8:16], z[:, :, 1])


def test_rounds_that_do_not_fill_a_batch_and_other_hooks_are_refused() -> None:
    with pytest.raises(ValueError, match="expected at least 41 positions in 5 contexts, got 40"):
        source(size=41).batch(0)
    wrong = Activations(random_transformer(), texts(), "blocks.7.hook_resid_post", size=12, contexts=5)
    with pytest.raises(ValueError, match=r"no hook point blocks\.7\.hook_resid_post"):
        wrong.batch(0)


def test_an_sae_reads_them() -> None:
    x = source().batch(0)
    eye = torch.eye(16, dtype=x.dtype)
    sae = StandardSAE(eye, torch.zeros(16, dtype=x.dtype), eye, torch.zeros(16, dtype=x.dtype))
    assert torch.equal(sae.encode(x), x.relu())


def test_what_is_no_vector_for_each_position_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"a vector for each position at blocks\.1\.attn\.hook_pattern, got \(3, 4, 9, 9\)"
    ):
        activations(random_transformer(), texts(3), "blocks.1.attn.hook_pattern")


def test_layers_after_the_hook_point_are_not_run(monkeypatch: pytest.MonkeyPatch) -> None:
    transformer, tokens = random_transformer(), texts(2)
    whole = activations(transformer, tokens, HOOK)
    run: list[Block] = []
    attention = Block.attention

    def counted(block: Block, *arguments: Any) -> torch.Tensor:
        run.append(block)
        return attention(block, *arguments)

    monkeypatch.setattr(Block, "attention", counted)
    assert torch.equal(activations(transformer, tokens, HOOK), whole)
    assert len(run) == 2 < transformer.config.n_layers
    assert torch.equal(whole, transformer.cache(tokens, [HOOK])[HOOK])


def test_a_source_less_its_mean_has_the_same_vectors_less_it() -> None:
    held = Held(torch.randn(30, 5, generator=torch.Generator().manual_seed(0)) + 7, size=6, seed=1)
    mean = held.vectors.mean(0)
    assert torch.equal(Centred(held, mean).batch(3), held.batch(3) - mean)
