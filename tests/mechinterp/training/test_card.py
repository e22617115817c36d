"""The model card says what the settings are."""

import re
from dataclasses import replace
from pathlib import Path

from mechinterp.evaluation.behaviour import Behaviour
from mechinterp.model.checkpoints import WEIGHTS
from mechinterp.training.card import write_card
from mechinterp.training.settings import Settings


def test_the_card_takes_its_numbers_from_the_settings_and_the_measurements(tmp_path: Path) -> None:
    measured = [
        Behaviour("IOI, logit difference", 5.25, 1.5, 4.0),
        Behaviour("loss", 0.2, 0.1, 0.15, at_least=False),
    ]
    write_card(tmp_path, replace(Settings(), seed=77, steps=123, n_layers=5), measured)
    card = (tmp_path / "README.md").read_text()
    assert "5 layers of" in card
    assert "123 steps" in card
    assert "--seed 77" in card
    assert "| IOI, logit difference | 5.250 ± 1.500 | ≥ 4 |" in card
    assert "| loss | 0.200 ± 0.100 | ≤ 0.15 |" in card
    assert "{" not in card


def test_the_bundled_model_s_card_is_the_one_that_its_settings_give(tmp_path: Path) -> None:
    """Only the measurements are taken from it: a card that was edited by hand would differ from the next one."""
    card = (WEIGHTS / "README.md").read_text()
    rows = re.findall(r"^\| (.+) \| (\S+) ± (\S+) \| ([≥≤]) (\S+) \| (.*) \|$", card, re.MULTILINE)
    assert len(rows) == 11
    measured = [
        Behaviour(name, float(mean), float(spread), float(bound), sign == "≥", head)
        for name, mean, spread, sign, bound, head in rows
    ]
    write_card(tmp_path, Settings(seed=1), measured)
    assert (tmp_path / "README.md").read_text() == card
