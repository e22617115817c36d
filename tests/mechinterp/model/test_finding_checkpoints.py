"""Which files a name means: the bundled model, a folder, a hub id."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from mechinterp import load_model
from mechinterp.model.checkpoints import WEIGHTS, bundled, find
from tests.mechinterp.checkpoint_files import (
    CHECKPOINT,
    folder_with,
)


def test_the_bundled_model_is_found_by_name() -> None:
    name, files, *_ = find("bundled")
    assert name == "bundled"
    assert files == [
        WEIGHTS / file for file in ("config.json", "tokenizer.json", "model.safetensors", "SHA256SUMS")
    ]


@pytest.mark.parametrize("name", sorted(set(bundled()) - {"bundled"}))
def test_other_models_of_the_lecture_are_found_by_name(name: str) -> None:
    found, files, *_ = find(name)
    assert found == name
    assert {file.parent for file in files} == {WEIGHTS / name.removeprefix("bundled-")}


def test_a_model_that_does_not_come_with_the_lecture_is_refused_with_those_that_do() -> None:
    with pytest.raises(ValueError, match="no model bundled-large comes with the lecture: there are bundled"):
        find("bundled-large")


def test_a_folder_is_found_by_any_path_and_named_after_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(
        tmp_path / "some" / "tiny", "config.json", "tokenizer.json", "b.safetensors", "a.safetensors"
    )
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(tmp_path))
    files = [
        folder.resolve() / n for n in ("config.json", "tokenizer.json", "a.safetensors", "b.safetensors")
    ]
    for path in (str(folder), f"{folder}/", "tiny", "../some/tiny", "~/some/tiny"):
        assert find(path) == ("tiny", files, path, str(folder.resolve()))


def test_pickled_weights_beside_safe_ones_do_not_matter(tmp_path: Path) -> None:
    _, files, *_ = find(str(folder_with(tmp_path / "model", *CHECKPOINT, "pytorch_model.bin")))
    assert [file.name for file in files] == ["config.json", "tokenizer.json", "model.safetensors"]


@pytest.mark.parametrize("name", ["no/such/folder/here", "/no/such", "~/no/such/folder"])
def test_a_path_to_nothing_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=f"there is no folder {name}: name one with a checkpoint in it, or a hub id"
    ):
        load_model(name)


def test_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.safetensors").touch()  # a name that might be one on the hub, were there no such file
    with pytest.raises(ValueError, match=r"no folder model\.safetensors: name one with a checkpoint in it"):
        load_model("model.safetensors")


def test_a_hub_id_without_the_hub_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match="to load nobody/nothing from the hub, install transformer_lens"):
        load_model("nobody/nothing")


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("code", "imported"),
    [
        ("from mechinterp.model.checkpoints import find; find('bundled')", []),
        # Loading needs them: the test above could fail.
        ("from mechinterp import load_model", ["tokenizers", "torch"]),
    ],
    ids=["finding", "loading"],
)
def test_finding_a_checkpoint_does_not_wait_for_torch(code: str, imported: list[str]) -> None:
    shown = "print(sorted({'torch', 'tokenizers', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; {shown}"],
        cwd=WEIGHTS.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"\w+", done.stdout) == imported
