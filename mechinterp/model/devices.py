"""Where a model computes: on the CPU, or on a GPU.

What is computed of a model lies where the model does: tokens, activations, and what analyses return. Random numbers are
drawn on the CPU and then moved, so that a seed gives the same ones everywhere. What needs double precision, which not
all devices have, is computed on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from typing import Any

import torch

from mechinterp.model.transformer import Transformer

WORTH_IT = (
    50_000_000  # parameters from which on a GPU gains; on smaller models, starting its work takes longer
)
CPU = torch.device("cpu")
GPUS: dict[str, Callable[[], bool]] = {
    "cuda": torch.cuda.is_available,
    "mps": torch.backends.mps.is_available,
}
DEVICES = ("auto", "cpu", *GPUS)


def device_named(name: str) -> torch.device | None:
    """Return the device of a name; None for `auto`, which depends on the model's size.

    Raises ValueError for another name, or where this machine, or this torch, has no such device.
    """
    if name not in DEVICES:
        raise ValueError(f"expected a device among {', '.join(DEVICES)}, got {name!r}")
    if name in GPUS and not GPUS[name]():
        raise ValueError(
            f"this torch ({torch.__version__}) sees no {name.upper()} device: use --device cpu, "
            f"or install a torch built for {name.upper()} on a machine that has one"
        )
    return None if name == "auto" else torch.device(name)


def device_for(transformer: Transformer) -> torch.device:
    """Return the GPU, where there is one and the model is large enough to gain; else the CPU."""
    large = sum(tensor.numel() for _, tensor in transformer.parameters()) >= WORTH_IT
    return fastest() if large else CPU


def fastest() -> torch.device:
    """Return the first GPU that there is; else the CPU."""
    return next((torch.device(name) for name, is_there in GPUS.items() if is_there()), CPU)


def moved(transformer: Transformer, device: torch.device) -> Transformer:
    """Return the transformer with its weights on a device: itself, where they are there.

    Raises ValueError where they do not fit into the device's memory.
    """
    if transformer.device == device:
        return transformer
    try:
        return _moved(transformer, device)
    except torch.OutOfMemoryError as error:
        raise ValueError(f"the model does not fit into the memory of {device}: use --device cpu") from error


def _moved(part: Any, device: torch.device) -> Any:
    if isinstance(part, torch.Tensor):
        return part.to(device)
    if isinstance(part, list):
        return [_moved(item, device) for item in part]
    if is_dataclass(part) and not isinstance(part, type):
        return replace(
            part, **{field.name: _moved(getattr(part, field.name), device) for field in fields(part)}
        )
    return part
