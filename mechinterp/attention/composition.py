"""Composition scores: how much a head's queries, keys and values read what an earlier head writes, by weights alone.

The score is ‖W₁W₂‖ / (‖W₁‖‖W₂‖) in Frobenius norms, with W₁ the earlier head's W_OV and W₂ the later head's W_QK
(queries), its transpose (keys) or W_OV (values). Source: Elhage et al. 2021, «K-, Q- and V-composition». Random
matrices do not score zero, but about 1/√d_model, and trained ones more: the other pairs of heads of the two layers are
the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.attention.qk_ov import Factored, ov_circuit, qk_circuit
from mechinterp.model.transformer import Transformer


class Input(Enum):
    """The inputs of a head that read the residual stream."""

    Q = "Q"
    K = "K"
    V = "V"


@dataclass(frozen=True)
class Baseline:
    """The mean and standard deviation of the scores of other pairs of heads."""

    mean: float
    spread: float


def composition_score(transformer: Transformer, sender: Head, receiver: Head, into: Input) -> float:
    """Return how much an input of `receiver` reads what `sender` writes; raise ValueError unless its layer is later."""
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a head of a later layer than {sender}, got {receiver}")
    return _score(ov_circuit(transformer, sender), _reader(transformer, receiver, into))


def baseline(transformer: Transformer, sender: Head, receiver: Head, into: Input) -> Baseline:
    """Return the mean and spread of the scores of all other pairs of heads of these two layers."""
    n_heads = transformer.config.n_heads
    pairs = [(Head(sender.layer, i), Head(receiver.layer, j)) for i in range(n_heads) for j in range(n_heads)]
    scores = torch.tensor(
        [composition_score(transformer, *pair, into) for pair in pairs if pair != (sender, receiver)]
    )
    return Baseline(scores.mean().item(), scores.std().item())


def _reader(transformer: Transformer, head: Head, into: Input) -> Factored:
    if into is Input.V:
        return ov_circuit(transformer, head)
    circuit = qk_circuit(transformer, head)
    return circuit if into is Input.Q else circuit.transposed()


def _score(first: Factored, second: Factored) -> float:
    middle: Float[Tensor, "rank rank"] = first.right @ second.left
    product = Factored(first.left @ middle, second.right)
    return (product.norm() / (first.norm() * second.norm())).item()
