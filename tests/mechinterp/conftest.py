"""Small random checkpoints of each architecture, made once."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch

from tests.mechinterp.architectures import write_checkpoint


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(architecture: str) -> Path:
        if architecture not in made:
            made[architecture] = write_checkpoint(architecture, tmp_path_factory.mktemp(architecture))
        return made[architecture]

    return make


@pytest.fixture
def copy(checkpoint: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copy a checkpoint to where it may be damaged."""
    return lambda architecture: Path(
        shutil.copytree(checkpoint(architecture), tmp_path / f"copy_of_{architecture}")
    )


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on busy cores, waiting for a second takes longer than all of these tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
