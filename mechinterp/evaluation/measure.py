"""What is measured during training, on a few held-out prompts."""

from __future__ import annotations

from collections.abc import Callable

import torch

from mechinterp.attention.heads import attention_patterns, induction_score, previous_token_score
from mechinterp.evaluation.behaviour import PERIOD, SEED, repetition_loss
from mechinterp.evaluation.handwritten import answers, sentences
from mechinterp.ioi.prompts import prompts as ioi_prompts
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Transformer
from mechinterp.text.prompts import repeated_random_tokens

N_PROMPTS = 64


def measure_of(model_of: Callable[[Transformer], Model]) -> Callable[[Transformer], dict[str, float]]:
    """Return a function that measures a transformer in training, to which `model_of` adds a tokenizer."""
    by_hand = sentences("ioi")

    @torch.no_grad()
    def measure(transformer: Transformer) -> dict[str, float]:
        model = model_of(transformer)
        prompts = ioi_prompts(model, N_PROMPTS, SEED + 1)
        difference = prompts.logit_diff(model(prompts.tokens))
        tokens = repeated_random_tokens(model, N_PROMPTS, PERIOD, SEED + 1)
        pattern = attention_patterns(transformer, tokens)
        return {
            "repetition_loss": repetition_loss(model, N_PROMPTS, SEED + 1).mean().item(),
            "induction_score": induction_score(pattern, PERIOD).mean(0).max().item(),
            "previous_token_score": previous_token_score(pattern).mean(0).max().item(),
            "ioi_logit_diff": difference.mean().item(),
            "ioi_accuracy": (difference > 0).float().mean().item(),
            "handwritten_accuracy": (answers(model, by_hand).difference > 0).float().mean().item(),
        }

    return measure
