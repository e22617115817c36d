"""One activation on its way through an SAE: which features fire, what they are called, and how much of it comes back.

The SAE is trained here, on texts whose labels are known, or it is given; then a feature is called by the tokens whose
logits its direction raises most, which says what it writes and not when it fires.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.sae.activations import activations, held_activations
from mechinterp.sae.architectures import TopK
from mechinterp.sae.interpretability import best_labels
from mechinterp.sae.labels import labelled_split
from mechinterp.sae.metrics import fvu
from mechinterp.sae.shown import Given, shown
from mechinterp.sae.training import Settings, begin, train

NAMED, TOKENS = 5, 3  # features of a given SAE that get a name, those that fire most, and tokens in a name

Label = tuple[str, float]  # and how well it says when the feature fires, as F1


@dataclass(frozen=True, eq=False)
class Passage:
    """An activation, its reconstruction and the features that fire, by index."""

    x: Float[Tensor, " d_model"]
    x_hat: Float[Tensor, " d_model"]
    d_sae: int
    fired: dict[int, float]  # how strongly
    names: dict[
        int, Label | list[str]
    ]  # the best label; or the tokens that are raised most, of the strongest
    mean: Float[Tensor, " d_model"]  # of the activations
    others: float  # FVU in other texts
    by_chance: float  # the same of an SAE whose directions were drawn at random

    @property
    def cosine(self) -> float:
        """Return the cosine of the activation with its reconstruction."""
        return torch.cosine_similarity(self.x, self.x_hat, dim=0).item()

    @property
    def left(self) -> float:
        """Return what the reconstruction lacks, of the activation's squared distance from the mean."""
        return ((self.x - self.x_hat).square().sum() / (self.x - self.mean).square().sum()).item()


def through_trained(model: Model, hook: str, text: str, k: int, settings: Settings, n_texts: int) -> Passage:
    """Train a TopK SAE on n_texts of the lecture's texts; take the activation at the end of a text through it."""
    texts, tested = labelled_split(model, n_texts, n_texts // 2, settings.seed)
    source = held_activations(model.transformer, texts.tokens, hook, size=512, seed=settings.seed)
    mean = source.vectors.mean(0)
    sae = train(TopK(k), settings, source)
    others = activations(model.transformer, tested.tokens, hook)
    match = best_labels(sae.encode(others), tested)
    # A control: as many random directions around the mean, of which those that fit best fire.
    untrained = replace(begin(TopK(k), settings, source).finished(), b_dec=mean)
    x = activations(model.transformer, model.tokens(text), hook)[0, -1]
    f = sae.encode(x)
    fired = f.nonzero().flatten().tolist()
    return Passage(
        x=x,
        x_hat=sae.decode(f),
        d_sae=settings.d_sae,
        fired={i: f[i].item() for i in fired},
        names={i: (tested.labels[match.label[i]].name, match.f1[i].item()) for i in fired},
        mean=mean,
        others=fvu(others[:, 1:], sae.reconstruct(others[:, 1:])),
        by_chance=fvu(others[:, 1:], untrained.reconstruct(others[:, 1:])),
    )


@torch.no_grad()
def through_given(model: Model, given: Given, text: str, seed: int) -> Passage:
    """Take the activation at the end of a text through a given SAE; raises ValueError as `shown` does."""
    on = shown(model, given, seed)
    x = on.vectors(model.tokens(model.spaced(text)))[0, -1]
    f = on.given.sae.encode(x)
    fired = f.nonzero().flatten().tolist()
    strongest = sorted(fired, key=lambda i: -f[i].item())[:NAMED]
    return Passage(
        x=x,
        x_hat=on.given.sae.decode(f),
        d_sae=on.given.sae.d_sae,
        fired={i: f[i].item() for i in fired},
        names={
            i: model.strings(tokens)
            for i, tokens in zip(strongest, on.raised(strongest, TOKENS), strict=True)
        },
        mean=on.mean,
        others=on.fvu(on.given.sae),
        by_chance=on.fvu(on.at_random(seed)),
    )
