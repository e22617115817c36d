"""A saved state is read back as it was, or refused; a failure while saving leaves the last one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from mechinterp.numerics import training_state
from mechinterp.numerics.training_state import read_state, restore, write_state

CPU = torch.device("cpu")
SETTINGS = {"seed": 1}


def trained() -> tuple[dict[str, Tensor], torch.optim.Adam]:
    parameters = {"W": torch.randn(3, 2, requires_grad=True), "b": torch.zeros(2, requires_grad=True)}
    optimizer = torch.optim.Adam(parameters.values(), lr=0.1)
    (parameters["W"].sum() + parameters["b"].square().sum()).backward()
    optimizer.step()
    return parameters, optimizer


def save(path: Path, step: int, **parameters: Tensor) -> None:
    write_state(path, parameters, [], {"settings": SETTINGS, "step": step})


def test_parameters_optimiser_and_metadata_come_back(tmp_path: Path) -> None:
    parameters, optimizer = trained()
    write_state(tmp_path / "state", parameters, [optimizer], {"settings": SETTINGS, "step": 7})
    metadata, tensors = read_state(tmp_path / "state", SETTINGS)
    assert metadata["step"] == 7
    others, other = trained()
    restore(tensors, others, [other])
    for name, parameter in parameters.items():
        assert torch.equal(others[name], parameter)
        for key, value in optimizer.state[parameter].items():
            assert torch.equal(other.state[others[name]][key], value)


def test_a_failure_in_the_middle_of_writing_leaves_the_last_state(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state"
    save(path, step=1, W=torch.ones(2))

    def fails_to_move(*_: Any) -> None:
        raise OSError("no such device")

    def fails(_: Any, file: Path, __: Any) -> None:
        Path(file).write_bytes(b"half")
        raise OSError("no space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(training_state, "save_file", fails)
        with pytest.raises(OSError, match="no space left"):
            save(path, step=2, W=torch.zeros(2))
    metadata, tensors = read_state(path, SETTINGS)
    assert metadata["step"] == 1
    assert torch.equal(tensors["parameters.W"], torch.ones(2))
    with monkeypatch.context() as patched:
        for name in ("replace", "rename"):
            patched.setattr(Path, name, fails_to_move)
        with pytest.raises(OSError, match="no such device"):
            save(path, step=2, W=torch.zeros(2))
    assert read_state(path, SETTINGS)[0]["step"] == 1
    save(path, step=3, W=torch.zeros(2))  # what the failure left behind is in nobody's way
    assert read_state(path, SETTINGS)[0]["step"] == 3
    assert [file.name for file in tmp_path.iterdir()] == ["state"]


def test_a_tensor_of_another_shape_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "state", step=1, W=torch.ones(2))
    _, tensors = read_state(tmp_path / "state", SETTINGS)
    with pytest.raises(ValueError, match=r"expected W of shape \(3,\) in the state, got \(2,\)"):
        restore(tensors, {"W": torch.ones(3)}, [])
