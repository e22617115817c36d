"""Dead features are resampled: reinitialised to point at vectors that are badly reconstructed.

Source: Bricken et al. 2023, appendix «Neuron resampling»: vectors are drawn with probability proportional to the square
of their loss; a feature's decoder row points at its vector, and so does its encoder column, at a fifth of the mean norm
of living features; its bias is zero, and Adam's moments for it are reset.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mechinterp.sae.architectures import Architecture, Parameters

ENCODER_NORM = 0.2  # norm of a resampled feature's encoder, relative to the mean of living features


@torch.no_grad()
def resample(
    architecture: Architecture,
    parameters: Parameters,
    optimizer: torch.optim.Optimizer,
    dead: Bool[Tensor, " d_sae"],
    x: Float[Tensor, "batch d_model"],
    draw: torch.Generator,
) -> None:
    """Resample the dead features in place; x are the vectors that they may point at."""
    sae = architecture.sae(parameters)
    residual = x - sae.reconstruct(x)
    weights = residual.square().sum(-1).square().cpu()  # where the generator draws
    chosen = torch.multinomial(weights, int(dead.sum()), replacement=True, generator=draw)
    directions = x[chosen] - parameters["b_dec"]
    directions /= directions.norm(dim=-1, keepdim=True).clamp_min(1e-8)
    W_enc, W_dec = parameters["W_enc"], parameters["W_dec"]
    living = W_enc[:, ~dead].norm(dim=0).mean() if not dead.all() else torch.ones(())
    fresh = architecture.initial(W_dec.shape[1], W_dec.shape[0], draw)
    for name, parameter in parameters.items():
        if name != "b_dec":
            features(name, parameter)[dead] = features(name, fresh[name].to(x.device))[dead]
            _reset_moments(optimizer, name, parameter, dead)
    W_enc[:, dead] = ENCODER_NORM * living * directions.T
    W_dec[dead] = directions * W_dec[~dead].norm(dim=-1).mean() if not dead.all() else directions


def features(name: str, tensor: Tensor) -> Tensor:
    """Return a parameter, or one of Adam's moments of it, with one row per feature."""
    return tensor.T if name == "W_enc" else tensor


def _reset_moments(optimizer: torch.optim.Optimizer, name: str, parameter: Tensor, dead: Tensor) -> None:
    for moment in optimizer.state.get(parameter, {}).values():
        if moment.shape == parameter.shape:
            features(name, moment)[dead] = 0
