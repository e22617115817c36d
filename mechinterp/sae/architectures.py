"""Sparse autoencoders as they are trained: the five architectures, each with its loss and its rules.

Each is a set of hyperparameters with the same methods: the parameters at the start (initial), the autoencoder that
they define (sae), what is minimised (loss), and the constraint that parameters satisfy after a step (constrain).
In every loss the first term is the squared error ‖x − x̂‖², summed over d_model and averaged over the batch; x has been
scaled so that ‖x‖² is d_model on average, so that a coefficient means the same for any model.

- L1: + λ Σ f_i ‖W_dec,i‖, with free norms. Source: Conerly et al. 2024, *Update on how we train SAEs*.
- Gated: + λ Σ ReLU(gate_i) + ‖x − the gate's own reconstruction‖², the decoder frozen in the last term; unit norms.
  Source: Rajamanoharan et al. 2024a, equation 8.
- JumpReLU: + λ L0, whose derivative in the threshold is approximated by a rectangle; unit norms.
  Source: Rajamanoharan et al. 2024b, equations 9 to 12.
- TopK, BatchTopK: the number of features that fire is fixed, per vector or on average over the batch; unit norms.
  Sources: Gao et al. 2024; Bussmann et al. 2024.

Dead features are revived in one of two ways. *Resampling* (L1, Gated, JumpReLU; Bricken et al. 2023) reinitialises
them to point at vectors that are badly reconstructed: see resampling.py. The *auxiliary loss* (TopK, BatchTopK; Gao et
al. 2024, appendix A.2) adds 1/32 of the squared error with which dead features alone reconstruct the residual x − x̂.

Departures: λ of L1, Gated and JumpReLU rises from zero over the first steps (as in Conerly et al., here for all three),
and JumpReLU is resampled, which its paper does not mention.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mechinterp.numerics.products import decode
from mechinterp.sae.autoencoder import SAE, Features, GatedSAE, JumpReLUSAE, StandardSAE, TopKSAE, k_largest
from mechinterp.sae.straight_through import jump, step

Parameters = dict[str, Tensor]
Batch = Float[Tensor, "batch d_model"]
Dead = Bool[Tensor, " d_sae"]

SMALL_NORM = 0.1  # of the decoder's rows at the start, where their norms are free (Conerly et al. 2024)
AUXILIARY = 1 / 32  # weight of the auxiliary loss (Gao et al. 2024)


@dataclass(frozen=True, eq=False)
class Loss:
    """The loss on a batch, and the feature activations it was computed from."""

    total: Float[Tensor, ""]
    error: Float[Tensor, ""]  # the first term alone
    f: Float[Tensor, "batch d_sae"]


@dataclass(frozen=True)
class Architecture(ABC):
    """A kind of SAE and how it is trained."""

    resampled: ClassVar[bool] = False  # whether its dead features are revived by resampling

    def initial(self, d_model: int, d_sae: int, draw: torch.Generator) -> Parameters:
        """Return parameters to start from: random unit directions, W_enc = W_decᵀ, and zero biases."""
        W_dec = torch.randn(d_sae, d_model, generator=draw)
        W_dec /= W_dec.norm(dim=-1, keepdim=True)
        return {
            "W_enc": W_dec.T.clone(
                memory_format=torch.contiguous_format
            ),  # the memory layout of a resumed run
            "b_enc": torch.zeros(d_sae),
            "W_dec": W_dec,
            "b_dec": torch.zeros(d_model),
        }

    @abstractmethod
    def sae(self, parameters: Parameters) -> SAE:
        """Return the autoencoder with these parameters; gradients flow through it."""

    @abstractmethod
    def loss(self, parameters: Parameters, x: Batch, warm: float, dead: Dead) -> Loss:
        """Return the loss on a batch; `warm`, from 0 to 1, is the fraction of λ used, `dead` the dead features."""

    def finished(self, parameters: Parameters, x: Batch) -> SAE:
        """Return the autoencoder for use after training, given a sample of vectors; its decoder's rows have norm 1."""
        del x
        return self.sae(parameters)

    @torch.no_grad()  # a gradient that remembered what was taken off it would hold itself, and never be freed
    def constrain_gradients(self, parameters: Parameters) -> None:
        """Project out of the decoder's gradient what would change the norm of its rows (Bricken et al. 2023)."""
        W_dec = parameters["W_dec"]
        if W_dec.grad is not None:
            W_dec.grad -= (W_dec.grad * W_dec).sum(-1, keepdim=True) * W_dec

    def constrain(self, parameters: Parameters) -> None:
        """Rescale the decoder's rows to norm 1."""
        W_dec = parameters["W_dec"]
        W_dec /= W_dec.norm(dim=-1, keepdim=True)


