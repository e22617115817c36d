"""What heads write where nothing says who is who: the reference of ablations on this task."""

from __future__ import annotations

import torch

from mechinterp.interventions.ablation import Instead, mean_over
from mechinterp.ioi.prompts import Corruption, Prompts, corrupted
from mechinterp.model.language_model import Model

N_VERSIONS = 8


@torch.no_grad()
def other_names(model: Model, prompts: Prompts, n: int = N_VERSIONS, seed: int = 0) -> Instead:
    """Return what heads and MLPs write on average over versions of each prompt with three other names, none repeated.

    Position by position: all that a head knows of the sentence but its names is kept. Wang et al. 2022 (section 3.1)
    average over the prompts of a template; here the other words are the prompt's own too, so that templates need not
    have one length. Raises ValueError where the model has too few names of one token.
    """
    versions = [corrupted(model, prompts, Corruption.STRANGERS, seed + i) for i in range(n)]
    return mean_over(model.transformer, torch.stack(versions))
