from pathlib import Path

from lectern.sources.searches import Searches


def test_searching_notes_the_folders_searched(tmp_path: Path) -> None:
    for name in ("a/x.csv", "a/b/y.csv", "a/b/z.txt"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    searches = Searches()
    assert searches.glob(tmp_path, "a/*.csv") == [tmp_path / "a/x.csv"]
    assert {*searches.folders} == {tmp_path / "a"}
    assert searches.glob(tmp_path, "a/**/*.csv") == [tmp_path / "a/b/y.csv", tmp_path / "a/x.csv"]
    assert {*searches.folders} == {tmp_path / "a", tmp_path / "a/b"}


def test_files_that_come_and_go_among_those_globbed_are_found(tmp_path: Path) -> None:
    one, two = tmp_path / "a/1.csv", tmp_path / "a/2.csv"
    one.parent.mkdir()
    one.touch()
    searches = Searches()
    searches.glob(tmp_path, "a/*.csv")
    searches.glob(tmp_path, "b/*.csv")
    assert searches.found_since() == []
    (tmp_path / "a/other.txt").touch()
    assert searches.found_since() == []
    two.touch()
    one.unlink()
    assert {*searches.found_since()} == {one, two}
    searches.forget()
    assert searches.found_since() == []
