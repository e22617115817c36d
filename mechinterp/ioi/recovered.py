"""What denoising brings back on IOI prompts: by layer at the positions that have a role, and by head."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.ioi.pairs import Pairs
from mechinterp.ioi.prompts import Prompts
from mechinterp.model.language_model import Model


def recovered_at_roles(
    model: Model, prompts: Prompts, both: Pairs, place: Place
) -> Float[Tensor, "layer role"]:
    """Return the mean share recovered by each layer's output at IO, S1, S2 and END, wherever they are in a prompt."""
    at_roles = torch.stack(list(prompts.positions.values()), dim=1)
    runs = (model.transformer, both.corrupted, both.clean)
    patched = patch_positions(*runs, place, prompts.metric, positions=at_roles)
    shares, rows = both.recovered(patched), torch.arange(len(prompts))
    return torch.stack([shares[rows, :, at].mean(0) for at in prompts.positions.values()], dim=1)


def recovered_by_heads(model: Model, prompts: Prompts, both: Pairs) -> Float[Tensor, "prompt layer head"]:
    """Return the share recovered by the output of each head at all positions."""
    patched = patch_heads(model.transformer, both.corrupted, both.clean, Part.Z, prompts.metric)
    return both.recovered(patched)
