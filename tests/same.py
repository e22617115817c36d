"""Whether what two devices computed is the same but for rounding."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import torch

from tests.stand_in import NAME


def tolerance(device: torch.device) -> float:
    """Return how far a device's numbers may be from the CPU's: the stand-in adds them up as the CPU does."""
    return 1e-5 if device.type == NAME else 1e-3


def assert_same(found: Any, expected: Any, within: float, at: str = "result") -> None:
    """Compare data of any depth: numbers within a tolerance, relative or absolute, and everything else exactly."""
    if is_dataclass(expected) and not isinstance(expected, type):
        found, expected = (
            {f.name: getattr(it, f.name) for f in fields(expected)} for it in (found, expected)
        )
    if isinstance(expected, torch.Tensor):
        found, expected = found.detach().cpu().numpy(), expected.detach().numpy()
    if isinstance(expected, Mapping):
        assert list(found) == list(expected), at
        for name in expected:
            assert_same(found[name], expected[name], within, f"{at}[{name!r}]")
    elif isinstance(expected, list | tuple):
        assert len(found) == len(expected), at
        for i, pair in enumerate(zip(found, expected, strict=True)):
            assert_same(*pair, within, f"{at}[{i}]")
    elif isinstance(expected, float | np.ndarray):
        np.testing.assert_allclose(found, expected, rtol=within, atol=within, err_msg=at)
    else:
        assert found == expected, at
