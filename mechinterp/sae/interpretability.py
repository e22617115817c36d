"""Which label each feature detects, if any: interpretability as a number.

A feature is treated as a detector of a label: it fires above a threshold or not, and has a precision, a recall and an
F1. Label and threshold are chosen on one half of the texts and evaluated on the other, so that no label among many wins
by chance.

What this cannot show: that the model uses a feature for what its label says. A feature without a label may still mean
something that no label covers; and a label says when a feature fires, not what it does.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.sae.labels import Labelled

SHARES = (0.0, 0.1, 0.2, 0.4)  # of a feature's greatest activation, tried as thresholds
RAREST = 25  # least tokens of each half on which a label is true, and on which a feature fires, to be judged
INTERPRETABLE = 0.8  # least F1 for a feature to count as meaning its label


@dataclass(frozen=True, eq=False)
class Match:
    """The best label of each feature, and how well the feature detects it on texts it was not chosen on."""

    label: Int[Tensor, " d_sae"]  # −1 for a feature that fires too rarely, in either half, to be judged
    share: Float[Tensor, " d_sae"]  # of its greatest activation, above which the feature counts as firing
    precision: Float[Tensor, " d_sae"]
    recall: Float[Tensor, " d_sae"]

    @property
    def f1(self) -> Float[Tensor, " d_sae"]:
        """Return the harmonic mean of precision and recall."""
        return f1(self.precision, self.recall)


def best_labels(
    f: Float[Tensor, "text pos d_sae"], labelled: Labelled, kinds: Collection[str] | None = None
) -> Match:
    """Return the best label of each feature, and the share of its greatest activation that serves as threshold.

    Both maximise F1 on the first half of the texts; precision and recall are measured on the second. Only labels of the
    given kinds are tried, by default all; the beginning-of-text token is left out.
    """
    half = len(f) // 2
    of_kind = [kinds is None or label.kind in kinds for label in labelled.labels]
    tried = torch.tensor(of_kind, device=f.device)
    f, true = f[:, 1:], labelled.true[:, 1:] & tried
    greatest = f[:half].amax((0, 1))
    found = [_scores(f[:half] > share * greatest, true[:half]) for share in SHARES]
    best_f1, best = torch.stack([scores.f1 for scores in found]).flatten(0, 1).max(0)
    label = torch.where(best_f1 > 0, best % len(labelled.labels), -1)
    share = f.new_tensor(SHARES)[best // len(labelled.labels)]
    measured = _scores(f[half:] > share * greatest, true[half:])
    chosen = label.clamp(min=0)[None]
    judged = (label >= 0) & measured.enough.gather(0, chosen)[0]
    return Match(
        torch.where(judged, label, -1),
        share,
        precision=measured.precision.gather(0, chosen)[0] * judged,
        recall=measured.recall.gather(0, chosen)[0] * judged,
    )


@dataclass(frozen=True, eq=False)
class _Scores:
    precision: Float[Tensor, "label d_sae"]
    recall: Float[Tensor, "label d_sae"]
    enough: Bool[Tensor, "label d_sae"]  # whether label and feature occur often enough to be judged

    @property
    def f1(self) -> Float[Tensor, "label d_sae"]:
        return self.enough * f1(self.precision, self.recall)


def _scores(fires: Bool[Tensor, "text pos d_sae"], true: Bool[Tensor, "text pos label"]) -> _Scores:
    detected, is_true = fires.flatten(0, 1).float(), true.flatten(0, 1).float()
    both = is_true.T @ detected
    n_detected, n_true = detected.sum(0), is_true.sum(0)[:, None]
    enough = (n_true >= RAREST) & (n_detected >= RAREST)
    return _Scores(both / n_detected.clamp_min(1), both / n_true.clamp_min(1), enough)


def f1(precision: Float[Tensor, "*shape"], recall: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
    """Return the harmonic mean of precision and recall; 0 where both are 0."""
    return 2 * precision * recall / (precision + recall).clamp_min(1e-12)


def axes_as_features(x: Float[Tensor, "text pos d_model"]) -> Float[Tensor, "text pos two_d_model"]:
    """Return the vectors' own axes as features that never are negative, a control: how far above its mean, and below.

    The mean leaves the first position out, as SAEs do.
    """
    centred = x - x[:, 1:].mean((0, 1))
    return torch.cat((centred, -centred), -1).relu()


def interpretable_share(f: Float[Tensor, "text pos d_sae"], labelled: Labelled) -> float:
    """Return the share of live features, those that fire on some token, whose best label has an F1 of at least 0.8.

    A feature that fires too rarely to be judged counts as one without a label.
    """
    live = (f[:, 1:] > 0).any((0, 1))
    found = best_labels(f, labelled).f1[live] >= INTERPRETABLE
    return found.float().mean().item() if len(found) else 0.0
