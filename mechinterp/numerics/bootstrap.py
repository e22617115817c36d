"""Confidence intervals of means over prompts."""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor


def bootstrap_interval(
    values: Float[Tensor, "prompt ..."], confidence: float = 0.95, n: int = 1000, seed: int = 0
) -> tuple[Float[Tensor, "..."], Float[Tensor, "..."]]:
    """Return the ends of a percentile bootstrap interval of the mean over prompts, for each measure.

    Prompts are resampled with replacement n times, the same ones for all measures. Source: Efron 1979.
    """
    draw = torch.Generator().manual_seed(seed)
    flat = values.flatten(1) if values.ndim > 1 else values[:, None]
    drawn = torch.randint(len(flat), (n, len(flat)), generator=draw)
    counts = torch.zeros(n, len(flat)).scatter_add_(1, drawn, torch.ones(n, len(flat)))
    means = counts.to(flat.device) @ flat.float() / len(flat)
    tail = (1 - confidence) / 2
    low, high = means.quantile(means.new_tensor([tail, 1 - tail]), dim=0)
    return low.view(values.shape[1:]), high.view(values.shape[1:])


def mean_with_interval(
    values: Float[Tensor, "prompt ..."], confidence: float = 0.95, n: int = 1000, seed: int = 0
) -> Float[Tensor, "3 ..."]:
    """Return the mean over prompts and the low and high ends of its bootstrap interval, one above the other."""
    return torch.stack((values.mean(0), *bootstrap_interval(values, confidence, n, seed)))
