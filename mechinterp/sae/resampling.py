"""Dead features are begun anew on vectors that the others tell badly.

Source: Bricken et al. 2023, appendix «Neuron resampling»: vectors are drawn with probability in proportion to the
square of their error; a feature's decoder points at its vector, its encoder too, a fifth as long as those of living
features, its bias is zero, and Adam forgets what it knew of it.
"""

from __future__ import annotations

import torch
from jaxtyping import Bool, Float
from torch import Tensor

from mechinterp.sae.architectures import Architecture, Parameters

SHORTER = 0.2  # than the mean of the living features' encoders


@torch.no_grad()
def resample(
    architecture: Architecture,
    parameters: Parameters,
    optimizer: torch.optim.Optimizer,
    dead: Bool[Tensor, " d_sae"],
    x: Float[Tensor, "batch d_model"],
    draw: torch.Generator,
) -> None:
    """Begin the dead features anew, in place; x are the vectors that they may point at."""
    sae = architecture.sae(parameters)
    left = x - sae.reconstruct(x)
    chosen = torch.multinomial(
        left.square().sum(-1).square(), int(dead.sum()), replacement=True, generator=draw
    )
    directions = x[chosen] - parameters["b_dec"]
    directions /= directions.norm(dim=-1, keepdim=True).clamp_min(1e-8)
    W_enc, W_dec = parameters["W_enc"], parameters["W_dec"]
    living = W_enc[:, ~dead].norm(dim=0).mean() if not dead.all() else torch.ones(())
    fresh = architecture.initial(W_dec.shape[1], W_dec.shape[0], draw)
    for name, parameter in parameters.items():
        if name != "b_dec":
            features(name, parameter)[dead] = features(name, fresh[name])[dead]
            _forget(optimizer, name, parameter, dead)
    W_enc[:, dead] = SHORTER * living * directions.T
    W_dec[dead] = directions * W_dec[~dead].norm(dim=-1).mean() if not dead.all() else directions


def features(name: str, tensor: Tensor) -> Tensor:
    """Return a parameter, or what Adam keeps of it, with one row a feature."""
    return tensor.T if name == "W_enc" else tensor


def _forget(optimizer: torch.optim.Optimizer, name: str, parameter: Tensor, dead: Tensor) -> None:
    for kept in optimizer.state.get(parameter, {}).values():
        if kept.shape == parameter.shape:
            features(name, kept)[dead] = 0
