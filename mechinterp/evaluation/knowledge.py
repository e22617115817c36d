"""What a model knows of the closed world of facts, and that its MLPs hold it while heads move names."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.evaluation.bounds import Behaviour, behaviour
from mechinterp.interventions.ablation import Ablation, instead_of, run_without
from mechinterp.interventions.paths import MLP
from mechinterp.ioi.prompts import Prompts, aligned, prompts, speaks_spanish
from mechinterp.ioi.without import left_without
from mechinterp.model.language_model import Model
from mechinterp.text.facts import capitals, questions_in_two_hops
from mechinterp.text.templates import HELD_OUT_TEMPLATES

PLAIN = next(
    template for template in HELD_OUT_TEMPLATES if template.startswith("{A} y {B} se encontraron {at}")
)
N_PROMPTS, SEED = 400, 10_000


@torch.no_grad()
def rows(model: Model) -> list[Behaviour]:
    """Return how many facts a model knows, in one step and in two, and what is left of facts and names without MLPs."""
    facts, names = capitals(), one_template(model)
    tokens = model.tokens([prompt for prompt, _ in facts])
    whole = is_answer(model, facts, model(tokens))
    without = is_answer(model, facts, without_mlps(model, tokens))
    others = instead_of(model.transformer, names.tokens, Ablation.RESAMPLE)
    names_left = left_without(model, names, mlps(model), others)
    two_steps = torch.cat(
        [is_answer(model, [one], model(model.tokens(one[0]))) for one in questions_in_two_hops()]
    )
    return [
        behaviour("facts: share of correct answers", whole, 0.95),
        behaviour("facts in two steps, held-out cities", two_steps, 0.8),
        behaviour("facts that are lost without the MLPs", whole - without, 0.4),
        behaviour("IOI without the MLPs, share of correct answers", (names_left > 0).float(), 0.8),
    ]


def without_mlps(model: Model, tokens: Int[Tensor, "prompt pos"]) -> Float[Tensor, "prompt pos d_vocab"]:
    """Return the logits of a run in which every MLP writes what it does on another of the prompts."""
    instead = instead_of(model.transformer, tokens, Ablation.RESAMPLE)
    return run_without(model.transformer, tokens, mlps(model), instead)[0]


def mlps(model: Model) -> list[MLP]:
    """Return the MLPs of all layers."""
    return [MLP(layer) for layer in range(model.config.n_layers)]


def one_template(model: Model, n: int = N_PROMPTS, seed: int = SEED) -> Prompts:
    """Return prompts of one held-out template with the same words at the same positions.

    Raises ValueError for a model that does not read Spanish.
    """
    if not speaks_spanish(model):
        raise ValueError(
            f"expected a model that reads Spanish, as the facts are in Spanish, got {model.name}"
        )
    return aligned(prompts(model, n, seed, [PLAIN]))


def is_answer(
    model: Model, questions: Sequence[tuple[str, str]], logits: Float[Tensor, "question pos d_vocab"]
) -> Float[Tensor, " question"]:
    """Return 1 where the most probable token at the end is the first of the answer, 0 elsewhere."""
    first = [model.first_token(answer) for _, answer in questions]
    right: Int[Tensor, " question"] = torch.tensor(first, device=logits.device)
    return (logits[:, -1].argmax(-1) == right).float()