@dataclass(frozen=True)
class L1(Architecture):
    """Few features fire because each costs in proportion to what it adds."""

    coefficient: float = 5.0
    resampled: ClassVar[bool] = True

    def initial(self, d_model: int, d_sae: int, draw: torch.Generator) -> Parameters:
        """Return random directions with the small norm of the paper."""
        parameters = super().initial(d_model, d_sae, draw)
        return parameters | {name: SMALL_NORM * parameters[name] for name in ("W_enc", "W_dec")}

    def sae(self, parameters: Parameters) -> SAE:
        """Return a standard SAE."""
        return StandardSAE(**parameters)

    def loss(self, parameters: Parameters, x: Batch, warm: float, dead: Dead) -> Loss:
        """Return the squared error + λ Σ f_i ‖W_dec,i‖."""
        del dead
        sae = self.sae(parameters)
        f = sae.encode(x)
        error = squared_error(x, sae.decode(f))
        penalty = f.mean(0) @ sae.W_dec.norm(dim=-1)
        return Loss(error + warm * self.coefficient * penalty, error, f)

    def finished(self, parameters: Parameters, x: Batch) -> SAE:
        """Return the SAE with the decoder's norms moved into the features."""
        del x
        norms = parameters["W_dec"].norm(dim=-1).clamp_min(1e-8)
        return StandardSAE(
            W_enc=parameters["W_enc"] * norms,
            b_enc=parameters["b_enc"] * norms,
            W_dec=parameters["W_dec"] / norms[:, None],
            b_dec=parameters["b_dec"],
        )

    def constrain_gradients(self, parameters: Parameters) -> None:
        """Leave the gradient as it is: the norms are free."""

    def constrain(self, parameters: Parameters) -> None:
        """Leave the norms free."""


@dataclass(frozen=True)
class Gated(Architecture):
    """Few features fire because an open gate costs; how strongly a feature fires costs nothing."""

    coefficient: float = 2.5
    resampled: ClassVar[bool] = True

    def initial(self, d_model: int, d_sae: int, draw: torch.Generator) -> Parameters:
        """Return the shared parameters, and magnitudes with the same encoder as the gates."""
        more = {"r_mag": torch.zeros(d_sae), "b_mag": torch.zeros(d_sae)}
        return super().initial(d_model, d_sae, draw) | more

    def sae(self, parameters: Parameters) -> GatedSAE:
        """Return a gated SAE."""
        return GatedSAE(**parameters)

    def loss(self, parameters: Parameters, x: Batch, warm: float, dead: Dead) -> Loss:
        """Return the squared error + λ Σ ReLU(gate_i) + the squared error of the gates' own reconstruction."""
        del dead
        sae = self.sae(parameters)
        gate = sae.pre(x)
        is_open = gate.relu()
        f = sae.magnitude(gate).relu() * is_open.detach().sign()
        error = squared_error(x, sae.decode(f))
        of_gates = squared_error(x, decode(is_open, sae.W_dec.detach(), sae.b_dec.detach()))
        return Loss(error + warm * self.coefficient * is_open.sum(-1).mean() + of_gates, error, f)


