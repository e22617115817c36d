"""SAELens' options that transform x or f, folded into the weights: f and x̂ stay the same.

Tensors have SAELens' names; a gated SAE has b_gate, r_mag and b_mag instead of b_enc.
"""

from __future__ import annotations

import torch
from torch import Tensor

Tensors = dict[str, Tensor]


def unit_decoder(tensors: Tensors) -> Tensors:
    """Return weights that need no `rescale_acts_by_decoder_norm`: the norms of W_dec are moved into the encoder."""
    norms = tensors["W_dec"].norm(dim=-1)
    norms = torch.where(norms > 0, norms, 1)  # a feature whose direction is zero stays as it is
    return tensors | {
        "W_enc": tensors["W_enc"] * norms,
        "b_enc": tensors["b_enc"] * norms,
        "W_dec": tensors["W_dec"] / norms[:, None],
    }


def b_dec_taken(tensors: Tensors) -> Tensors:
    """Return biases that make up for the subtraction of b_dec, for an SAE with `apply_b_dec_to_input` false.

    x W_enc + b_enc = (x − b_dec) W_enc + (b_enc + b_dec W_enc), and likewise for both biases of a gated SAE, each with
    its own encoder weights.
    """
    return _biased(tensors, tensors["b_dec"] @ tensors["W_enc"])


def centring(tensors: Tensors) -> Tensors:
    """Return weights that take the mean over d_model off x, for an SAE of a residual stream that was centred.

    (x − x̄ − b_dec) W_enc = (x − b_dec) W + b_dec (W − W_enc), where W is W_enc less the mean of each column. x̂ stays
    what it was, centred as far as the SAE is trained.
    """
    W_enc = tensors["W_enc"] - tensors["W_enc"].mean(0)
    return _biased(tensors, tensors["b_dec"] @ (W_enc - tensors["W_enc"])) | {"W_enc": W_enc}


def _biased(tensors: Tensors, added: Tensor) -> Tensors:
    """Return weights that add to what the features are before they are gated."""
    if "b_gate" not in tensors:
        return tensors | {"b_enc": tensors["b_enc"] + added}
    b_mag = tensors["b_mag"] + added * tensors["r_mag"].exp()
    return tensors | {"b_gate": tensors["b_gate"] + added, "b_mag": b_mag}


def scaled(tensors: Tensors, scale: float) -> Tensors:
    """Return weights that encode scale · x and decode to x̂ / scale; f stays the same."""
    return tensors | {
        "W_enc": tensors["W_enc"] * scale,
        "W_dec": tensors["W_dec"] / scale,
        "b_dec": tensors["b_dec"] / scale,
    }
