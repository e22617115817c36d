"""How the answer comes about: the head that writes most of it, and the head that directs its attention."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.heads import Head, all_heads, of_head, strongest
from mechinterp.evaluation.bounds import Behaviour, behaviour
from mechinterp.interventions.attention_without import attention_without, names_for_query
from mechinterp.ioi.prompts import Prompts
from mechinterp.ioi.without import direct_effects
from mechinterp.model.language_model import Model


def name_mover(model: Model, prompts: Prompts) -> list[Behaviour]:
    """Return how the answer comes about: the head that writes most of it, and the head that directs its attention.

    Attention to a name is attention to its first mention or to the token after it, to which a previous-token head may
    have copied it.
    """
    direct = direct_effects(model, prompts)
    mover = strongest(direct)
    preference = _preferences(model, prompts, mover)
    whole, without = preference[:, 0], preference[:, 1:]
    found = [
        behaviour(
            "name mover: contribution to the logit difference", of_head(direct, mover), 1.0, where=str(mover)
        ),
        behaviour("name mover: attention to IO minus attention to S", whole, 0.2, where=str(mover)),
    ]
    if mover.layer == 0:  # a head of the first layer reads no other head
        return found
    moved = whole[:, None] - without
    best = int(moved.mean(0).argmax())
    where = str(all_heads(model.transformer)[best])
    path = behaviour("… of which through its queries, from head", moved[:, best], 0.1, where=where)
    return [*found, path]


def _preferences(model: Model, prompts: Prompts, mover: Head) -> Float[Tensor, "prompt sender"]:
    """Return a head's attention from END to IO minus that to S: as it is, and without reading each head before it."""
    transformer = model.transformer
    senders = [head for head in all_heads(transformer) if head.layer < mover.layer]
    names = names_for_query(transformer, mover)
    pattern = f"blocks.{mover.layer}.attn.hook_pattern"

    def written(part: Prompts, _: Tensor) -> Tensor:
        cache = transformer.cache(part.tokens, names)
        zs = [cache[f"blocks.{layer}.attn.hook_z"] for layer in range(mover.layer)]
        return torch.stack([z[torch.arange(len(part)), part.positions["END"]] for z in zs], dim=1)

    mean = prompts.each(transformer, written).mean(0) if senders else torch.empty(0)

    def measure(part: Prompts, _: Tensor) -> Tensor:
        end = part.positions["END"]
        cache = transformer.cache(part.tokens, [*names, pattern])
        looks = [cache[pattern][torch.arange(len(part)), mover.index, end]]
        for head in senders:
            instead = mean[head.layer, head.index]
            looks.append(attention_without(transformer, cache, head, mover, end, instead))
        return torch.stack([_preference(attention, part) for attention in looks], dim=1)

    return prompts.each(transformer, measure)


def _preference(attention: Float[Tensor, "prompt src_pos"], prompts: Prompts) -> Float[Tensor, " prompt"]:
    row = torch.arange(len(prompts))
    io, s = (
        attention[row, at] + attention[row, at + 1]
        for at in (prompts.positions[name] for name in ("IO", "S1"))
    )
    return io - s
