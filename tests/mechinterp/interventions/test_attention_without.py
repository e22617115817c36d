"""Attention whose query does not read an earlier head is that of a changed query."""

from __future__ import annotations

import pytest
import torch

from mechinterp.attention.heads import Head
from mechinterp.interventions.attention_without import attention_without, names_for_query
from tests.mechinterp.interventions.test_activation_patching import prompts
from tests.mechinterp.random_models import SHAPES, random_transformer


@pytest.mark.parametrize("shape", SHAPES)
def test_attention_without_a_sender_is_that_of_a_changed_query(shape: str) -> None:
    transformer = random_transformer(shape)
    base, _ = prompts(8)
    _, cache = transformer.run_with_cache(base)
    end = torch.tensor([5, 4, 3])
    found = attention_without(transformer, cache, Head(0, 1), Head(2, 3), end)
    rows = torch.arange(3)
    written = (cache["blocks.0.attn.hook_z"][rows, end, 1]) @ transformer.blocks[0].W_O[1]
    resid = cache["blocks.2.hook_resid_pre"].clone()
    resid[rows, end] += written.mean(0) - written
    x = transformer.blocks[2].ln1.forward(resid, transformer.config, "", lambda _, y: y)
    q = cache["blocks.2.attn.hook_q"].clone()
    q[:, :, 3] = x @ transformer.blocks[2].W_Q[3] + transformer.blocks[2].b_Q[3]
    pattern = "blocks.2.attn.hook_pattern"
    changed = transformer.cache(base, [pattern], lambda name, y: q if name == "blocks.2.attn.hook_q" else y)
    torch.testing.assert_close(found, changed[pattern][rows, 3, end])
    assert (found - cache[pattern][rows, 3, end]).abs().max() > 1e-3


@pytest.mark.parametrize("receiver", [Head(1, 0), Head(0, 3)])
def test_a_head_that_is_not_later_cannot_read_the_sender(receiver: Head) -> None:
    transformer = random_transformer()
    base, _ = prompts(8)
    _, cache = transformer.run_with_cache(base)
    with pytest.raises(ValueError, match=f"a sender of a layer before {receiver}, got L1H2"):
        attention_without(transformer, cache, Head(1, 2), receiver, torch.tensor([5, 4, 3]))


def test_prompts_apart_look_as_together_where_the_mean_is_that_of_all() -> None:
    transformer = random_transformer()
    base, _ = prompts(8)
    end, receiver = torch.tensor([5, 4, 3]), Head(2, 3)
    cache = transformer.cache(base, names_for_query(transformer, receiver))
    together = attention_without(transformer, cache, Head(0, 1), receiver, end)
    mean = cache["blocks.0.attn.hook_z"][torch.arange(3), end, 1].mean(0)
    for row in range(3):
        alone = transformer.cache(base[row : row + 1], names_for_query(transformer, receiver))
        found = attention_without(transformer, alone, Head(0, 1), receiver, end[row : row + 1], mean)
        torch.testing.assert_close(found, together[row : row + 1])
