"""A feature card: where one feature of an SAE fires most strongly, and which words it makes more or less likely.

Source: Templeton et al. 2024, *Scaling Monosemanticity*, whose feature cards also show the effect of steering.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.interpretability import INTERPRETABLE, Match
from mechinterp.sae.labels import CLASSES, Labelled

FEWEST = 5  # words that are one token each, which a class needs in order to count


@dataclass(frozen=True, eq=False)
class Excerpt:
    """Tokens around one on which a feature fires, and how strongly it fires on each."""

    tokens: Int[Tensor, " pos"]
    f: Float[Tensor, " pos"]


def top_excerpts(
    f: Float[Tensor, "text pos"], tokens: Int[Tensor, "text pos"], n: int, before: int, after: int
) -> list[Excerpt]:
    """Return the excerpts on which a feature fires most strongly: one per text, without repetitions.

    There are fewer than n where the feature fires in fewer texts. An excerpt has at most `before` tokens before the
    strongest activation and `after` after it, and never the beginning-of-text token.
    """
    greatest = f[:, 1:].max(1)
    found: dict[tuple[int, ...], Excerpt] = {}
    for text in greatest.values.argsort(descending=True, stable=True).tolist():
        if len(found) == n or greatest.values[text] <= 0:
            break
        centre = int(greatest.indices[text]) + 1
        span = slice(max(1, centre - before), centre + after + 1)
        excerpt = Excerpt(tokens[text, span], f[text, span])
        found.setdefault(tuple(excerpt.tokens.tolist()), excerpt)
    return list(found.values())


def direct_logits(sae: SAE, W_U: Float[Tensor, "d_model d_vocab"]) -> Float[Tensor, "d_sae d_vocab"]:
    """Return how much each feature raises each word's logit by the direct path, in standard deviations over the words.

    That is W_dec W_U, centred and scaled for each feature; the effect through later layers is left out, and so is the
    scale of the final normalisation.
    """
    logits = sae.W_dec @ W_U
    return (logits - logits.mean(-1, keepdim=True)) / logits.std(-1, keepdim=True)


def extreme_words(raised: Float[Tensor, " d_vocab"], n: int) -> Int[Tensor, " word"]:
    """Return the n words that a feature raises most and the n that it raises least or lowers, greatest first."""
    return torch.cat((raised.topk(n).indices, raised.topk(n, largest=False).indices.flip(0)))


@dataclass(frozen=True, eq=False)
class Clearest:
    """The feature that a card shows: its label, and the class of words whose logits it raises."""

    feature: int
    meaning: str
    f1: float
    raised: str
    words: Int[Tensor, " word"]  # of the class that it raises


def clearest_feature(
    logits: Float[Tensor, "d_sae d_vocab"], match: Match, labelled: Labelled, model: Model
) -> Clearest:
    """Return the feature that most raises one class of words, among those that mean more than a single word.

    It is a rule, so that nothing is cherry-picked: among the features whose best label has an F1 of at least 0.8 and is
    not a single word, the one with the greatest mean of `logits` (direct_logits) over any class of words. Raises
    ValueError where no feature means more than a single word.
    """
    more_than_word = [labelled.labels[label].kind != "palabra" for label in match.label.tolist()]
    eligible = (match.f1 >= INTERPRETABLE) & match.label.new_tensor(more_than_word, dtype=torch.bool)
    if not eligible.any():
        raise ValueError(
            f"expected a feature that means more than a single word (F1 ≥ {INTERPRETABLE}), found none"
        )
    classes = words_of_classes(model)
    raised = torch.stack([logits[:, words].mean(-1) for words in classes.values()], dim=-1)
    feature, chosen = divmod(int(raised.where(eligible[:, None], -torch.inf).argmax()), len(classes))
    name = list(classes)[chosen]
    meaning = labelled.labels[int(match.label[feature])].name
    return Clearest(feature, meaning, match.f1[feature].item(), name, classes[name])


def words_of_classes(model: Model) -> dict[str, Int[Tensor, " word"]]:
    """Return the tokens of each class of words that has at least FEWEST words of one token."""
    tokens = {
        name: sorted(model.token(word) for word in words if model.has_token(word))
        for name, words in CLASSES.items()
    }
    return {
        name: torch.tensor(found, device=model.device)
        for name, found in tokens.items()
        if len(found) >= FEWEST
    }
