"""Composition scores: how much a head's queries, keys and values read what an earlier head writes, by weights alone.

The score is ‖W₁W₂‖ / (‖W₁‖‖W₂‖) in Frobenius norms, with W₁ the earlier head's W_OV and W₂ the later head's W_QK
(queries), its transpose (keys) or W_OV (values). Source: Elhage et al. 2021, «K-, Q- and V-composition». Random
matrices of the same shapes do not score zero: their mean and standard deviation are the baseline.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.attention.qk_ov import Factored, ov_circuit, qk_circuit
from mechinterp.model.transformer import Config, Transformer


class Input(Enum):
    """The inputs of a head that read the residual stream."""

    Q = "Q"
    K = "K"
    V = "V"


@dataclass(frozen=True)
class Baseline:
    """The mean and standard deviation of the score of random matrices."""

    mean: float
    spread: float


def composition_score(transformer: Transformer, sender: Head, receiver: Head, into: Input) -> float:
    """Return how much an input of `receiver` reads what `sender` writes; raise ValueError unless its layer is later."""
    if sender.layer >= receiver.layer:
        raise ValueError(f"expected a head of a later layer than {sender}, got {receiver}")
    return _score(ov_circuit(transformer, sender), _reader(transformer, receiver, into))


def random_baseline(config: Config, n: int = 200, seed: int = 0) -> Baseline:
    """Return the mean and spread of the scores of n pairs of random matrices with a model's shapes."""
    draw = torch.Generator().manual_seed(seed)

    def head() -> Factored:
        left = torch.randn(config.d_model, config.d_head, generator=draw)
        return Factored(left, torch.randn(config.d_head, config.d_model, generator=draw))

    scores = torch.tensor([_score(head(), head()) for _ in range(n)])
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
