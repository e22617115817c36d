import os
from pathlib import Path

import pytest

from lectern.sources.digests import SETTLED_NS, Digests


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


def test_a_remembered_file_is_not_read_again(
    tmp_path: Path, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    digests = fresh(tmp_path)
    expected = digests.of(file)
    digests.save()
    monkeypatch.setattr(Path, "read_bytes", lambda _: pytest.fail("read"))
    assert fresh(tmp_path).of(file) == expected


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


def test_what_is_derived_is_remembered_by_content(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    assert digests.derive("length", file, len) == 3
    digests.save()
    again = fresh(tmp_path)
    assert again.derive("length", file, lambda _: pytest.fail("derived again")) == 3
    assert again.derive("upper", file, str.upper) == "ONE"


def test_changed_names_the_files_that_are_not_what_they_were(tmp_path: Path, file: Path) -> None:
    digests = fresh(tmp_path)
    absent = tmp_path / "absent"
    digests.of(file), digests.of(absent)
    assert digests.changed([file, absent]) == []
    file.write_text("two")
    absent.write_text("here")
    assert digests.changed([file, absent]) == [file, absent]


def test_a_damaged_memory_is_forgotten(tmp_path: Path, file: Path) -> None:
    (tmp_path / "memory.json").write_text("{")
    assert fresh(tmp_path).of(file) is not None


def test_globbing_notes_the_folders_searched(tmp_path: Path) -> None:
    for name in ("a/x.csv", "a/b/y.csv", "a/b/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    digests = fresh(tmp_path)
    assert digests.glob(tmp_path, "a/*.csv") == [tmp_path / "a/x.csv"]
    assert digests.searched == {tmp_path / "a"}
    assert digests.glob(tmp_path, "a/**/*.csv") == [tmp_path / "a/b/y.csv", tmp_path / "a/x.csv"]
    assert digests.searched == {tmp_path / "a", tmp_path / "a/b"}


def test_files_that_come_and_go_among_those_globbed_are_told(tmp_path: Path) -> None:
    one, two = tmp_path / "a/1.csv", tmp_path / "a/2.csv"
    one.parent.mkdir()
    one.touch()
    digests = fresh(tmp_path)
    digests.glob(tmp_path, "a/*.csv")
    digests.glob(tmp_path, "b/*.csv")
    assert digests.found_since() == []
    (tmp_path / "a/other.txt").touch()
    assert digests.found_since() == []
    two.touch()
    one.unlink()
    assert {*digests.found_since()} == {one, two}
    digests.look_again()
    assert digests.found_since() == []
