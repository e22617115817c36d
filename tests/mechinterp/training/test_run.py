"""Training: reproducible, resumable, and it learns."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from mechinterp.training import run as training
from mechinterp.training.batches import MARK, batch_at, marked_sequences, repeated_sequences
from mechinterp.training.parameters import checkpoint_of, initial_parameters, transformer_of
from mechinterp.training.settings import Settings
from tests.mechinterp.commands import finished, interrupted

TINY = Settings(seed=1, steps=8, n_layers=2, n_heads=2, d_model=16, d_mlp=8, d_vocab=50, n_ctx=24, batch=8)
CPU = torch.device("cpu")
NAMES = torch.tensor([3, 4, 5])


@pytest.fixture
def texts() -> torch.Tensor:
    return torch.randint(1, 50, (40, 24), generator=torch.Generator().manual_seed(0))


def advance(run: training.Run, texts: torch.Tensor, steps: int) -> list[float]:
    return [run.advance(texts, NAMES, lambda _: {}) for _ in range(steps)]


def test_a_resumed_run_goes_on_as_if_it_had_not_been_stopped(texts: torch.Tensor, tmp_path: Path) -> None:
    whole = training.begin(TINY, CPU)
    losses = advance(whole, texts, 8)
    stopped = training.begin(TINY, CPU)
    advance(stopped, texts, 5)
    stopped.save(tmp_path / "training.state")
    resumed = training.resume(tmp_path / "training.state", TINY, CPU)
    assert advance(resumed, texts, 3) == losses[5:]
    for name, tensor in whole.parameters.items():
        assert torch.equal(tensor, resumed.parameters[name]), name


def test_the_loss_falls(texts: torch.Tensor) -> None:
    run = training.begin(replace(TINY, steps=40, warm_up=5), CPU)
    losses = advance(run, texts[:8], 40)
    assert sum(losses[-5:]) < sum(losses[:5]) - 1


def test_a_state_of_other_settings_is_refused(texts: torch.Tensor, tmp_path: Path) -> None:
    training.begin(TINY, CPU).save(tmp_path / "training.state")
    with pytest.raises(ValueError, match="another seed: choose another folder"):
        training.resume(tmp_path / "training.state", replace(TINY, seed=2), CPU)


def test_a_damaged_state_is_refused(tmp_path: Path) -> None:
    (tmp_path / "training.state").write_bytes(b"half")
    with pytest.raises(ValueError, match=r"is damaged .*: delete it to start over"):
        training.resume(tmp_path / "training.state", TINY, CPU)


def test_measurements_are_taken_on_the_way_and_at_the_end(
    texts: torch.Tensor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(training, "MEASURE_EVERY", 3)
    run = training.begin(TINY, CPU)
    for _ in range(TINY.steps):
        run.advance(texts, NAMES, lambda transformer: {"layers": transformer.config.n_layers})
    assert [(row["step"], row["layers"]) for row in run.history] == [(3, 2), (6, 2), (8, 2)]


def test_a_batch_depends_on_the_seed_and_the_step_alone(texts: torch.Tensor) -> None:
    assert torch.equal(batch_at(3, texts, TINY), batch_at(3, texts, TINY))
    assert not torch.equal(batch_at(3, texts, TINY), batch_at(4, texts, TINY))
    assert not torch.equal(batch_at(3, texts, TINY), batch_at(3, texts, replace(TINY, seed=2)))


@given(st.integers(0, 1000))
def test_random_sequences_repeat_with_a_period_in_the_given_range(seed: int) -> None:
    settings = replace(TINY, shortest_period=3, longest_period=9)
    sequence = repeated_sequences(1, settings, torch.Generator().manual_seed(seed))[0]
    assert sequence[0] == 0
    assert (sequence[1:] > 0).all()
    periods = [p for p in range(1, 10) if torch.equal(sequence[1 : 24 - p], sequence[1 + p :])]
    assert any(p >= 3 for p in periods)


def test_a_marked_sequence_marks_what_occurred_before_and_nothing_else() -> None:
    for row in marked_sequences(20, TINY, torch.Generator().manual_seed(0)).tolist():
        assert row[:2] == [0, MARK]
        for i in range(2, len(row) - 1):
            if row[i] != MARK:
                assert (row[i + 1] == MARK) == (row[i] in row[2:i])


def test_the_first_steps_have_no_repetition_to_learn_from() -> None:
    settings = replace(TINY, batch=50, first_marked=3)
    assert settings.shares(2) == (30, 0, 20)
    assert settings.shares(3) == (30, 16, 4)


def test_rates_warm_up_stay_and_fall() -> None:
    settings = replace(TINY, steps=100, warm_up=10, decay=0.5)
    assert [settings.rate(step) for step in (0, 4, 9, 50)] == pytest.approx([0.1, 0.5, 1, 1])
    assert settings.rate(75) == pytest.approx(0.5)
    assert settings.rate(100) == 0.01


def test_parameters_split_for_the_optimiser_are_the_same_model() -> None:
    parameters = initial_parameters(TINY.config, torch.Generator().manual_seed(0))
    whole = checkpoint_of(parameters)["h.0.attn.c_attn.weight"]
    assert torch.equal(whole[:, 16:32], parameters["h.0.attn.k.weight"])
    W_K = transformer_of(parameters, TINY.config).blocks[0].W_K
    assert torch.equal(W_K[1], parameters["h.0.attn.k.weight"][:, 8:])


@pytest.mark.heavy
def test_the_command_can_be_interrupted_and_goes_on(tmp_path: Path) -> None:
    arguments = ("--out", str(tmp_path), "--steps", "8", "--seed", "3")
    code, errors = interrupted("mechinterp.training", arguments, "from step 0 of 8")
    assert code == 130
    assert "the same command resumes from the last step" in errors
    assert "IOI, logit difference" in finished("mechinterp.training", arguments)
    written = {path.name for path in tmp_path.iterdir()}
    assert written >= {
        "config.json",
        "model.safetensors",
        "tokenizer.json",
        "README.md",
        "history.json",
        "SHA256SUMS",
    }
    assert json.loads((tmp_path / "history.json").read_text())[-1]["step"] == 8


@pytest.mark.heavy
def test_a_folder_of_another_run_is_not_overwritten(tmp_path: Path, capsys: pytest.CaptureFixture) -> None:
    from mechinterp.training.__main__ import STATE, main

    training.begin(TINY, CPU).save(tmp_path / STATE)
    assert main(["--out", str(tmp_path), "--seed", "5"]) == 1
    assert "choose another folder" in capsys.readouterr().err


def test_the_command_takes_its_settings_from_its_options(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from mechinterp.training import __main__ as command

    taken = []
    monkeypatch.setattr(
        command, "train", lambda folder, settings, console, device: taken.append((settings, device))
    )
    monkeypatch.setattr(torch, "set_num_threads", lambda n: None)
    monkeypatch.setattr(command, "fastest", lambda: torch.device("cuda"))
    command.main(["--out", str(tmp_path), "--seed", "5"])
    command.main(["--out", str(tmp_path), "--steps", "9", "--without-selection", "--device", "cpu"])
    assert taken == [
        (Settings(seed=5), torch.device("cuda")),
        (Settings(steps=9, selection=0.0), torch.device("cpu")),
    ]
