"""What is told of files that change, as the system tells it."""

from __future__ import annotations

import queue
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lectern.preview.changes import Changes, Nearest

Told = queue.SimpleQueue[tuple[Path, bool]]  # paths, and whether their change is over


@pytest.fixture
def told(tmp_path: Path) -> Iterator[Told]:
    """What is told of tmp_path/watched, in which there is a file `old`."""
    (tmp_path / "watched").mkdir()
    (tmp_path / "watched/old").write_text("old")
    events: Told = queue.SimpleQueue()
    changes = Changes(lambda path, complete: events.put((path, complete)))
    changes.watch([tmp_path / "watched"])
    yield events
    changes.close()


def until(events: Told, last: tuple[Path, bool]) -> list[tuple[Path, bool]]:
    """Return what is told up to an event."""
    found = []
    while not found or found[-1] != last:
        found.append(events.get(timeout=10))
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="only here the system tells that a file was closed")
def test_a_file_is_complete_when_it_is_closed(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "watched/old"
    with path.open("w") as file:
        file.write("half")
        file.flush()
        assert until(told, (path, False))
        file.write("whole")
    found = until(told, (path, True))
    assert {where for where, _ in found} == {path}  # not the folder
    assert [complete for _, complete in found].count(True) == 1


def test_a_file_that_gets_its_name_is_complete(tmp_path: Path, told: Told) -> None:
    passing, path = tmp_path / "watched/.old.tmp", tmp_path / "watched/old"
    passing.write_text("new")
    passing.replace(path)
    found = until(told, (path, True))
    assert (path, False) not in found
    assert (passing, False) in found
    assert tmp_path / "watched" not in {where for where, _ in found}


def test_a_file_that_goes_may_be_on_its_way_to_come_back(tmp_path: Path, told: Told) -> None:
    path = tmp_path / "watched/old"
    path.unlink()
    assert until(told, (path, False)) == [(path, False)]


def test_reading_is_no_change(tmp_path: Path, told: Told) -> None:
    (tmp_path / "watched/old").read_text()
    (tmp_path / "watched/new").touch()
    assert {where for where, _ in until(told, (tmp_path / "watched/new", True))} == {tmp_path / "watched/new"}


def test_the_nearest_folder_is_the_folder_where_it_is_there(tmp_path: Path) -> None:
    nearest = Nearest()
    assert nearest[tmp_path] == tmp_path
    assert nearest[tmp_path / "not" / "here"] == tmp_path
    assert nearest[tmp_path / "not"] == tmp_path
