"""A watched folder may be replaced by another of its name, as a checkout does."""

from __future__ import annotations

import queue
from collections.abc import Iterator
from pathlib import Path

import pytest

from lectern.preview.changes import Changes

Told = queue.SimpleQueue[Path]


@pytest.fixture
def watched(tmp_path: Path) -> Path:
    folder = tmp_path / "watched"
    folder.mkdir()
    return folder


@pytest.fixture
def told() -> Told:
    return queue.SimpleQueue()


@pytest.fixture
def changes(watched: Path, told: Told) -> Iterator[Changes]:
    found = Changes(lambda path, _: told.put(path))
    assert found.watch([watched])
    yield found
    found.close()


def until(told: Told, path: Path) -> None:
    while told.get(timeout=10) != path:
        pass


def replace(folder: Path) -> None:
    (folder.parent / "other").mkdir()  # while the old one is there: its inode is another
    folder.rename(folder.parent / "away")
    (folder.parent / "other").rename(folder)


def test_the_new_folder_is_watched(watched: Path, told: Told, changes: Changes) -> None:
    replace(watched)
    assert changes.watch([watched])
    (watched / "new").touch()
    until(told, watched / "new")


def test_the_same_folder_is_not_watched_anew(watched: Path, changes: Changes) -> None:
    assert not changes.watch([watched])


def test_a_folder_that_is_gone_is_watched_when_it_comes_back(
    watched: Path, told: Told, changes: Changes
) -> None:
    watched.rename(watched.parent / "away")
    assert not changes.watch([watched])
    watched.mkdir()
    assert changes.watch([watched])
    (watched / "new").touch()
    until(told, watched / "new")


def test_a_folder_that_is_not_asked_for_any_more_is_left_alone(
    watched: Path, told: Told, changes: Changes
) -> None:
    other = watched.parent / "other"
    other.mkdir()
    assert changes.watch([other])
    (watched / "unseen").touch()
    (other / "seen").touch()
    assert told.get(timeout=10) == other / "seen"
