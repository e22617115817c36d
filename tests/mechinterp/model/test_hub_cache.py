"""Models in the hub's cache: found without the network, by whatever name means them."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from mechinterp.model.checkpoints import find
from mechinterp.model.hub import commit_at
from tests.mechinterp.local_hub import model

pytestmark = pytest.mark.heavy


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache, laid out as the hub's, with one model, and nothing beyond it."""
    from huggingface_hub import constants

    repository = tmp_path / "hub" / "models--org--tiny"
    snapshot = repository / "snapshots" / ("0" * 40)
    snapshot.mkdir(parents=True)
    for name in model(repository / "blobs").iterdir():
        (snapshot / name.name).symlink_to(f"../../blobs/{name.name}")
    (repository / "refs").mkdir()
    (repository / "refs" / "main").write_text("0" * 40)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    return snapshot


def test_what_is_in_the_cache_needs_no_network_and_no_time(cache: Path) -> None:
    began = time.monotonic()
    assert find("org/tiny") == (
        "org--tiny",
        [cache / name for name in ("config.json", "tokenizer.json", "model.safetensors")],
        f"org/tiny@{'0' * 40}",
        str(cache),
    )
    assert time.monotonic() - began < 1


def test_revisions_have_names_of_their_own(cache: Path) -> None:
    (cache.parents[1] / "refs" / "pr").mkdir()
    (cache.parents[1] / "refs" / "pr" / "1").write_text(cache.name)
    names = [find(f"org/tiny{said}").name for said in ("", "@main", "@pr/1", f"@{cache.name}")]
    assert names == ["org--tiny", "org--tiny@main", "org--tiny@pr--1", f"org--tiny@{cache.name}"]


def test_a_snapshot_is_called_by_its_commit_wherever_it_is_found(cache: Path) -> None:
    """In a worker, which is given the place alone, and for a person who names the folder."""
    name, _, exact, place = find(str(cache))
    assert (name, exact, place) == (f"org--tiny@{cache.name}", f"org/tiny@{cache.name}", str(cache))
    assert commit_at(cache.parent) is None
    assert commit_at(cache.parents[1] / "blobs") is None


def test_what_lost_its_blob_is_not_in_the_cache(cache: Path) -> None:
    (cache.parents[1] / "blobs" / "model.safetensors").unlink()
    with pytest.raises(ValueError, match="nor is all of it in"):
        find("org/tiny")


@pytest.mark.parametrize(
    "name",
    [
        "org/tiny@",
        "org/tiny@../../x",
        "org/tiny@a..b",
        "org/tiny@/main",
        "org/tiny@a/",
        "org/tiny@-/.x",
        "@main",
        "a/b/c@d",
        "org/tiny@a@b",
    ],
)
def test_what_can_be_no_revision_is_refused_before_anything_is_asked(name: str, cache: Path) -> None:
    with pytest.raises(
        ValueError, match=r"there is no folder .*: name one .* or a hub id, ORGANISATION/NAME or"
    ):
        find(name)


@pytest.mark.parametrize("name", ["org/tiny--x", "org/tiny.git", "org/tiny..x"])
def test_what_the_hub_would_call_no_model_is_refused_in_words(name: str, cache: Path) -> None:
    with pytest.raises(
        ValueError, match=f"^{name} is no folder, and on the Hugging Face hub no name is like that"
    ):
        find(name)
