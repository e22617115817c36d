"""The exchange with SAELens, which `make interop` runs, can fail."""

import math

import pytest
import torch

from tests.interop import saelens


def test_what_differs_is_reported_and_so_is_what_is_no_number() -> None:
    assert list(saelens.too_far("l1", 1e-6, 0.0)) == []
    assert len(list(saelens.too_far("l1", 2e-5, math.nan))) == 2
    assert saelens.distance(torch.tensor([1.0, 4.0]), torch.tensor([1.0, 2.0])) == 1


def test_a_difference_fails_the_run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture) -> None:
    monkeypatch.setattr(saelens, "PYTHON", saelens.ROOT)
    monkeypatch.setattr(saelens, "ours_there", lambda folder: iter(["l1: features differ"]))
    monkeypatch.setattr(saelens, "theirs_here", lambda folder: iter(()))
    assert saelens.main() == 1
    assert "l1: features differ" in capsys.readouterr().err


def test_without_saelens_it_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr(saelens, "PYTHON", saelens.ROOT / "nowhere")
    assert saelens.main() == 1
    assert "make interop" in capsys.readouterr().err
