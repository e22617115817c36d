"""The card of a feature of a given SAE, whose meaning nobody labelled: it is called by the tokens that it raises.

Which feature is shown is a rule, so that nothing is cherry-picked; what the card shows is that of `feature_card`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.sae.feature_card import extreme_words, top_excerpts
from mechinterp.sae.shown import AT_ONCE, Shown
from mechinterp.sae.steering import steered_texts, steering_effect

WORDS = 4  # tokens by which a feature is called
LEAST_TEXTS, MOST_TOKENS = 5, 0.05  # texts in which it fires at least, and share of tokens at most
FEATURES_AT_ONCE = 256  # whose logits are held together
SPAN, BEFORE = 32, 24  # tokens of a text in which it is set, those before it fires most included
OTHERS = 10  # features that are set as the control


@dataclass(frozen=True, eq=False)
class Firing:
    """In how many texts, and on what share of the tokens, each feature fires."""

    texts: Int[Tensor, " d_sae"]
    share: Float[Tensor, " d_sae"]


@torch.no_grad()
def firing(on: Shown) -> Firing:
    """Return how often each feature fires, without first positions."""
    texts = torch.zeros(on.given.sae.d_sae, dtype=torch.long, device=on.tokens.device)
    tokens = torch.zeros(on.given.sae.d_sae, device=on.tokens.device)
    for rows in on.tokens.split(AT_ONCE):
        fires = on.features(rows)[:, 1:] > 0
        texts += fires.any(1).sum(0)
        tokens += fires.sum((0, 1))
    return Firing(texts, tokens / on.tokens[:, 1:].numel())


@torch.no_grad()
def clearest_writer(on: Shown) -> int:
    """Return the feature that most raises WORDS tokens, in standard deviations, of those neither rare nor dense.

    Raises ValueError where every feature fires in fewer than LEAST_TEXTS texts or on more than MOST_TOKENS of the
    tokens.
    """
    found = firing(on)
    eligible = ((found.texts >= LEAST_TEXTS) & (found.share <= MOST_TOKENS)).nonzero().flatten()
    if not len(eligible):
        raise ValueError(
            f"expected a feature that fires in at least {LEAST_TEXTS} texts and on at most {MOST_TOKENS:.0%} of the "
            "tokens, found none: give more text"
        )
    scores = []
    for some in eligible.split(FEATURES_AT_ONCE):
        logits = on.direct_logits(some.tolist())
        top = logits.topk(WORDS).values.mean(-1)
        scores.append((top - logits.mean(-1)) / logits.std(-1))
    return int(eligible[torch.cat(scores).argmax()])


@torch.no_grad()
def strength(on: Shown, feature: int) -> Float[Tensor, "text pos"]:
    """Return how strongly a feature fires."""
    return torch.cat([on.features(rows)[..., feature] for rows in on.tokens.split(AT_ONCE)])


def around(
    tokens: Int[Tensor, "text pos"], fires: Float[Tensor, "text pos"], n: int
) -> Int[Tensor, "some span"]:
    """Return the n texts in which a feature fires most, or as many as it does, cut to SPAN tokens around that.

    Each begins as the text does, with the beginning-of-text token.
    """
    most, at = fires[:, 1:].max(1)
    chosen = most.argsort(descending=True, stable=True)[: min(n, int((most > 0).sum()))]
    length = min(SPAN, tokens.shape[1]) - 1
    starts = (at[chosen] + 1 - BEFORE).clamp(1, tokens.shape[1] - length)
    cut = tokens[chosen][
        torch.arange(len(chosen))[:, None], starts[:, None] + torch.arange(length, device=starts.device)
    ]
    return torch.cat((tokens[chosen, :1], cut), dim=1)


def card(
    model: Model, on: Shown, start: str, strengths: Mapping[str, float | None], seed: int
) -> dict[str, Any]:
    """Return what a card shows of the clearest writer.

    `strengths` are in times the most that it fires; texts go on from `start`, where it need not fire, and from where it
    fires most.
    """
    sae, hook = on.given.sae, on.given.hook
    feature = clearest_writer(on)
    fires, words = strength(on, feature), on.raised([feature], WORDS)[0]
    most = fires[:, 1:].max().item()
    n = model.affordable(32, runs=OTHERS + 3, n_positions=SPAN)
    effect = steering_effect(
        model, hook, sae, feature, words, around(on.tokens, fires, n), n_others=OTHERS, seed=seed
    )
    excerpts = top_excerpts(fires, on.tokens, 6, before=6, after=2)
    strongest = excerpts[0].tokens[: int(excerpts[0].f.argmax()) + 1]
    settings = {how: None if times is None else times * most for how, times in strengths.items()}
    prompts = (start, model.tokenizer.decode(strongest.tolist()).strip())
    logits = on.direct_logits([feature])[0]
    logits = (logits - logits.mean()) / logits.std()
    extremes = extreme_words(logits, 4)
    return {
        "feature": feature,
        "raised": model.strings(words),
        "effect": asdict(effect),
        "written": {
            prompt: steered_texts(model, hook, sae, feature, words, prompt, settings, length=6, seed=seed)
            for prompt in prompts
        },
        "excerpts": [(model.strings(e.tokens), e.f / most) for e in excerpts],
        "positive": fires[:, 1:][fires[:, 1:] > 0],
        "words": (model.strings(extremes), logits[extremes]),
    }
