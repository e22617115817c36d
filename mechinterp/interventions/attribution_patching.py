"""Attribution patching: what activation patching would give if the metric were linear in each activation.

The gradient of the metric in the base run, computed once, times the difference of the activations, for all places at
once. Source: Nanda 2023; Kramár et al. 2024 on where it fails: where a softmax or a normalisation is far from linear
over the difference, as for the queries of a head that attends elsewhere in the other run. activation_patching.py is
exact.
"""

from __future__ import annotations

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.interventions.metrics import Metric
from mechinterp.interventions.patched_runs import Part, Place, Source, Tokens
from mechinterp.model.transformer import Transformer


def attribute_positions(
    transformer: Transformer, base: Tokens, source: Source, place: Place, metric: Metric
) -> Float[Tensor, "prompt layer pos"]:
    """Return the approximate change of the metric when one position of one layer is patched."""
    products = _products(transformer, base, source, place.value, metric)
    return torch.stack([product.sum(-1) for product in products], dim=1)


def attribute_heads(
    transformer: Transformer, base: Tokens, source: Source, part: Part, metric: Metric
) -> Float[Tensor, "prompt layer head"]:
    """Return the approximate change of the metric when one part of one head is patched at all positions."""
    products = _products(transformer, base, source, part.value, metric)
    over = (-2, -1) if part is Part.PATTERN else (1, 3)
    return torch.stack([product.sum(over) for product in products], dim=1)


def _products(
    transformer: Transformer, base: Tokens, source: Source, name: str, metric: Metric
) -> list[Tensor]:
    """Return the gradient times the difference of an activation, for each layer."""
    if base.shape != source.shape:
        raise ValueError(
            f"expected prompts of the same shape, got {tuple(base.shape)} and {tuple(source.shape)}"
        )
    names = [f"blocks.{layer}.{name}" for layer in range(transformer.config.n_layers)]
    with torch.no_grad():
        other = transformer.cache(source)
    kept: dict[str, Tensor] = {}

    def tap(at: str, x: Tensor) -> Tensor:
        if at in names:
            kept[at] = x = x if x.requires_grad else x.detach().requires_grad_()
        return x

    with torch.enable_grad():
        stream = transformer.stream(base, tap)
        rows = torch.arange(len(base))
        measured = metric.measure(transformer, stream[rows[:, None], metric.positions], rows)
        gradients = torch.autograd.grad(measured.sum(), [kept[at] for at in names])
    return [gradient * (other[at] - kept[at].detach()) for at, gradient in zip(names, gradients, strict=True)]
