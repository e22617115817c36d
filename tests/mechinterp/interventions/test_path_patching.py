"""Paths of one sweep are those of runs with hooks; all paths together are the node."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.interventions.activation_patching import Part, patch_heads
from mechinterp.interventions.path_patching import (
    MLP,
    Between,
    Embedding,
    Final,
    HeadInput,
    Receiver,
    Sender,
    attention_without,
    patch_paths,
)
from mechinterp.model.transformer import Block, Transformer
from tests.mechinterp.interventions.test_activation_patching import RIGHT, WRONG, metric_at, prompts
from tests.mechinterp.random_models import SHAPES, random_transformer

HEADS = [Head(layer, index) for layer in range(3) for index in range(4)]
SENDERS: list[Sender] = [Embedding(), *HEADS, *(MLP(layer) for layer in range(3))]


def slow(
    transformer: Transformer,
    base: Tensor,
    source: Tensor,
    sender: Sender,
    receivers: list[Receiver],
    between: Between,
    end: Tensor,
    positions: Tensor | None,
) -> Tensor:
    """One run for what the sender changes, one for what the receivers make of it, position by position, no tricks."""
    config = transformer.config
    _, own = transformer.run_with_cache(base)
    _, other = transformer.run_with_cache(source)
    chosen = torch.ones_like(base, dtype=torch.bool)
    if positions is not None:
        chosen = torch.arange(base.shape[1]) == positions[:, None]

    def norm(block: Block, which: str, x: Tensor) -> Tensor:
        return getattr(block, which).forward(x, config, "", lambda _, y: y)

    def kept(change: Tensor) -> Tensor:
        return change * chosen[..., None]

    change = torch.zeros_like(own["blocks.0.hook_resid_pre"])
    if isinstance(sender, Embedding):
        change = other["blocks.0.hook_resid_pre"] - own["blocks.0.hook_resid_pre"]
    stream = own["blocks.0.hook_resid_pre"]
    for layer, block in enumerate(transformer.blocks):
        before = change
        q, k, v = (
            torch.einsum("bpd,hdk->bphk", norm(block, "ln1", stream), W) + b
            for W, b in ((block.W_Q, block.b_Q), (block.W_K, block.b_K), (block.W_V, block.b_V))
        )
        x = norm(block, "ln1", stream + kept(before))
        for receiver in receivers:
            if isinstance(receiver, HeadInput) and receiver.head.layer == layer:
                target, W, b = {
                    Input.Q: (q, block.W_Q, block.b_Q),
                    Input.K: (k, block.W_K, block.b_K),
                    Input.V: (v, block.W_V, block.b_V),
                }[receiver.input]
                head = receiver.head.index
                target[:, :, head] = x @ W[head] + b[head]
        replaced = {"attn.hook_q": q, "attn.hook_k": k, "attn.hook_v": v}
        attn = block.attention(
            norm(block, "ln1", stream), config, "attn", lambda n, t, r=replaced: r.get(n, t)
        )
        if isinstance(sender, Head) and sender.layer == layer:
            z = (other[f"blocks.{layer}.attn.hook_z"] - own[f"blocks.{layer}.attn.hook_z"])[
                :, :, sender.index
            ]
            change = change + z @ block.W_O[sender.index]
        mid = stream + attn
        mlp_reads = stream if config.parallel else mid
        seen = before if config.parallel else change
        read = mlp_reads + kept(seen) if MLP(layer) in receivers else mlp_reads
        stream = mid + block.mlp(norm(block, "ln2", read), config, "", lambda _, y: y)
        if between is Between.MLPS:
            place = "hook_resid_pre" if config.parallel else "hook_resid_mid"
            anew = norm(block, "ln2", own[f"blocks.{layer}.{place}"] + seen)
            change = (
                change + block.mlp(anew, config, "", lambda _, y: y) - own[f"blocks.{layer}.hook_mlp_out"]
            )
        if sender == MLP(layer):
            change = change + other[f"blocks.{layer}.hook_mlp_out"] - own[f"blocks.{layer}.hook_mlp_out"]
    if Final() in receivers:
        stream = stream + kept(change)
    logits = norm(transformer, "ln_final", stream) @ transformer.W_U + transformer.b_U  # type: ignore[arg-type]
    last = logits[torch.arange(len(base)), end]
    return last[:, RIGHT] - last[:, WRONG]


def receivers_of(shape: str) -> st.SearchStrategy[list[Receiver]]:
    inputs = [Input.Q] if shape == "llama" else list(Input)
    every: list[Receiver] = [HeadInput(head, into) for head in HEADS for into in inputs]
    every += [*(MLP(layer) for layer in range(3)), Final()]
    return st.lists(st.sampled_from(every), min_size=1, max_size=4, unique=True)


@pytest.mark.parametrize("shape", ["gpt2", "gpt_neox"])
@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 10_000), data=st.data())
def test_paths_are_those_of_slow_runs(shape: str, seed: int, data: st.DataObject) -> None:
    transformer = random_transformer(shape, seed=seed)
    base, source = prompts(seed)
    end = torch.tensor(data.draw(st.lists(st.integers(3, 5), min_size=3, max_size=3)))
    receivers = data.draw(receivers_of(shape))
    between = data.draw(st.sampled_from(Between))
    positions = data.draw(st.sampled_from([None, end, torch.tensor([1, 2, 3])]))
    found = patch_paths(
        transformer,
        base,
        source,
        [Embedding(), *SENDERS[1:]],
        [*receivers, Final()],
        metric_at(end),
        between,
        positions,
    )
    for i, sender in enumerate(SENDERS):
        wanted = slow(transformer, base, source, sender, [*receivers, Final()], between, end, positions)
        torch.testing.assert_close(found[:, i], wanted, atol=1e-9, rtol=0)


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


def test_little_memory_changes_nothing() -> None:
    transformer = random_transformer()
    base, source = prompts(7, n=5)
    metric = metric_at(torch.full((5,), 5))
    receivers: list[Receiver] = [HeadInput(Head(2, 1), Input.Q), HeadInput(Head(1, 0), Input.V)]
    whole = patch_paths(transformer, base, source, HEADS, receivers, metric)
    chunked = patch_paths(transformer, base, source, HEADS, receivers, metric, memory=60_000)
    torch.testing.assert_close(chunked, whole, atol=1e-12, rtol=0)


def test_attention_without_a_sender_is_that_of_a_changed_query() -> None:
    transformer = random_transformer()
    base, _ = prompts(8)
    _, cache = transformer.run_with_cache(base)
    end = torch.tensor([5, 4, 3])
    found = attention_without(transformer, cache, Head(0, 1), Head(2, 3), end)
    rows = torch.arange(3)
    written = (cache["blocks.0.attn.hook_z"][rows, end, 1]) @ transformer.blocks[0].W_O[1]
    resid = cache["blocks.2.hook_resid_pre"].clone()
    resid[rows, end] += written.mean(0) - written
    x = transformer.blocks[2].ln1.forward(resid, transformer.config, "", lambda _, y: y)
    q = x @ transformer.blocks[2].W_Q[3] + transformer.blocks[2].b_Q[3]
    for row, position in enumerate(end.tolist()):
        keys = cache["blocks.2.attn.hook_k"][row, : position + 1, 3]
        pattern = (keys @ q[row, position] / 8**0.5).softmax(0)
        torch.testing.assert_close(found[row, : position + 1], pattern)
        assert (found[row, position + 1 :] == 0).all()


def test_bad_input_is_refused() -> None:
    transformer = random_transformer()
    base, source = prompts(9)
    metric = metric_at(torch.full((3,), 5))

    def refused(message: str, senders: list[Sender], receivers: list[Receiver], shape: str = "gpt2") -> None:
        with pytest.raises(ValueError, match=message):
            patch_paths(random_transformer(shape), base, source, senders, receivers, metric)

    assert transformer.config.n_layers == 3
    refused("3 layers of 4 heads, got 3.0", [Head(3, 0)], [Final()])
    refused("3 layers of 4 heads, got 0.4", [Head(0, 1)], [HeadInput(Head(0, 4), Input.Q)])
    refused("layer below 3, got 5", [MLP(5)], [Final()])
    refused("no path leads", [Head(2, 0)], [HeadInput(Head(1, 0), Input.Q)])
    refused("got 0 and 1", [], [Final()])
    refused("heads share them", [Head(0, 0)], [HeadInput(Head(1, 0), Input.K)], "llama")
    with pytest.raises(ValueError, match=r"positions below 6, got \[5, 6, 5\]"):
        patch_paths(transformer, base, source, HEADS, [Final()], metric, positions=torch.tensor([5, 6, 5]))
    with pytest.raises(ValueError, match="are the same: there is nothing to patch"):
        patch_paths(transformer, base, base, HEADS, [Final()], metric)
