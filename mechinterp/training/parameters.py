"""The trained parameters and their initialisation.

They are named and shaped as in a GPT-2 checkpoint, except for queries, keys and values, which such a checkpoint
concatenates in one matrix: here each is a matrix of its own for the optimiser.
"""

from __future__ import annotations

import torch
from torch import Tensor

from mechinterp.model.gpt2 import assemble, shapes
from mechinterp.model.transformer import Config, Transformer

Parameters = dict[str, Tensor]

EMBEDDING = 0.1  # standard deviation of the embeddings at the start
WAVELENGTH = 10_000


def initial_parameters(config: Config, draw: torch.Generator) -> Parameters:
    """Return the initial parameters.

    Position embeddings start as sinusoids (Vaswani et al. 2017, section 3.5), at the scale of the token embeddings:
    neighbouring positions are similar from the start, so that previous-token heads form early, and induction after
    them. Matrices that write into the residual stream are initialised smaller with more layers (Radford et al. 2019,
    section 2.3).
    """
    parameters: Parameters = {}
    for name, shape in shapes(config, tied=False):
        if name == "wpe.weight":
            tensor = EMBEDDING * _sinusoids(*shape)
        elif name.endswith("bias"):
            tensor = torch.zeros(shape)
        elif len(shape) == 1:
            tensor = torch.ones(shape)
        else:
            tensor = _scale(name, shape, config) * torch.randn(shape, generator=draw)
        parameters |= _split(name, tensor)
    return parameters


def transformer_of(parameters: Parameters, config: Config) -> Transformer:
    """Return the transformer with these parameters."""
    return assemble(checkpoint_of(parameters), config)


def checkpoint_of(parameters: Parameters) -> Parameters:
    """Return the tensors in the form of a GPT-2 checkpoint."""
    whole = {name: tensor for name, tensor in parameters.items() if ".attn.q." not in name}
    for name in [name for name in parameters if ".attn.q." in name]:
        parts = [parameters[name.replace(".q.", f".{part}.")] for part in "qkv"]
        whole[name.replace(".q.", ".c_attn.")] = torch.cat(parts, dim=1)
    return {
        name: tensor for name, tensor in whole.items() if ".attn.k." not in name and ".attn.v." not in name
    }


def is_matrix_of_a_layer(name: str, tensor: Tensor) -> bool:
    """Whether the parameter is a weight matrix within a layer, which Muon optimises."""
    return name.startswith("h.") and tensor.ndim == 2


def _split(name: str, tensor: Tensor) -> Parameters:
    if not name.endswith("c_attn.weight"):
        return {name: tensor}
    thirds = tensor.chunk(3, dim=1)
    return {name.replace("c_attn", part): third.clone() for part, third in zip("qkv", thirds, strict=True)}


def _scale(name: str, shape: tuple[int, ...], config: Config) -> float:
    """Return the standard deviation of a matrix at initialisation."""
    if name == "wte.weight":
        return EMBEDDING
    if "c_proj" in name:
        return (2 * config.n_layers * shape[0]) ** -0.5
    return config.d_model**-0.5


def _sinusoids(n_ctx: int, d_model: int) -> Tensor:
    frequency = WAVELENGTH ** -(torch.arange(d_model // 2) / (d_model // 2))
    angle = torch.arange(n_ctx)[:, None] * frequency
    return torch.cat((angle.sin(), angle.cos()), dim=1)
