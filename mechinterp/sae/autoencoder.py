"""Sparse autoencoders as they are used: a vector x is reconstructed as a sum of a few of many directions.

    f = encode(x),    x̂ = f W_dec + b_dec

All subtract b_dec from x first, pre = (x − b_dec) W_enc + b_enc, and differ in which features fire:

- Standard: f = ReLU(pre). Source: Bricken et al. 2023, *Towards Monosemanticity*.
- TopK: f = pre for the k largest of a vector, where positive, else 0. Source: Gao et al. 2024, equation 4.
- JumpReLU: f = pre above the feature's own threshold, else 0. Source: Rajamanoharan et al. 2024b, equation 4.
- Gated: whether a feature fires, and how strongly, are separate. Source: Rajamanoharan et al. 2024a, equation 6.

Shapes: `d_model` of the vectors, `d_sae` of the features. Each row of W_dec is the direction of one feature.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, replace

import numpy as np
import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.numerics.products import decode, encode

Vectors = Float[Tensor, "*batch d_model"]
Features = Float[Tensor, "*batch d_sae"]


@dataclass(frozen=True, eq=False)
class SAE(ABC):
    """A sparse autoencoder."""

    W_enc: Float[Tensor, "d_model d_sae"]
    b_enc: Float[Tensor, " d_sae"]
    W_dec: Float[Tensor, "d_sae d_model"]
    b_dec: Float[Tensor, " d_model"]

    @abstractmethod
    def encode(self, x: Vectors) -> Features:
        """Return how strongly each feature fires: 0 or a positive number."""

    def decode(self, f: Features) -> Vectors:
        """Return x̂ = f W_dec + b_dec: the directions, each scaled by how strongly its feature fires, and b_dec."""
        return decode(f, self.W_dec, self.b_dec)

    def reconstruct(self, x: Vectors) -> Vectors:
        """Return x̂, the reconstruction of x from its features."""
        return self.decode(self.encode(x))

    def pre(self, x: Vectors) -> Features:
        """Return the pre-activations (x − b_dec) W_enc + b_enc.

        Raises ValueError where the width of x is not d_model.
        """
        if x.shape[-1] != self.d_model:
            raise ValueError(f"expected vectors of width {self.d_model}, got {x.shape[-1]}")
        return encode(x, self.b_dec, self.W_enc, self.b_enc)

    def to(self, device: torch.device) -> SAE:
        """Return the same autoencoder on a device."""
        tensors = {name: x.to(device) for name, x in vars(self).items() if isinstance(x, Tensor)}
        return replace(self, **tensors)

    @property
    def d_model(self) -> int:
        """The width of the vectors."""
        return self.W_dec.shape[1]

    @property
    def d_sae(self) -> int:
        """The number of features."""
        return self.W_dec.shape[0]


@dataclass(frozen=True, eq=False)
class StandardSAE(SAE):
    """Every feature with a positive pre-activation fires."""

    def encode(self, x: Vectors) -> Features:
        """Return ReLU(pre)."""
        return self.pre(x).relu()


@dataclass(frozen=True, eq=False)
class TopKSAE(SAE):
    """The k features with the largest pre-activations fire."""

    k: int

    def encode(self, x: Vectors) -> Features:
        """Return the k largest of pre where they are positive, the others zero."""
        return k_largest(self.pre(x), self.k)


@dataclass(frozen=True, eq=False)
class JumpReLUSAE(SAE):
    """A feature fires where its pre-activation is above its own threshold."""

    threshold: Float[Tensor, " d_sae"]

    def encode(self, x: Vectors) -> Features:
        """Return pre where it is above the threshold and positive, else zero."""
        pre = self.pre(x)
        return pre.relu() * (pre > self.threshold)


@dataclass(frozen=True, eq=False)
class GatedSAE(SAE):
    """A gate decides which features fire; b_enc is the gate's bias."""

    r_mag: Float[Tensor, " d_sae"]  # log of the ratio of the magnitude's encoder weights to the gate's
    b_mag: Float[Tensor, " d_sae"]

    def encode(self, x: Vectors) -> Features:
        """Return ReLU of the magnitude where the gate is open, else zero."""
        gate = self.pre(x)
        return self.magnitude(gate).relu() * (gate > 0)

    def magnitude(self, gate: Features) -> Features:
        """Return how strongly each feature would fire; gate and magnitude share the encoder product."""
        return (gate - self.b_enc) * self.r_mag.exp() + self.b_mag


def k_largest(pre: Features, k: int) -> Features:
    """Return the k largest of each row where they are positive, the others zero."""
    indices = _where_largest(pre.detach(), k)
    return torch.zeros_like(pre).scatter(-1, indices, pre.gather(-1, indices).relu())


def _where_largest(pre: Features, k: int) -> Int[Tensor, "*batch k"]:
    """Return the indices of the k largest of each row; on a CPU NumPy is several times faster than torch."""
    if pre.device.type != "cpu" or pre.dtype not in (torch.float32, torch.float64):
        return pre.topk(k, dim=-1, sorted=False).indices
    return torch.from_numpy(np.argpartition(pre.numpy(), -k, axis=-1)[..., -k:].copy())
