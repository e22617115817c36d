"""What denoising brings back, against the patches that it is made of."""

import pytest
import torch

from mechinterp import load_model
from mechinterp.interventions.activation_patching import Place, patch_positions
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.recovered import recovered_at_roles, recovered_by_heads

MODEL = load_model()
ASKED = prompts(MODEL, 6, seed=0)
BOTH = pairs(MODEL, ASKED, Corruption.SWAPPED)


def test_each_role_is_read_where_it_is_in_its_own_prompt() -> None:
    found = recovered_at_roles(MODEL, ASKED, BOTH, Place.RESID_PRE)
    patched = patch_positions(MODEL.transformer, BOTH.corrupted, BOTH.clean, Place.RESID_PRE, ASKED.metric)
    shares = BOTH.recovered(patched)
    for column, at in enumerate(ASKED.positions.values()):
        expected = sum(shares[row, :, at[row]] for row in range(6)) / 6
        torch.testing.assert_close(found[:, column], expected)


def test_the_repeated_name_brings_back_all_before_the_first_layer_and_the_others_nothing() -> None:
    first = dict(
        zip(ASKED.positions, recovered_at_roles(MODEL, ASKED, BOTH, Place.RESID_PRE)[0].tolist(), strict=True)
    )
    assert first == pytest.approx({"IO": 0, "S1": 0, "S2": 1, "END": 0}, abs=1e-4)


def test_heads_recover_for_each_prompt() -> None:
    found = recovered_by_heads(MODEL, ASKED, BOTH)
    assert found.shape == (6, MODEL.config.n_layers, MODEL.config.n_heads)
    assert found.mean(0).max() > 0.3
