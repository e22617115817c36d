import shutil
import tempfile
from pathlib import Path

import pytest

from lectern import temporary
from lectern.locking import FileLock


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_a_folder_that_is_in_use_stays_and_one_that_was_given_up_goes(here: Path) -> None:
    used, given_up = temporary.begin(), temporary.begin()
    given_up[1].release()  # as the end of its process does
    (given_up[0] / "inner").mkdir()
    temporary.clean()
    assert list(here.iterdir()) == [used[0]]
    temporary.end(*used)
    assert list(here.iterdir()) == []


def test_a_folder_whose_deletion_was_interrupted_goes_with_the_next(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, lock = temporary.begin()
    for name in ("a", "b", "c"):
        (path / name).mkdir()
        (path / f"{name}.txt").touch()

    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(shutil, "rmtree", interrupted)
        with pytest.raises(KeyboardInterrupt):
            temporary.end(path, lock)
    lock.release()
    assert path.exists()
    temporary.clean()
    assert list(here.iterdir()) == []


def test_a_folder_that_is_cleaned_away_before_it_is_locked_is_made_again(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another process may look for what was given up just then."""
    acquire, cleaned = FileLock.acquire, []

    def late(lock: FileLock) -> bool:
        if not cleaned:
            (folder,) = here.iterdir()
            cleaned.append(folder)
            shutil.rmtree(folder)
            folder.mkdir()
            return acquire(lock) and not folder.joinpath(temporary.LOCK).unlink()
        return acquire(lock)

    monkeypatch.setattr(FileLock, "acquire", late)
    path, lock = temporary.begin()
    assert path not in cleaned
    assert (path / temporary.LOCK).exists()
    temporary.end(path, lock)
