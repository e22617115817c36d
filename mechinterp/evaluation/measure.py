"""What is measured during training, or of its checkpoints, on a few held-out prompts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import torch

from mechinterp.attention.heads import attention_patterns, induction_score, previous_token_score
from mechinterp.evaluation.behaviour import PERIOD, SEED, repetition_loss
from mechinterp.evaluation.checkpoints import Checkpoints
from mechinterp.evaluation.handwritten import answers, sentences
from mechinterp.ioi.prompts import prompts as ioi_prompts
from mechinterp.model.language_model import Model
from mechinterp.model.loading import load_model
from mechinterp.model.transformer import Transformer
from mechinterp.text.prompts import repeated_random_tokens

N_PROMPTS = 64


def measure_of(model_of: Callable[[Transformer], Model]) -> Callable[[Transformer], dict[str, float]]:
    """Return a function that measures a transformer in training, to which `model_of` adds a tokenizer."""
    by_hand = sentences("ioi")

    @torch.no_grad()
    def measure(transformer: Transformer) -> dict[str, float]:
        model = model_of(transformer)
        right = answers(model, by_hand).difference > 0
        return measured(model, N_PROMPTS) | {"handwritten_accuracy": right.float().mean().item()}

    return measure


@torch.no_grad()
def measured(model: Model, n: int) -> dict[str, float]:
    """Return how well a model repeats and does IOI, and the scores of its best heads, each over n prompts.

    The loss is that of the repeated half of random sequences, in nats per token.
    """
    prompts = ioi_prompts(model, n, SEED + 1)
    difference = prompts.logit_diff(model(prompts.tokens))
    pattern = attention_patterns(model.transformer, repeated_random_tokens(model, n, PERIOD, SEED + 1))
    return {
        "repetition_loss": repetition_loss(model, n, SEED + 1).mean().item(),
        "induction_score": induction_score(pattern, PERIOD).mean(0).max().item(),
        "previous_token_score": previous_token_score(pattern).mean(0).max().item(),
        "ioi_logit_diff": difference.mean().item(),
        "ioi_accuracy": (difference > 0).float().mean().item(),
    }


def along(checkpoints: Checkpoints) -> list[dict[str, int | float]]:
    """Return the steps of a training's checkpoints with what is measured of each; one model is in memory at a time.

    Raises ValueError, as load_model does, for one that cannot be loaded.
    """
    return [{"step": one.step, **_measured_of(one.name)} for one in checkpoints.all]


def lasting(rows: Sequence[Mapping[str, int | float]], name: str, least: float) -> int | float | None:
    """Return the step from which on a measurement is never below `least`; None where at the end it is."""
    below = [i for i, row in enumerate(rows) if row[name] < least]
    after = below[-1] + 1 if below else 0
    return rows[after]["step"] if after < len(rows) else None


def _measured_of(name: str) -> dict[str, float]:
    model = load_model(name)
    return measured(model, model.affordable(N_PROMPTS, runs=3, n_positions=2 * PERIOD))
