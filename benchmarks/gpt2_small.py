"""A random model of GPT-2 small's size, as TransformerLens has it."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import torch

from mechinterp.model.bridge import open_bridge


def random_bridge() -> Any:
    """Return TransformerLens' bridge to a random model; from here on torch uses one thread."""
    from transformers import GPT2Config, GPT2LMHeadModel

    torch.set_num_threads(1)
    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        GPT2LMHeadModel(GPT2Config()).save_pretrained(folder)
        return open_bridge(Path(folder))
