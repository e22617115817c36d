"""The logit lens on IOI prompts: the difference of the two names, read at the end after each layer."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.ioi.prompts import Prompts
from mechinterp.logits.logit_lens import stages
from mechinterp.model.language_model import Model


@torch.no_grad()
def difference_by_stage(model: Model, prompts: Prompts) -> Float[Tensor, "prompt stage"]:
    """Return logit(IO) − logit(S) read before the first layer and after each layer; no other logits are computed."""

    def measure(part: Prompts, _: Tensor) -> Tensor:
        rows, end = torch.arange(len(part)), part.positions["END"]
        read = [stage[rows, end][:, None] for stage in stages(model.transformer, part.tokens)]
        return torch.stack([part.metric.measure(model.transformer, resid, rows) for resid in read], dim=1)

    return prompts.each(model.transformer, measure)
