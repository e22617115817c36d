"""IOI prompts beside their corruption, and how far a patched run lies from one towards the other."""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.ioi.prompts import Corruption, Prompts, corrupted
from mechinterp.model.language_model import Model


@dataclass(frozen=True, eq=False)
class Pairs:
    """Each prompt clean and corrupted, and the difference logit(IO) − logit(S) of the model on both."""

    clean: Int[Tensor, "prompt pos"]
    corrupted: Int[Tensor, "prompt pos"]
    clean_diff: Float[Tensor, " prompt"]
    corrupted_diff: Float[Tensor, " prompt"]

    def recovered(self, patched: Float[Tensor, "prompt *parts"]) -> Float[Tensor, "prompt *parts"]:
        """Return what denoising brings back, given the difference of patched corrupted runs.

        In parts of the mean distance of the two runs, so that the mean over prompts is 0 where the run stays
        corrupted and 1 where it becomes the clean one. Source: Heimersheim and Nanda 2024.
        """
        distance = (self.clean_diff - self.corrupted_diff).mean()
        return (patched - _beside(self.corrupted_diff, patched)) / distance

    def changed(self, patched: Float[Tensor, "prompt *parts"]) -> Float[Tensor, "prompt *parts"]:
        """Return what noising changes, given the difference of patched clean runs.

        In multiples of the clean runs' mean difference: a mean of −1 cancels it, and one of −2 reverses it.
        """
        return (patched - _beside(self.clean_diff, patched)) / self.clean_diff.mean()


@torch.no_grad()
def pairs(model: Model, prompts: Prompts, how: Corruption) -> Pairs:
    """Run prompts and their corruption; raises ValueError where the model has too few names of one token."""
    broken = replace(prompts, tokens=corrupted(model, prompts, how))
    clean_diff, corrupted_diff = (run.difference(model.transformer) for run in (prompts, broken))
    return Pairs(prompts.tokens, broken.tokens, clean_diff, corrupted_diff)


def _beside(diff: Float[Tensor, " prompt"], patched: Float[Tensor, "prompt *parts"]) -> Tensor:
    """Return one number a prompt in a shape that stretches over all parts."""
    return diff.view(-1, *[1] * (patched.ndim - 1))
