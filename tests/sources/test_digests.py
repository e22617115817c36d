import itertools
import os
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lectern.sources.digests import Digests
from lectern.sources.stamps import SETTLED_NS, UNSETTLED, Sighting


@pytest.fixture
def settled(monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are old enough at once: that their status changed when they were made cannot be set back."""
    monkeypatch.setattr("lectern.sources.stamps.SETTLED_NS", 0)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_text("one")
    settle(path)
    return path


def settle(path: Path, age_ns: int = 10 * SETTLED_NS) -> None:
    now = path.stat().st_mtime_ns
    os.utime(path, ns=(now, now - age_ns))


def fresh(tmp_path: Path) -> Digests:
    return Digests(tmp_path / "memory.json")


def test_equal_contents_have_equal_digests(tmp_path: Path, file: Path) -> None:
    other = tmp_path / "other"
    other.write_text("one")
    digests = fresh(tmp_path)
    assert digests.of(file) == digests.of(other) != digests.of(tmp_path / "absent")
    assert digests.of(tmp_path / "absent") is None


@pytest.mark.usefixtures("settled")
def test_a_remembered_file_is_not_read_again(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = fresh(tmp_path)
    expected = digests.of(file)
    digests.save()
    again = fresh(tmp_path)
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    assert again.of(file) == expected


@pytest.mark.usefixtures("settled")
def test_a_file_with_the_size_and_time_that_it_had_is_read_again(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    before, status = digests.of(file), file.stat()
    digests.save()
    with file.open("r+") as handle:
        handle.write("six")
    os.utime(file, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert fresh(tmp_path).of(file) != before


def test_what_is_seen_of_a_file_is_what_it_was_when_it_was_looked_at(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    digest = digests.of(file)
    file.write_text("later")
    assert digests.sightings[file].digest == digest
    assert (
        digests.sightings[file].stamp == UNSETTLED
    )  # it was new: a later change may leave the stamp as it was


def test_a_file_that_changes_before_something_is_derived_from_it(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    digests.of(file)
    file.write_text("later")
    assert digests.derived.of("length", file, len) == 5
    file.write_text("one")
    assert fresh(tmp_path).derived.of("length", file, len) == 3


def test_an_engine_that_derives_otherwise_forgets_what_it_derived(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = fresh(tmp_path)
    digests.derived.of("length", file, len)
    digests.save()
    engine = tmp_path / "engine"
    (engine / "sources").mkdir(parents=True)
    (engine / "sources/code.py").write_text("")
    monkeypatch.setattr("lectern.sources.derived.ENGINE", engine)
    assert fresh(tmp_path).derived.of("length", file, lambda _: -1) == -1


def test_a_file_just_written_is_read_again(tmp_path: Path, file: Path) -> None:
    """Two saves within the clock's grain have the same time and, here, the same size."""
    file.write_text("two")
    digests = fresh(tmp_path)
    before = digests.of(file)
    stamp = file.stat()
    digests.save()
    with file.open("r+") as handle:
        handle.write("six")
    os.utime(file, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))
    assert fresh(tmp_path).of(file) != before


@pytest.mark.usefixtures("settled")
def test_what_is_derived_is_remembered_by_content(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    assert digests.derived.of("length", file, len) == 3
    digests.save()
    again = fresh(tmp_path)
    assert again.derived.of("length", file, lambda _: pytest.fail("derived again")) == 3
    assert again.derived.of("upper", file, str.upper) == "ONE"


def test_changed_names_the_files_that_are_not_what_they_were(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    absent = tmp_path / "absent"
    digests.of(file), digests.of(absent)
    assert digests.changed([file, absent]) == []
    file.write_text("two")
    absent.write_text("here")
    assert digests.changed([file, absent]) == [file, absent]


def test_a_damaged_memory_is_forgotten(tmp_path: Path, file: Path) -> None:
    for name in ("memory.json", "memory.json.derived"):
        (tmp_path / name).write_text("{")
    digests = fresh(tmp_path)
    assert digests.of(file) is not None
    assert digests.derived.of("length", file, len) == 3


def test_threads_that_ask_at_the_same_time_get_the_same_answer(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Though the file changes while it is read, each time that it is."""
    reads = itertools.count()

    def touched(path: Path) -> Sighting:
        threading.Event().wait(0.01)  # so that others would come in between
        return Sighting(UNSETTLED, f"content {next(reads)}")

    monkeypatch.setattr("lectern.sources.digests.sight", touched)
    digests = fresh(tmp_path)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(digests.of, [file] * 8)) == {"content 0"}
