"""What a model has learned, measured on templates, names, seeds and sentences held out from training."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from jaxtyping import Int
from torch import Tensor

from mechinterp.attention.heads import (
    Pattern,
    Scores,
    current_token_score,
    duplicate_token_score,
    first_token_score,
    induction_score,
    measured_on,
    of_head,
    previous_token_score,
    strongest,
)
from mechinterp.evaluation import knowledge
from mechinterp.evaluation.bounds import Behaviour, behaviour
from mechinterp.evaluation.handwritten import answers, kinds, sentences
from mechinterp.evaluation.name_mover import name_mover
from mechinterp.ioi.prompts import SPANISH, language_of
from mechinterp.ioi.prompts import prompts as ioi_prompts
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import ordinary_text, random_tokens, repeated_random_tokens

SEED = 10_000  # far from the seeds of training
N_PROMPTS = 500
N_TOKENS = 48
PERIOD = 25
# Least shares of right answers in sentences written by hand. Facts in other words than the corpus has for them, and who
# has what, are measured and not asked: the model has not learned them.
BY_HAND = {"ioi": 0.97, "induction": 0.97, "list": 0.97}


@torch.no_grad()
def behaviours(model: Model, n: int = N_PROMPTS, seed: int = SEED) -> list[Behaviour]:
    """Return all measurements of a model, each over n prompts; a large model is measured on fewer."""
    prompts = ioi_prompts(model, model.affordable(n, runs=4), seed)
    difference = prompts.difference(model.transformer)
    n_long = model.affordable(n, runs=4, n_positions=2 * PERIOD)
    loss = repetition_loss(model, n_long, seed)
    return [
        behaviour("IOI, share of correct answers", (difference > 0).float(), 0.99),
        behaviour("IOI, logit difference", difference, 4.0),
        behaviour("loss on the repeated half, nats per token", loss, 0.15, at_least=False),
        *name_mover(model, prompts),
        *_heads(model, n_long, seed),
        *(by_hand(model) + knowledge.rows(model) if language_of(model) is SPANISH else []),
    ]


def _heads(model: Model, n: int, seed: int) -> list[Behaviour]:
    """Return how far the best head of each kind is of that kind.

    Text shows where heads attend by default; random tokens show what they do by position or by token alone.
    """
    text = ordinary_text(model, n, min(N_TOKENS, model.config.n_ctx), seed)
    random = random_tokens(model, n, 2 * PERIOD, seed)
    repeated = repeated_random_tokens(model, n, PERIOD, seed)
    by_period = (
        ("induction head", partial(induction_score, period=PERIOD), 0.85),
        ("duplicate-token head", partial(duplicate_token_score, period=PERIOD), 0.4),
    )
    return [
        *_best(
            model,
            random,
            ("previous-token head", previous_token_score, 0.6),
            ("current-token head", current_token_score, 0.8),
        ),
        *_best(model, text, ("first-token head", first_token_score, 0.6)),
        *_best(model, repeated, *by_period),
    ]


def _best(
    model: Model, tokens: Int[Tensor, "prompt pos"], *kinds: tuple[str, Callable[[Pattern], Scores], float]
) -> list[Behaviour]:
    """Return, for kinds of heads by name and score with the least that is asked, the score of the highest-scoring."""

    def measure(pattern: Pattern) -> Tensor:
        return torch.stack([score(pattern) for _, score, _ in kinds], dim=1)

    found = []
    measured = measured_on(model.transformer, tokens, measure).unbind(1)
    for (name, _, required), scores in zip(kinds, measured, strict=True):
        head = strongest(scores)
        found.append(behaviour(name, of_head(scores, head), required, where=str(head)))
    return found


def by_hand(model: Model) -> list[Behaviour]:
    """Return how often a model prefers the answer in sentences written by hand, for each kind of them."""
    found = []
    for kind in kinds():
        difference = answers(model, sentences(kind)).difference
        share = (difference > 0).float()
        found.append(behaviour(f"by hand, {kind}: share of correct answers", share, BY_HAND.get(kind)))
        if kind == "ioi":
            found.append(behaviour("by hand, ioi: logit difference", difference, 4.0))
    return found


def repetition_loss(model: Model, n: int, seed: int) -> Tensor:
    """Return the mean loss over the second half of each repeated random sequence, in nats per token.

    The first token of the second half cannot be predicted and is left out. Shape: (n,).
    """
    tokens = repeated_random_tokens(model, n, PERIOD, seed)
    return -model.log_probs_of_next(tokens)[:, 1 - PERIOD :].mean(-1)
