"""The package's commands: what they refuse is one line, and they end with another code than 0."""

from __future__ import annotations

import subprocess
import sys

import pytest

from lectern.project import ENGINE_ROOT
from tests.mechinterp.commands import ENVIRONMENT, finished

pytestmark = pytest.mark.heavy
MEASURING = ["mechinterp.evaluation", "mechinterp.ioi"]


@pytest.mark.parametrize("module", MEASURING)
@pytest.mark.parametrize(
    ("name", "said"),
    [
        (
            "org/tiny",
            "error: org/tiny is not a folder, and could not be downloaded .* (HF_HUB_OFFLINE is set)",
        ),
        ("figures", "error: .*figures is not a checkpoint: it has no config.json"),
        ("bundled-large", "error: no model bundled-large comes with the lecture: there are bundled"),
    ],
)
def test_a_model_that_cannot_be_had_is_one_line(module: str, name: str, said: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", module, name],
        cwd=ENGINE_ROOT,
        env={**ENVIRONMENT, "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 1
    assert done.stdout == ""
    [line] = done.stderr.splitlines()
    assert all(part in line for part in said.split(".*"))


def test_the_evaluation_says_on_how_many_prompts_and_takes_a_bound_on_memory() -> None:
    shown = finished("mechinterp.evaluation", ["bundled", "--memory", "0.1"])
    assert "prompts" in shown
    assert "500" in shown
