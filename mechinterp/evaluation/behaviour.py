"""What a model has learned, measured on templates, names, seeds and sentences held out from training."""

from __future__ import annotations

from collections.abc import Callable

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.heads import (
    all_heads,
    attention_patterns,
    current_token_score,
    duplicate_token_score,
    first_token_score,
    induction_score,
    of_head,
    previous_token_score,
    strongest,
)
from mechinterp.evaluation import knowledge
from mechinterp.evaluation.bounds import Behaviour, behaviour
from mechinterp.evaluation.handwritten import answers, kinds, sentences
from mechinterp.interventions.attention_without import attention_without
from mechinterp.ioi.prompts import SPANISH, Prompts, language_of
from mechinterp.ioi.prompts import prompts as ioi_prompts
from mechinterp.logits.direct_attribution import by_head, logit_diff_reader
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Cache
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
    """Return all measurements of a model, each over n prompts."""
    prompts = ioi_prompts(model, n, seed)
    logits, cache = model.run_with_cache(prompts.tokens)
    difference = prompts.logit_diff(logits)
    found = [
        behaviour("IOI, share of correct answers", (difference > 0).float(), 0.99),
        behaviour("IOI, logit difference", difference, 4.0),
        behaviour(
            "loss on the repeated half, nats per token", repetition_loss(model, n, seed), 0.15, at_least=False
        ),
    ]
    found += _circuit(model, prompts, cache)
    # Text shows where heads attend by default; random tokens show what they do by position or by token alone.
    text = ordinary_text(model, n, min(N_TOKENS, model.config.n_ctx), seed)
    random = random_tokens(model, n, 2 * PERIOD, seed)
    repeated = repeated_random_tokens(model, n, PERIOD, seed)
    found += [
        _best("previous-token head", model, random, previous_token_score, 0.6),
        _best("current-token head", model, random, current_token_score, 0.8),
        _best("first-token head", model, text, first_token_score, 0.6),
        _best("induction head", model, repeated, lambda p: induction_score(p, PERIOD), 0.85),
        _best("duplicate-token head", model, repeated, lambda p: duplicate_token_score(p, PERIOD), 0.4),
    ]
    return found + (by_hand(model) + knowledge.rows(model) if language_of(model) is SPANISH else [])


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


def _circuit(model: Model, prompts: Prompts, cache: Cache) -> list[Behaviour]:
    """Return how the answer comes about: the head that writes most of it, and the head that directs its attention.

    Attention to a name is attention to its first mention or to the token after it, to which a previous-token head may
    have copied it.
    """
    transformer, end = model.transformer, prompts.positions["END"]
    reader = logit_diff_reader(transformer, prompts.io, prompts.subject, end)
    direct = by_head(transformer, cache, reader)
    mover = strongest(direct)
    preference = _preference(
        cache[f"blocks.{mover.layer}.attn.hook_pattern"][reader.rows, mover.index, end], prompts
    )
    found = [
        behaviour(
            "name mover: contribution to the logit difference", of_head(direct, mover), 1.0, where=str(mover)
        ),
        behaviour("name mover: attention to IO minus attention to S", preference, 0.2, where=str(mover)),
    ]
    senders = [head for head in all_heads(transformer) if head.layer < mover.layer]
    if not senders:  # a head of the first layer reads no other head
        return found
    moved = {
        sender: preference - _preference(attention_without(transformer, cache, sender, mover, end), prompts)
        for sender in senders
    }
    best = max(senders, key=lambda sender: moved[sender].mean().item())
    path = behaviour("… of which through its queries, from head", moved[best], 0.1, where=str(best))
    return [*found, path]


def _preference(attention: Float[Tensor, "prompt src_pos"], prompts: Prompts) -> Float[Tensor, " prompt"]:
    row = torch.arange(len(prompts))
    io, s = (
        attention[row, at] + attention[row, at + 1]
        for at in (prompts.positions[name] for name in ("IO", "S1"))
    )
    return io - s


def repetition_loss(model: Model, n: int, seed: int) -> Tensor:
    """Return the mean loss over the second half of each repeated random sequence, in nats per token.

    The first token of the second half cannot be predicted and is left out. Shape: (n,).
    """
    tokens = repeated_random_tokens(model, n, PERIOD, seed)
    return -model.log_probs_of_next(tokens)[:, 1 - PERIOD :].mean(-1)


def _best(
    name: str, model: Model, tokens: Tensor, score: Callable[[Tensor], Tensor], required: float
) -> Behaviour:
    """Return the score of the highest-scoring head."""
    scores = score(attention_patterns(model.transformer, tokens))
    head = strongest(scores)
    return behaviour(name, of_head(scores, head), required, where=str(head))
