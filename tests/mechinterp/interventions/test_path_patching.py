"""Paths of one sweep are those of whole runs; all direct paths together are the patched sender."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions import path_runs
from mechinterp.interventions.activation_patching import Part, patch_heads
from mechinterp.interventions.path_patching import (
    MLP,
    Between,
    Embedding,
    Final,
    HeadInput,
    Reading,
    Receiver,
    Sender,
    patch_paths,
)
from mechinterp.interventions.run_pair import run_pair
from tests.mechinterp.interventions.test_activation_patching import RIGHT, WRONG, metric_at, prompts
from tests.mechinterp.random_models import SHAPES, random_transformer

HEADS = [Head(layer, index) for layer in range(3) for index in range(4)]
SENDERS: list[Sender] = [Embedding(), *HEADS, *(MLP(layer) for layer in range(3))]


def receivers_of(shape: str) -> st.SearchStrategy[list[Receiver]]:
    inputs = [Input.Q] if shape == "llama" else list(Input)
    every: list[Receiver] = [HeadInput(head, into) for head in HEADS for into in inputs]
    every += [*(MLP(layer) for layer in range(3)), Final()]
    return st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True)


@pytest.mark.heavy
@pytest.mark.parametrize("shape", SHAPES)
@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_paths_are_those_of_whole_runs(shape: str, seed: int, data: st.DataObject) -> None:
    transformer = random_transformer(shape, seed=seed)
    base, source = prompts(seed)
    end = torch.tensor(data.draw(st.lists(st.integers(3, 5), min_size=3, max_size=3)))
    receivers = data.draw(receivers_of(shape))
    between = data.draw(st.sampled_from(Between))
    positions = data.draw(st.sampled_from([None, end, torch.tensor([1, 2, 3])]))
    path = (
        SENDERS,
        [*receivers, *data.draw(st.sampled_from([[], [Final()]]))],
        metric_at(end),
        between,
        positions,
    )
    reading = data.draw(st.sampled_from(Reading))
    found = patch_paths(transformer, base, source, *path, reading=reading)
    wanted = path_runs.patch_paths(transformer, base, source, *path, reading=reading)
    torch.testing.assert_close(found, wanted, atol=1e-9, rtol=0)


@pytest.mark.parametrize("shape", ["gpt2", "gpt_neox"])
def test_all_direct_paths_together_are_the_node(shape: str) -> None:
    transformer = random_transformer(shape)
    base, source = prompts(5)
    metric = metric_at(torch.tensor([5, 4, 5]))
    everything: list[Receiver] = [HeadInput(head, into) for head in HEADS for into in Input]
    everything += [*(MLP(layer) for layer in range(3)), Final()]
    paths = patch_paths(transformer, base, source, HEADS, everything, metric, Between.DIRECT)
    nodes = patch_heads(transformer, base, source, Part.Z, metric).flatten(1)
    torch.testing.assert_close(paths, nodes, atol=1e-9, rtol=0)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_direct_path_to_the_logits_is_the_sender_added_at_the_end(shape: str) -> None:
    transformer = random_transformer(shape)
    base, source = prompts(6)
    end = torch.tensor([5, 4, 5])
    found = patch_paths(transformer, base, source, HEADS, [Final()], metric_at(end), Between.DIRECT)
    _, own = transformer.run_with_cache(base)
    _, other = transformer.run_with_cache(source)
    for i, head in enumerate(HEADS):
        name = f"blocks.{head.layer}.attn.hook_z"
        z = (other[name] - own[name])[:, :, head.index] @ transformer.blocks[head.layer].W_O[head.index]
        resid = own["blocks.2.hook_resid_post"] + z
        logits = transformer.ln_final.forward(resid, transformer.config, "", lambda _, x: x) @ transformer.W_U
        last = (logits + transformer.b_U)[torch.arange(3), end]
        torch.testing.assert_close(found[:, i], last[:, RIGHT] - last[:, WRONG], atol=1e-9, rtol=0)


@pytest.mark.parametrize("shape", ["gpt2", "gpt_neox"])
def test_a_sender_reaches_what_comes_after_it_and_nothing_in_its_own_place(shape: str) -> None:
    """Heads of one layer do not read each other; its MLP reads them, but where both read the same stream."""
    transformer = random_transformer(shape)
    base, source = prompts(10)
    metric = metric_at(torch.tensor([5, 4, 5]))
    query, mlp = HeadInput(Head(1, 2), Input.Q), MLP(1)

    untouched = run_pair(transformer, base, source, metric).base_metric

    def reached(sender: Sender, receiver: Receiver) -> bool:
        earlier = Head(0, 0)  # without which no path leads from any to any
        found = patch_paths(transformer, base, source, [earlier, sender], [receiver], metric)
        moved = (found - untouched[:, None]).abs() > 1e-9
        assert moved[:, 0].all()
        return bool(moved[:, 1].any())

    assert reached(Head(0, 1), query)
    assert not reached(Head(1, 1), query)
    assert not reached(MLP(1), query)
    assert reached(MLP(0), mlp)
    assert not reached(MLP(1), mlp)
    assert reached(Head(1, 1), mlp) == (not transformer.config.parallel)
    assert reached(Head(2, 1), Final())


def test_little_memory_changes_nothing() -> None:
    transformer = random_transformer()
    base, source = prompts(7, n=5)
    metric = metric_at(torch.full((5,), 5))
    receivers: list[Receiver] = [HeadInput(Head(2, 1), Input.Q), HeadInput(Head(1, 0), Input.V)]
    whole = patch_paths(transformer, base, source, HEADS, receivers, metric)
    chunked = patch_paths(transformer, base, source, HEADS, receivers, metric, memory=60_000)
    torch.testing.assert_close(chunked, whole, atol=1e-12, rtol=0)


def test_bad_input_is_refused() -> None:
    transformer = random_transformer()
    base, source = prompts(9)
    metric = metric_at(torch.full((3,), 5))

    def refused(message: str, senders: list[Sender], receivers: list[Receiver], shape: str = "gpt2") -> None:
        with pytest.raises(ValueError, match=message):
            patch_paths(random_transformer(shape), base, source, senders, receivers, metric)

    assert transformer.config.n_layers == 3
    refused("3 layers of 4 heads, got L3H0", [Head(3, 0)], [Final()])
    refused("3 layers of 4 heads, got L0H4", [Head(0, 1)], [HeadInput(Head(0, 4), Input.Q)])
    refused("layer below 3, got 5", [MLP(5)], [Final()])
    refused("no path leads", [Head(2, 0)], [HeadInput(Head(1, 0), Input.Q)])
    refused("no path leads", [Head(1, 1)], [HeadInput(Head(1, 0), Input.Q)])
    refused("no path leads", [MLP(1)], [HeadInput(Head(1, 0), Input.Q)])
    refused("no path leads", [MLP(1)], [MLP(1)])
    refused("no path leads", [Head(1, 1)], [MLP(1)], "gpt_neox")
    refused("got 0 and 1", [], [Final()])
    refused("heads share them", [Head(0, 0)], [HeadInput(Head(1, 0), Input.K)], "llama")
    with pytest.raises(ValueError, match=r"positions below 6, got \[5, 6, 5\]"):
        patch_paths(transformer, base, source, HEADS, [Final()], metric, positions=torch.tensor([5, 6, 5]))
    with pytest.raises(ValueError, match="are the same: there is nothing to patch"):
        patch_paths(transformer, base, base, HEADS, [Final()], metric)


def test_receivers_of_one_layer_cannot_see_each_other_and_those_of_two_can() -> None:
    transformer = random_transformer()
    base, source = prompts(7)
    metric = metric_at(torch.tensor([5, 4, 5]))

    def differ(*receivers: Receiver) -> bool:
        senders = [Head(0, 0), MLP(0)]
        one, other = (
            patch_paths(transformer, base, source, senders, receivers, metric, reading=reading)
            for reading in Reading
        )
        return not torch.allclose(one, other)

    assert not differ(HeadInput(Head(1, 2), Input.Q), HeadInput(Head(1, 3), Input.V))
    assert differ(HeadInput(Head(1, 2), Input.V), HeadInput(Head(2, 3), Input.V))
