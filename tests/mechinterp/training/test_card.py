"""The model card says what the settings are."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from mechinterp.evaluation.bounds import Behaviour
from mechinterp.model.checkpoints import bundled, folder_of
from mechinterp.training.card import write_card
from mechinterp.training.settings import Settings

SETTINGS = {
    "bundled": Settings(seed=1),
    "bundled-without-selection": Settings(seed=1, selection=0.0),
    "bundled-seed-2": Settings(seed=2),
    "bundled-seed-3": Settings(seed=3),
}


def test_the_card_takes_its_numbers_from_the_settings_and_the_measurements(tmp_path: Path) -> None:
    measured = [
        Behaviour("IOI, logit difference", 5.25, 1.5, 4.0),
        Behaviour("loss", 0.2, 0.1, 0.15, at_least=False),
        Behaviour("possession", 0.5, 0.1, None),
    ]
    write_card(tmp_path, replace(Settings(), seed=77, steps=123, n_layers=5), measured)
    card = (tmp_path / "README.md").read_text()
    assert "5 layers of" in card
    assert "123 steps" in card
    assert "--seed 77" in card
    assert "| IOI, logit difference | 5.250 ± 1.500 | ≥ 4 |" in card
    assert "| loss | 0.200 ± 0.100 | ≤ 0.15 |" in card
    assert "| possession | 0.500 ± 0.100 | none |" in card
    assert "{" not in card


def test_the_card_of_a_model_without_the_selection_term_says_so(tmp_path: Path) -> None:
    write_card(tmp_path, Settings(), [])
    assert "A term of the loss shapes the circuit" in (tmp_path / "README.md").read_text()
    write_card(tmp_path, replace(Settings(), selection=0.0), [])
    card = (tmp_path / "README.md").read_text()
    assert "left out, to see how the task is solved without it" in card
    assert "favours one of several" not in card
    assert "{" not in card


@pytest.mark.parametrize("name", bundled())
def test_a_bundled_model_s_card_is_the_one_that_its_settings_give(name: str, tmp_path: Path) -> None:
    """Only the measurements are taken from it: a card that was edited by hand would differ from the next one."""
    card = (folder_of(name) / "README.md").read_text()
    rows = re.findall(r"^\| (.+) \| (\S+) ± (\S+) \| (none|[≥≤] \S+) \| (.*) \|$", card, re.MULTILINE)
    assert len(rows) == 21
    measured = [
        Behaviour(
            name,
            float(mean),
            float(spread),
            None if bound == "none" else float(bound[2:]),
            not bound.startswith("≤"),
            head,
        )
        for name, mean, spread, bound, head in rows
    ]
    write_card(tmp_path, SETTINGS[name], measured)
    assert (tmp_path / "README.md").read_text() == card
