"""What heads add directly to the answer by what they read at each of the positions that have a role."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.ioi.prompts import Prompts
from mechinterp.logits.direct_attribution import by_head_and_source, names_for_sources
from mechinterp.model.language_model import Model


@torch.no_grad()
def moved_from(
    model: Model, prompts: Prompts, sources: Sequence[tuple[str, int]]
) -> Float[Tensor, "prompt layer head source"]:
    """Return what each head adds to logit(IO) − logit(S) by what it reads: roles, and how many tokens after."""
    transformer = model.transformer

    def measure(part: Prompts, _: Tensor) -> Tensor:
        cache = transformer.cache(part.tokens, names_for_sources(transformer))
        reader = part.reader(transformer)
        moved = by_head_and_source(transformer, cache, reader)
        read = [moved[reader.rows, :, :, part.positions[role] + after] for role, after in sources]
        return torch.stack(read, dim=-1)

    return prompts.each(transformer, measure)
