"""An SAE that is given: found, and refused where it is not of the model."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from mechinterp.model.checkpoints import find as find_model
from mechinterp.sae.checkpoint import save_sae
from mechinterp.sae.folder import CONFIG, TEXTS, WEIGHTS, find, fits, hook_of
from tests.mechinterp.sae.random_saes import random_sae

D_MODEL = 144
HOOK = "blocks.1.hook_resid_post"


def sae(folder: Path, model: str = "bundled", hook: str = HOOK, d_model: int = D_MODEL) -> str:
    save_sae(folder, random_sae("standard", d_model=d_model), model, hook)
    return str(folder)


def change_metadata(folder: Path, **changes: str | None) -> None:
    config = json.loads((folder / CONFIG).read_text())
    found = {name: value for name, value in {**config["metadata"], **changes}.items() if value is not None}
    (folder / CONFIG).write_text(json.dumps({**config, "metadata": found}))


def model(name: str = "bundled") -> dict[str, tuple[str, list[Path]]]:
    return {"model": find_model(name)[:2]}


def test_an_sae_is_its_files_and_none_has_none(tmp_path: Path) -> None:
    value = sae(tmp_path / "mine")
    assert find(value)[:2] == ("mine", [tmp_path / "mine" / CONFIG, tmp_path / "mine" / WEIGHTS])
    (tmp_path / "mine" / TEXTS).write_text("text")
    assert find(value)[1][-1] == tmp_path / "mine" / TEXTS
    assert find("none")[:2] == ("none", [])


def test_what_is_no_sae_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=rf"it has no {CONFIG} and no {WEIGHTS}\. Train one with"):
        find(str(tmp_path))
    (tmp_path / CONFIG).write_text("{}")
    with pytest.raises(ValueError, match=rf"it has no {WEIGHTS}\. Train"):
        find(str(tmp_path))


def test_an_sae_of_the_model_fits(tmp_path: Path) -> None:
    fits(sae(tmp_path / "sae"), model())


@pytest.mark.parametrize(
    ("written", "name"),
    [
        ("gpt2-small", "gpt2"),
        ("gpt2-small", "openai-community--gpt2"),
        ("EleutherAI/pythia-70m", "EleutherAI--pythia-70m"),
        ("pythia-70m", "EleutherAI--pythia-70m"),
    ],
)
def test_a_model_has_several_names(written: str, name: str, tmp_path: Path) -> None:
    value = sae(tmp_path / "sae", written)
    fits(value, {"model": (name, [])})
    with pytest.raises(ValueError, match=f"is of the model {written}, and the figures are of gpt2-xl"):
        fits(value, {"model": ("gpt2-xl", [])})


def test_an_sae_of_no_named_model_fits_by_its_size(tmp_path: Path) -> None:
    fits(sae(tmp_path / "sae", d_model=D_MODEL), model())
    change_metadata(tmp_path / "sae", model_name=None)
    fits(str(tmp_path / "sae"), model())
    other = sae(tmp_path / "other", d_model=6)
    change_metadata(tmp_path / "other", model_name=None)
    with pytest.raises(ValueError, match=f"reads vectors of width 6, and {HOOK} of the model has width 144"):
        fits(other, model())


def test_other_widths_than_the_streams_are_not_known_yet(tmp_path: Path) -> None:
    fits(sae(tmp_path / "sae", hook="blocks.1.mlp.hook_post", d_model=6), model())


def test_a_layer_that_the_model_lacks(tmp_path: Path) -> None:
    value = sae(tmp_path / "sae", hook="blocks.9.hook_resid_post")
    with pytest.raises(
        ValueError, match=r"is of blocks\.9\.hook_resid_post, and the model has \d layers: choose"
    ):
        fits(value, model())


def test_an_sae_without_a_hook_point_is_refused(tmp_path: Path) -> None:
    value = sae(tmp_path / "sae")
    assert hook_of(tmp_path / "sae") == HOOK
    change_metadata(tmp_path / "sae", hook_name=None)
    with pytest.raises(ValueError, match=rf"{CONFIG} names no hook point: write there, as hook_name"):
        fits(value, model())
