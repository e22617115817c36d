"""The transformer computes what Hugging Face's and TransformerLens' compute, at every hook point."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from mechinterp import load_model
from mechinterp.model.checkpoints import WEIGHTS
from tests.mechinterp.architectures import SUPPORTED

os.environ.setdefault("HF_HUB_OFFLINE", "1")
TOLERANCE = 1e-4
HIDDEN = -1e9  # scores at least so small are those of what comes later, which attention may not see
# What the bridge shows otherwise, or does not show.
OTHERWISE = {
    "gpt_neo": ("hook_q", "hook_attn_scores"),  # q is larger here, as all scores are divided; as for OPT
    "opt": ("hook_attn_scores",),  # there they are the pattern
    "phi": ("ln2.",),  # there attention and MLP read one normalisation
}

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("default")]


@pytest.fixture(params=[*SUPPORTED, "bundled"])
def folder(request: pytest.FixtureRequest, checkpoint: Callable[[str], Path]) -> Path:
    return WEIGHTS if request.param == "bundled" else checkpoint(request.param)


@pytest.fixture
def tokens() -> torch.Tensor:
    return torch.randint(1, 256, (3, 17), generator=torch.Generator().manual_seed(1))


@torch.no_grad()
def test_logits_are_those_of_transformers(folder: Path, tokens: torch.Tensor) -> None:
    from transformers import AutoModelForCausalLM

    theirs = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)(tokens).logits
    torch.testing.assert_close(load_model(str(folder))(tokens), theirs, atol=TOLERANCE, rtol=0)


@torch.no_grad()
def test_every_activation_is_that_of_transformer_lens(
    folder: Path, tokens: torch.Tensor, request: pytest.FixtureRequest
) -> None:
    from transformer_lens.model_bridge import TransformerBridge

    bridge = TransformerBridge.boot_transformers(str(folder), dtype=torch.float32)
    bridge.enable_compatibility_mode(no_processing=True)
    logits, theirs = bridge.run_with_cache(tokens)
    ours_logits, ours = load_model(str(folder)).run_with_cache(tokens)
    torch.testing.assert_close(ours_logits, logits, atol=TOLERANCE, rtol=0)
    otherwise, compared = OTHERWISE.get(request.node.callspec.params["folder"], ()), 0
    for name, activation in ours.items():
        if any(point in name for point in otherwise):
            continue
        if name not in theirs:
            assert "hook_rot" in name  # the bridge shows rotated queries and keys of some architectures only
            continue
        other = theirs[name].view_as(activation)  # OPT's MLPs have prompts and positions in one
        seen = (activation > HIDDEN) & (other > HIDDEN)
        assert torch.equal(activation > HIDDEN, other > HIDDEN), name
        scale = other[seen].abs().max().clamp(min=1)  # rounding grows with what is rounded
        worst = (activation - other)[seen].abs().max() / scale
        assert worst <= TOLERANCE, f"{name} differs by {worst}"
        compared += 1
    config = load_model(str(folder)).config
    assert compared >= 14 * config.n_layers


def test_parity_would_notice_a_difference(checkpoint: Callable[[str], Path], tokens: torch.Tensor) -> None:
    model = load_model(str(checkpoint("gpt2")))
    before = model(tokens)
    model.transformer.blocks[0].W_Q[0, 0, 0] += 0.1
    assert (model(tokens) - before).abs().max() > TOLERANCE
