"""What Wang et al. 2022 found in GPT-2 small, to compare with what is found here: heads by class, and three numbers.

Source: figure 2, and sections 2, 3 and 4. Their prompts are of other templates and names than ours, and the mean that
ablated heads write is over prompts of a template; ours is over a prompt's own words with other names (reference.py).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.interventions.ablation import Instead, narrow
from mechinterp.ioi.circuit import Role
from mechinterp.ioi.prompts import Prompts
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Tap

PUBLISHED = {
    Role.NAME_MOVER: (Head(9, 9), Head(10, 0), Head(9, 6)),
    Role.NEGATIVE: (Head(10, 7), Head(11, 10)),
    Role.S_INHIBITION: (Head(7, 3), Head(7, 9), Head(8, 6), Head(8, 10)),
    Role.DUPLICATE_TOKEN: (Head(0, 1), Head(0, 10), Head(3, 0)),
    Role.INDUCTION: (Head(5, 5), Head(5, 8), Head(5, 9), Head(6, 9)),
    Role.BACKUP: (
        *(Head(9, 0), Head(9, 7), Head(10, 1), Head(10, 2)),
        *(Head(10, 6), Head(10, 10), Head(11, 2), Head(11, 9)),
    ),
}
PREVIOUS_TOKEN = (Head(2, 2), Head(4, 11))  # a class that the search here does not have
DIFFERENCE = 3.56  # mean of logit(IO) − logit(S)
FAITHFULNESS = 0.87  # share of it that the published circuit keeps

# The position at which the published circuit has each class: a name of Prompts.positions, or the token after it.
AT = {Role.DUPLICATE_TOKEN: ("S2", 0), Role.INDUCTION: ("S2", 0)}
GPT2_SMALL = re.compile(r"(.*--)?gpt2(-small)?(@.*)?")


def is_gpt2_small(model: Model) -> bool:
    """Whether a model is GPT-2 small, by its shape and its name: gpt2, with any owner and revision, or gpt2-small."""
    config = model.config
    shape = (config.n_layers, config.n_heads, config.d_model, config.d_vocab)
    return shape == (12, 12, 768, 50_257) and GPT2_SMALL.fullmatch(model.name) is not None


def precision_and_recall(found: Iterable[Head], published: Iterable[Head]) -> tuple[float, float]:
    """Return the share of the found heads that are published, and of the published ones that were found; 0 of none."""
    found, published = set(found), set(published)
    both = len(found & published)
    return both / max(len(found), 1), both / max(len(published), 1)


@torch.no_grad()
def faithfulness_of_published(model: Model, prompts: Prompts, instead: Instead) -> Float[Tensor, " prompt"]:
    """Return the logit difference that the published circuit keeps, each head at its own position only.

    All other heads, and these at all other positions, write `instead`. Source: Wang et al. 2022, section 4.
    """
    placed = {head: AT.get(role, ("END", 0)) for role, heads in PUBLISHED.items() for head in heads}
    placed |= dict.fromkeys(PREVIOUS_TOKEN, ("S1", 1))

    def measure(part: Prompts, some: Tensor) -> Tensor:
        at = {head: part.positions[name] + after for head, (name, after) in placed.items()}
        tap = only_at(at, narrow(instead, some, part.tokens.shape[1]))
        return part.metric.of_run(model.transformer, part.tokens, tap)

    return prompts.each(model.transformer, measure)


def only_at(kept: Mapping[Head, Int[Tensor, " prompt"]], instead: Instead) -> Tap:
    """Return the tap that ablates all heads, save those kept at one position of each prompt."""

    def tap(name: str, x: Tensor) -> Tensor:
        if not name.endswith("attn.hook_z"):
            return x
        layer, ablated, row = int(name.split(".")[1]), instead[name].clone(), torch.arange(len(x))
        for head, at in kept.items():
            if head.layer == layer:
                ablated[row, at, head.index] = x[row, at, head.index]
        return ablated

    return tap
