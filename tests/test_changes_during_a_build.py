"""What is saved while a build runs is seen by the next, however the files look then."""

import os

import pytest

from tests.conftest import FIGURE, HTML, Sandbox, page

pytestmark = pytest.mark.heavy


def editing(path: str, text: str) -> str:
    """Return a figure whose compute writes a file of the project, once."""
    write = f"""    from pathlib import Path
    if not Path("edited").exists():
        Path("edited").touch()
        with open({path!r}, "w") as file:
            file.write({text!r})
    return Result"""
    return FIGURE.replace("    return Result", write)


def test_the_deck_is_saved_while_figures_are_made(lecture: Sandbox) -> None:
    deck = (lecture.root / "slides/mechinterp.md.j2").read_text().replace("# Dos", "# Tres")
    lecture.figure("one", editing("slides/mechinterp.md.j2", deck))
    assert lecture.build(*HTML) == 0
    assert "Tres" not in page(lecture)
    assert lecture.build(*HTML) == 0
    assert "Tres" in page(lecture)


def test_a_script_is_saved_after_it_has_run(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    """By a figure that is made after it."""
    first = FIGURE.replace("number=2", "number=3").lstrip("\n")
    second = editing("figures/one.py", first)
    lecture.figure("two", second.replace("number=2, seed=0):", "one, number=2):", 1))
    lecture.edit("slides/mechinterp.md.j2", "# Dos", "# Dos\n\n[[ figures.two ]]")
    assert lecture.build(*HTML) == 0
    assert "Dos veces es 4." in page(lecture)
    capsys.readouterr()
    assert lecture.build(*HTML) == 0
    assert "nothing to do" not in capsys.readouterr().out
    assert "Dos veces es 6." in page(lecture)


def test_a_figure_is_added_while_others_are_made(
    lecture: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lecture.figure("one", editing("figures/three.py", FIGURE.lstrip()))
    lecture.build(*HTML)
    capsys.readouterr()
    lecture.build(*HTML)
    assert "nothing to do" not in capsys.readouterr().out


def test_a_file_that_goes_and_comes_back_while_it_may_be_read_is_read_again(lecture: Sandbox) -> None:
    """The step runs once more: what it read in between is not what is there."""
    mark = lecture.root / "runs"
    use = f"""    with open({str(mark)!r}, "a") as runs:
        runs.write("x")
    import os
    if os.path.getsize({str(mark)!r}) == 1:
        os.utime(__file__)
    return Result"""
    lecture.figure("one", FIGURE.replace("    return Result", use))
    assert lecture.make("one") == [("one", "compute"), ("one", "draw")]
    assert mark.read_text() == "xx"


@pytest.mark.parametrize("name", ["one.json", "one.png", "one.svg"])
def test_an_output_that_is_lost_or_altered_is_noticed(
    lecture: Sandbox, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lecture.build(*HTML)
    path = lecture.root / "img" / name
    before, status = path.read_bytes(), path.stat()
    for spoil in (path.unlink, lambda: path.write_bytes(before[:-2] + b"x\n")):
        spoil()
        if path.exists():
            os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))
        capsys.readouterr()
        assert lecture.build(*HTML) == 0
        assert "nothing to do" not in capsys.readouterr().out
        assert path.exists()
        assert name == "one.json" or path.read_bytes() == before


def test_a_glance_suffices_once_all_was_looked_at(lecture: Sandbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files that were new when the build ended are read once more, and then no longer."""
    monkeypatch.setattr("lectern.sources.stamps.SETTLED_NS", 0)
    lecture.build(*HTML)
    lecture.build(*HTML)
    monkeypatch.setattr("lectern.commands.record.sight", lambda path: pytest.fail(f"{path} was read"))
    assert lecture.build(*HTML) == 0
