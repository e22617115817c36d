"""A figure of a model that is in the hub's cache, made as a person makes it: without a network, by workers."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from lectern.project import ENGINE_ROOT
from mechinterp.model.checkpoints import WEIGHTS

pytestmark = pytest.mark.heavy

COMMIT = "0123456789" * 4
TOKEN = "hf_OnlyATestWouldHaveThisToken"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A cache that has the lecture's own model as org/tiny."""
    repository = tmp_path / "hf" / "hub" / "models--org--tiny"
    snapshot = repository / "snapshots" / COMMIT
    for folder in (snapshot, repository / "blobs", repository / "refs"):
        folder.mkdir(parents=True)
    (repository / "refs" / "main").write_text(COMMIT)
    for number, name in enumerate(("config.json", "tokenizer.json", "model.safetensors", "SHA256SUMS")):
        (repository / "blobs" / str(number)).write_bytes((WEIGHTS / name).read_bytes())
        (snapshot / name).symlink_to(f"../../blobs/{number}")
    return tmp_path / "hf"


def made(home: Path, name: str, out: Path) -> subprocess.CompletedProcess[str]:
    """Make a figure of a model, where the cache is given from the folder that the command is run in."""
    offline = {
        "HF_HOME": home.name,
        "HF_ENDPOINT": "http://127.0.0.1:9",
        "HF_TOKEN": TOKEN,
        "OMP_NUM_THREADS": "1",
    }
    command = [sys.executable, str(ENGINE_ROOT / "build.py"), "figure", "transformer_decoder", "-o", str(out)]
    return subprocess.run(
        [*command, "--model", name],
        cwd=home.parent,
        env={**os.environ, **offline},
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize(
    "name", ["org/tiny", f"org/tiny@{COMMIT}", f"hf/hub/models--org--tiny/snapshots/{COMMIT}"]
)
def test_a_figure_is_made_of_the_cache_and_its_sidecar_says_of_which_commit(
    name: str, home: Path, tmp_path: Path
) -> None:
    done = made(home, name, tmp_path)
    assert done.returncode == 0, done.stderr
    sidecar = json.loads((tmp_path / "transformer_decoder.json").read_text())
    assert sidecar["fixtures"] == {"model": f"org/tiny@{COMMIT}"}
    own = json.loads((ENGINE_ROOT / "img" / "transformer_decoder.json").read_text())
    assert (
        sidecar["parts"]["compute"]["model"] == own["parts"]["compute"]["model"]
    )  # it is the lecture's own model
    for said in (done.stdout, done.stderr, json.dumps(sidecar)):
        assert TOKEN not in said


def test_what_is_damaged_in_the_cache_is_refused(home: Path, tmp_path: Path) -> None:
    blob = home / "hub" / "models--org--tiny" / "blobs" / "2"
    blob.write_bytes(blob.read_bytes()[:-1] + b"?")
    done = made(home, "org/tiny", tmp_path)
    assert done.returncode == 1
    assert "model.safetensors is not what SHA256SUMS says: it is damaged, copy it again" in done.stderr
    assert "Traceback" not in done.stderr
