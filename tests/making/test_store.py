"""What was made is kept, and what was not used for longest goes first."""

import os
from pathlib import Path

import pytest

from lectern.figure import Claim
from lectern.making.store import Computed, Drawn, Reported, Store
from lectern.sources.stamps import digest_bytes
from tests.conftest import Sandbox

KEYS = ("first", "second", "third")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Data of ten bytes for each key, used in their order, long ago."""
    for i, key in enumerate(KEYS):
        path = tmp_path / f"{key}.data"
        path.write_bytes(b"0123456789")
        os.utime(path, (1000 + i, 1000 + i))
    return tmp_path


def kept(folder: Path) -> list[str]:
    return sorted(path.stem for path in folder.iterdir())


def test_as_much_stays_as_may(folder: Path) -> None:
    assert Store(folder).prune(30) == (0, 30)
    assert Store(folder).prune(29) == (1, 20)
    assert kept(folder) == ["second", "third"]
    assert Store(folder).prune(20) == (0, 20)
    assert Store(folder).prune(0) == (2, 0)
    assert kept(folder) == []


def test_what_is_not_there_is_no_trouble(tmp_path: Path) -> None:
    assert Store(tmp_path / "nowhere").prune(0) == (0, 0)


def test_reading_is_using(folder: Path) -> None:
    store = Store(folder)
    before = (folder / "first.data").stat().st_mtime
    store.data("first")
    assert (folder / "first.data").stat().st_mtime > before
    store.prune(10)
    assert kept(folder) == ["first"]


def test_folders_are_not_files_that_were_made(folder: Path) -> None:
    (folder / "a-folder").mkdir()
    assert Store(folder).prune(0) == (3, 0)
    assert kept(folder) == ["a-folder"]


def test_what_is_kept_comes_back(tmp_path: Path) -> None:
    computed = Computed("data", 0.5, {"python": "3"})
    reported = Reported(
        "result", {"v": [1, "a"]}, {"c": Claim("n", 2, at_least=1)}, "alt", 0.5, {"python": "3"}
    )
    store = Store(tmp_path)
    assert store.computed("key") is None
    assert store.data("key") is None
    store.put("key", computed, b"content")
    assert Store(tmp_path).computed("key") == computed
    assert Store(tmp_path).data("key") == b"content"
    assert store.reported("key") is None
    store.put_reported("key", reported)
    assert Store(tmp_path).reported("key") == reported
    assert store.computed("other") is None


def test_pictures_come_back_all_or_none(tmp_path: Path) -> None:
    images = {"svg": b"<svg/>", "png": b"PNG"}
    drawn = Drawn({name: digest_bytes(image) for name, image in images.items()}, 0.5, {"python": "3"})
    Store(tmp_path).put_drawn("key", drawn, images)
    assert Store(tmp_path).drawn("key") == (drawn, images)
    (tmp_path / "key.png").unlink()
    assert Store(tmp_path).drawn("key") is None
    Store(tmp_path).put_drawn("key", drawn, {**images, "png": b"another"})
    assert Store(tmp_path).drawn("key") is None


def test_a_build_drops_what_is_too_much(sandbox: Sandbox) -> None:
    """Here a file of more than all may take, which holds nothing and so takes no room on the disk."""
    sandbox.figure("one")
    sandbox.make("one")
    large = sandbox.root / ".lectern/results/large.data"
    with large.open("wb") as file:
        file.truncate((1 << 30) + 1)
    os.utime(large, (1000, 1000))
    own = [path for path in large.parent.iterdir() if path != large]
    assert sandbox.make("one") == []
    assert not large.exists()
    assert all(path.exists() for path in own)
