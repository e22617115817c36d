"""Where a model computes: what is asked for, and what is best where nothing is."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from mechinterp.model import devices
from mechinterp.model.devices import CPU, DEVICES, device_for, device_named, fastest, moved
from mechinterp.model.loading import load_model
from tests.mechinterp.commands import refused
from tests.mechinterp.random_models import random_transformer


@pytest.fixture
def has(monkeypatch: pytest.MonkeyPatch) -> dict[str, bool]:
    """Which GPUs there are."""
    there = {"cuda": False, "mps": False}
    monkeypatch.setattr(devices, "GPUS", {name: lambda name=name: there[name] for name in there})
    return there


def test_the_cpu_is_always_there_and_auto_is_left_open(has: dict[str, bool]) -> None:
    assert device_named("cpu") == CPU
    assert device_named("auto") is None


@pytest.mark.parametrize("name", ["cuda", "mps"])
def test_a_gpu_is_taken_where_it_is_there_and_else_refused(name: str, has: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match=rf"sees no {name.upper()} device: use --device cpu"):
        device_named(name)
    has[name] = True
    assert device_named(name) == torch.device(name)
    assert fastest() == torch.device(name)


def test_another_name_is_refused(has: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match="expected a device among auto, cpu, cuda, mps, got 'tpu'"):
        device_named("tpu")


def test_a_large_model_goes_to_the_gpu_and_a_small_one_does_not(
    has: dict[str, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    transformer = random_transformer()
    n_parameters = sum(transformer.n_parameters().values())
    monkeypatch.setattr(devices, "WORTH_IT", n_parameters)
    assert device_for(transformer) == CPU
    has |= {"cuda": True, "mps": True}
    assert device_for(transformer) == torch.device("cuda")
    monkeypatch.setattr(devices, "WORTH_IT", n_parameters + 1)
    assert device_for(transformer) == CPU


def test_the_lectures_model_stays_on_the_cpu_and_gpt2_small_would_not(has: dict[str, bool]) -> None:
    has["cuda"] = True
    ours = load_model()
    assert ours.device == CPU
    assert sum(ours.transformer.n_parameters().values()) < devices.WORTH_IT < 124_000_000


def test_all_weights_move_and_nothing_else_changes(gpu: torch.device) -> None:
    transformer = random_transformer("llama", dtype=torch.float32)
    transformer.memory = 12_345
    found = moved(transformer, gpu)
    assert found.device == gpu
    assert found.memory == 12_345
    assert found.config == transformer.config
    for (name, tensor), (same, original) in zip(found.parameters(), transformer.parameters(), strict=True):
        assert (name, tensor.device, original.device) == (same, gpu, CPU)
        assert torch.equal(tensor.cpu(), original)
    assert moved(transformer, CPU) is transformer


def test_a_model_that_the_device_does_not_hold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise torch.OutOfMemoryError("out of memory")

    transformer = random_transformer()
    monkeypatch.setattr(torch.Tensor, "to", full)
    with pytest.raises(ValueError, match="does not fit into the memory of cuda: use --device cpu"):
        moved(transformer, torch.device("cuda"))


def test_a_device_that_is_not_there_is_refused_before_the_model_is_looked_for(has: dict[str, bool]) -> None:
    with pytest.raises(ValueError, match="sees no CUDA device"):
        load_model("no-such-folder/at-all", device="cuda")


@pytest.mark.heavy
@pytest.mark.parametrize("module", ["ioi", "evaluation", "sae --out SAE", "training --out MODEL"])
def test_a_command_says_so_in_one_line(module: str, tmp_path: Path) -> None:
    missing = next((name for name in DEVICES[2:] if not devices.GPUS[name]()), None)
    if missing is None:
        pytest.skip("this machine has all of them")
    name, *arguments = module.split()
    said = refused(f"mechinterp.{name}", [*arguments, "--device", missing], tmp_path)
    assert said.startswith(f"error: this torch ({torch.__version__}) sees no {missing.upper()} device")
    assert len(said.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
