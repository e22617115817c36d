"""How heads reach the answer: by writing it, or by telling the head that writes it where to look."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head, all_heads, strongest
from mechinterp.interventions.path_patching import Between, Final, HeadInput, patch_paths
from mechinterp.ioi.pairs import Pairs
from mechinterp.ioi.prompts import Prompts
from mechinterp.model.language_model import Model


@dataclass(frozen=True, eq=False)
class Routes:
    """What noising one path of each head changes, in multiples of the mean logit difference.

    `mover` is the head whose direct path to the logits changes most, `inhibitor` the one whose path to the mover's
    queries does.
    """

    to_logits: Float[Tensor, "prompt layer head"]
    to_queries: Float[Tensor, "prompt layer head"]  # 0 from the mover's layer on: there is no path
    mover: Head
    inhibitor: Head


@torch.no_grad()
def routes(model: Model, prompts: Prompts, both: Pairs) -> Routes:
    """Patch paths into the clean run from the corrupted one; MLPs between are recomputed, heads are not.

    Raises ValueError where the mover is in the first layer: no head is before it. Source: Wang et al. 2022, section 3.
    """
    n_layers, n_heads = model.config.n_layers, model.config.n_heads

    def effects(senders: Sequence[Head], receiver: Final | HeadInput) -> Tensor:
        patched = patch_paths(
            model.transformer,
            both.clean,
            both.corrupted,
            senders,
            [receiver],
            prompts.metric,
            Between.MLPS,
            positions=prompts.positions["END"],
        )
        found = patched.new_zeros(len(prompts), n_layers * n_heads)
        found[:, : len(senders)] = both.changed(patched)
        return found.unflatten(1, (n_layers, n_heads))

    heads = all_heads(model.transformer)
    to_logits = effects(heads, Final())
    mover = strongest(-to_logits)
    if mover.layer == 0:
        raise ValueError(f"expected a name mover after the first layer of {model.name}, got {mover}")
    to_queries = effects([head for head in heads if head.layer < mover.layer], HeadInput(mover, Input.Q))
    return Routes(to_logits, to_queries, mover, strongest(-to_queries))
