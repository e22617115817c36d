"""Checkpoints for tests to find, change and damage."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from safetensors.torch import load_file, save_file
from torch import Tensor

Make = Callable[[str], Path]

CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json")


def imports_transformers(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test as one that needs a checkpoint that Hugging Face's library writes, with its warnings."""
    return pytest.mark.heavy(pytest.mark.filterwarnings("default")(test))


def folder_with(folder: Path, *names: str) -> Path:
    """Make a folder with empty files: to find a checkpoint, nothing in it is read."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)


def sums(folder: Path, *names: str) -> str:
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)
