"""The state of a training run in one safetensors file, from which it goes on as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

PARAMETERS = "parameters."  # what the parameters' names begin with
RUN = "run"  # the key that holds what JSON can tell


def write_state(
    path: Path,
    parameters: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
    told: Mapping[str, Any],
) -> None:
    """Write parameters, optimisers and what JSON can tell to a file, which is whole or not there."""
    tensors = {f"{PARAMETERS}{name}": tensor.detach() for name, tensor in parameters.items()}
    for i, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizers.{i}.{index}.{name}": value for name, value in state.items()}
    temporary = path.with_name(f".{path.name}.tmp")
    whole = {name: tensor.contiguous() for name, tensor in tensors.items()}
    save_file(whole, temporary, {RUN: json.dumps(told)})
    temporary.replace(path)


def read_state(
    path: Path, settings: Mapping[str, Any], device: torch.device
) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return what JSON told, and all tensors.

    Raises ValueError where the file is damaged, or what it tells of its settings is not what is given.
    """
    try:
        with safe_open(path, framework="pt", device=str(device)) as file:
            told: dict[str, Any] = json.loads(file.metadata()[RUN])
            found = told["settings"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it to begin anew") from error
    if found != settings:
        other = [name for name in {**found, **settings} if found.get(name) != settings.get(name)]
        raise ValueError(
            f"{path} is of a run with another {', '.join(other)}: choose another folder, or delete it"
        )
    return told, tensors


def restore(
    tensors: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
) -> None:
    """Give parameters and optimisers the tensors that were saved; raise ValueError where they have other shapes."""
    for name, parameter in parameters.items():
        saved = tensors.get(f"{PARAMETERS}{name}")
        if saved is None or saved.shape != parameter.shape:
            shape = None if saved is None else tuple(saved.shape)
            raise ValueError(
                f"expected {name} of shape {tuple(parameter.shape)} in the state, got {shape}: it is of another run, "
                "choose another folder, or delete it"
            )
        # Copied, not put in its stead: libraries round by how a tensor lies in memory.
        parameter.data.copy_(saved)
    for i, optimizer in enumerate(optimizers):
        state = _state_of(tensors, f"optimizers.{i}.")
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _state_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    """Return an optimiser's state from tensors named prefix, index of the parameter, name."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, _, field_name = name.removeprefix(prefix).partition(".")
            state.setdefault(int(index), {})[field_name] = tensor
    return state
