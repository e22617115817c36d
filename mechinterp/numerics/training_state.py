"""The state of a training run in one safetensors file, from which the run resumes as if it had never stopped."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor

PARAMETERS = "parameters."  # prefix of the parameters' names in the file
METADATA = "run"  # key of the file's header that holds the metadata, as JSON


def write_state(
    path: Path,
    parameters: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
    metadata: Mapping[str, Any],
) -> None:
    """Write parameters, optimiser states and JSON metadata, atomically: the file is complete or absent."""
    tensors = {f"{PARAMETERS}{name}": tensor.detach() for name, tensor in parameters.items()}
    for i, optimizer in enumerate(optimizers):
        for index, state in optimizer.state_dict()["state"].items():
            tensors |= {f"optimizers.{i}.{index}.{name}": value for name, value in state.items()}
    temporary = path.with_name(f".{path.name}.tmp")
    contiguous = {name: tensor.cpu().contiguous() for name, tensor in tensors.items()}
    save_file(contiguous, temporary, {METADATA: json.dumps(metadata)})
    temporary.replace(path)


def read_state(path: Path, settings: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return the metadata and all tensors, on the CPU.

    Raises ValueError where the file is damaged, or the settings that its metadata records differ from `settings`.
    """
    try:
        with safe_open(path, framework="pt") as file:
            metadata: dict[str, Any] = json.loads(file.metadata()[METADATA])
            saved = metadata["settings"]
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
        raise ValueError(f"{path} is damaged ({error}): delete it to start over") from error
    if saved != settings:
        different = [name for name in {**saved, **settings} if saved.get(name) != settings.get(name)]
        raise ValueError(
            f"{path} is of a run with another {', '.join(different)}: choose another folder, or delete it"
        )
    return metadata, tensors


def restore(
    tensors: Mapping[str, Tensor],
    parameters: Mapping[str, Tensor],
    optimizers: Sequence[torch.optim.Optimizer],
) -> None:
    """Copy saved tensors into parameters and optimisers; raise ValueError where their shapes differ."""
    for name, parameter in parameters.items():
        saved = tensors.get(f"{PARAMETERS}{name}")
        if saved is None or saved.shape != parameter.shape:
            shape = None if saved is None else tuple(saved.shape)
            raise ValueError(
                f"expected {name} of shape {tuple(parameter.shape)} in the state, got {shape}: it is of another run, "
                "choose another folder, or delete it"
            )
        # Copied into place, not substituted: how libraries round depends on a tensor's layout in memory.
        parameter.data.copy_(saved)
    for i, optimizer in enumerate(optimizers):
        state = _state_of(tensors, f"optimizers.{i}.")
        optimizer.load_state_dict({**optimizer.state_dict(), "state": state})


def _state_of(tensors: Mapping[str, Tensor], prefix: str) -> dict[int, dict[str, Tensor]]:
    """Return an optimiser's state from tensors named «prefix, parameter index, name»."""
    state: dict[int, dict[str, Tensor]] = {}
    for name, tensor in tensors.items():
        if name.startswith(prefix):
            index, _, field_name = name.removeprefix(prefix).partition(".")
            state.setdefault(int(index), {})[field_name] = tensor
    return state