@dataclass(frozen=True)
class JumpReLU(Architecture):
    """Few features fire because each one that fires costs the same."""

    coefficient: float = 1.0
    bandwidth: float = 1.0  # ε, the width of the rectangle that replaces the step's derivative
    threshold: float = 0.5  # at the start
    resampled: ClassVar[bool] = True

    def initial(self, d_model: int, d_sae: int, draw: torch.Generator) -> Parameters:
        """Return the shared parameters, and thresholds as logarithms, which keeps them positive."""
        more = {"log_threshold": torch.full((d_sae,), self.threshold).log()}
        return super().initial(d_model, d_sae, draw) | more

    def sae(self, parameters: Parameters) -> JumpReLUSAE:
        """Return a JumpReLU SAE."""
        shared = {name: tensor for name, tensor in parameters.items() if name != "log_threshold"}
        return JumpReLUSAE(**shared, threshold=parameters["log_threshold"].exp())

    def loss(self, parameters: Parameters, x: Batch, warm: float, dead: Dead) -> Loss:
        """Return the squared error + λ times the number of features that fire."""
        del dead
        sae = self.sae(parameters)
        pre = sae.pre(x).relu()
        f = jump(pre, sae.threshold, self.bandwidth)
        fires = step(pre, sae.threshold, self.bandwidth)
        error = squared_error(x, sae.decode(f))
        return Loss(error + warm * self.coefficient * fires.sum(-1).mean(), error, f)


@dataclass(frozen=True)
class TopK(Architecture):
    """Exactly k features fire for each vector, or fewer where fewer are positive."""

    k: int = 16

    def initial(self, d_model: int, d_sae: int, draw: torch.Generator) -> Parameters:
        """Return the shared parameters; raise ValueError where k is not from 1 to d_sae."""
        if not 1 <= self.k <= d_sae:
            raise ValueError(f"expected k from 1 to the {d_sae} features of the dictionary, got {self.k}")
        return super().initial(d_model, d_sae, draw)

    def sae(self, parameters: Parameters) -> SAE:
        """Return a TopK SAE."""
        return TopKSAE(**parameters, k=self.k)

    def loss(self, parameters: Parameters, x: Batch, warm: float, dead: Dead) -> Loss:
        """Return the squared error + the auxiliary loss of the dead features."""
        del warm
        sae = self.sae(parameters)
        pre = sae.pre(x)
        f = self.largest(pre)
        x_hat = sae.decode(f)
        error = squared_error(x, x_hat)
        return Loss(error + AUXILIARY * auxiliary_loss(sae, pre, x - x_hat.detach(), dead), error, f)

    def largest(self, pre: Features) -> Features:
        """Return the feature activations of a batch."""
        return k_largest(pre, self.k)


@dataclass(frozen=True)
class BatchTopK(TopK):
    """The k·batch largest pre-activations of a batch fire; after training it is a JumpReLU with one threshold."""

    def largest(self, pre: Features) -> Features:
        """Return the k·batch largest of the batch where positive, the others zero."""
        n_vectors = pre.numel() // pre.shape[-1]
        return k_largest(pre.flatten(), self.k * n_vectors).view_as(pre)

    def finished(self, parameters: Parameters, x: Batch) -> SAE:
        """Return a JumpReLU SAE whose threshold is the smallest activation that fires on a sample of vectors.

        The paper averages that minimum over batches (equation 5); a sample of many vectors is one large batch.
        """
        f = self.largest(self.sae(parameters).pre(x))
        least = f[f > 0].min().cpu() if (f > 0).any() else torch.zeros(())
        below = torch.nextafter(least, torch.zeros(()))  # a feature fires strictly above its threshold
        return JumpReLUSAE(**parameters, threshold=f.new_full((f.shape[-1],), below.item()))


ARCHITECTURES: dict[str, type[Architecture]] = {
    "l1": L1,
    "gated": Gated,
    "jumprelu": JumpReLU,
    "topk": TopK,
    "batchtopk": BatchTopK,
}


def squared_error(x: Batch, x_hat: Batch) -> Float[Tensor, ""]:
    """Return ‖x − x̂‖², summed over d_model, averaged over the batch."""
    return (x - x_hat).square().sum() / len(x)


def auxiliary_loss(sae: SAE, pre: Features, residual: Batch, dead: Dead) -> Float[Tensor, ""]:
    """Return the squared error with which the d_model/2 strongest dead features reconstruct the residual x − x̂."""
    n_dead = int(dead.sum())
    if not n_dead:
        return residual.new_zeros(())
    dead_pre = pre[:, dead]
    f = k_largest(dead_pre, min(n_dead, max(1, sae.d_model // 2)))
    return squared_error(residual, f @ sae.W_dec[dead])
