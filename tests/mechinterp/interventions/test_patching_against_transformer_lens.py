"""Patches of the bundled model are those that TransformerLens' own patching gives."""

import pytest
import torch

from mechinterp import load_model
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.ioi.prompts import Corruption, aligned, corrupted, prompts
from mechinterp.model.bridge import open_bridge
from mechinterp.model.checkpoints import WEIGHTS

pytestmark = [pytest.mark.heavy, pytest.mark.filterwarnings("default")]


@torch.no_grad()
def test_both_give_the_same_maps(capsys: pytest.CaptureFixture) -> None:
    from transformer_lens import patching

    model, bridge = load_model(), open_bridge(WEIGHTS)
    asked = aligned(prompts(model, 60, seed=5))
    clean, broken = asked.tokens, corrupted(model, asked, Corruption.SWAPPED)
    _, cache = bridge.run_with_cache(clean)

    def metric(logits: torch.Tensor) -> torch.Tensor:
        return asked.logit_diff(logits).mean()

    theirs = patching.get_act_patch_resid_pre(bridge, broken, cache, metric)
    ours = patch_positions(model.transformer, broken, clean, Place.RESID_PRE, asked.metric).mean(0)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    theirs = patching.get_act_patch_attn_head_out_all_pos(bridge, broken, cache, metric)
    ours = patch_heads(model.transformer, broken, clean, Part.Z, asked.metric).mean(0)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
    theirs = patching.get_act_patch_attn_head_q_all_pos(bridge, broken, cache, metric)
    ours = patch_heads(model.transformer, broken, clean, Part.Q, asked.metric).mean(0)
    torch.testing.assert_close(ours, theirs, atol=1e-4, rtol=1e-4)
