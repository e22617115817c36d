"""Whole builds of small decks, through the command line."""

import re
import subprocess
from pathlib import Path

import pytest

from tests.conftest import DECK_PATH, HTML, Sandbox, page

pytestmark = pytest.mark.heavy


def snapshot(sandbox: Sandbox) -> dict[str, bytes]:
    """Return every file of the project that is not of the cache."""
    files = [path for path in sandbox.root.rglob("*") if path.is_file() and ".lectern" not in path.parts]
    return {str(path): path.read_bytes() for path in files}


def test_a_lecture_is_one_file_with_everything_in_it(
    lecture: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lecture.build(*HTML) == 0
    text = page(lecture)
    assert "Dos veces es 4." in text
    assert "data:image/svg+xml;base64," in text
    assert '<html lang="es"' in text
    assert "<title>Prueba</title>" in text
    assert not re.search(r"""(?:src|href)=["']?https?:""", text)
    assert "data:font/woff2" in text
    assert "url(fonts/" not in text
    out = capsys.readouterr()
    assert re.search(
        r"1 figures: 0 fresh, 1 computed, 1 drawn, 2 slides, 1 of 1 claims hold → dist/mechinterp\.html",
        out.out,
    )
    assert "one  computed in" in out.err


def test_the_second_time_there_is_nothing_to_do(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.build(*HTML)
    before = snapshot(lecture)
    capsys.readouterr()
    assert lecture.build(*HTML) == 0
    assert capsys.readouterr().out.startswith("nothing to do: 1 figures, all fresh")
    assert snapshot(lecture) == before


@pytest.mark.parametrize(
    "change",
    [
        lambda s: s.edit("slides/mechinterp.md.j2", "# Dos", "# Tres"),
        lambda s: s.edit("figures/one.py", "number=2", "number=3"),
        lambda s: s.write("slides/theme.css", "/* @theme t */"),
        lambda s: (s.root / "dist/mechinterp.html").unlink(),
        lambda s: (s.root / "dist/mechinterp.html").write_text("edited"),
        lambda s: (s.root / "img/one.svg").unlink(),
        lambda s: s.figure("another"),
    ],
    ids=["prose", "figure", "theme", "page gone", "page edited", "picture gone", "new figure"],
)
def test_any_change_is_noticed(lecture: Sandbox, change: object, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.build(*HTML)
    change(lecture)  # type: ignore[operator]
    capsys.readouterr()
    assert lecture.build(*HTML) == 0
    assert "nothing to do" not in capsys.readouterr().out
    assert page(lecture).startswith("<!DOCTYPE html>")


def test_a_touched_file_is_no_change(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.build(*HTML)
    (lecture.root / "slides/mechinterp.md.j2").touch()
    capsys.readouterr()
    lecture.build(*HTML)
    assert "nothing to do" in capsys.readouterr().out


def test_with_nothing_to_do_no_library_is_loaded(lecture: Sandbox) -> None:
    lecture.build(*HTML)
    code = (
        "import sys; from pathlib import Path; from lectern.cli import run;"
        f"code = run(['--formats', 'html'], Path({str(lecture.root)!r}), deck={DECK_PATH!r});"
        "print(*{name.partition('.')[0] for name in sys.modules}); sys.exit(code)"
    )
    done = subprocess.run(
        [__import__("sys").executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert "nothing to do" in done.stdout
    loaded = set(done.stdout.splitlines()[-1].split())
    assert not loaded & {
        "torch",
        "matplotlib",
        "numpy",
        "jinja2",
        "babel",
        "yaml",
        "rich",
        "multiprocessing",
        "subprocess",
    }


def test_quiet_says_nothing(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert lecture.build("--quiet", *HTML) == 0
    captured = capsys.readouterr()
    assert captured.out == captured.err == ""


def test_only_makes_figures_and_no_deck(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.figure("two")
    lecture.figure("three")
    assert lecture.build("--only", "one", "two") == 0
    assert sorted(path.stem for path in (lecture.root / "img").glob("*.svg")) == ["one", "two"]
    assert not (lecture.root / "dist").exists()
    assert "2 figures: 0 fresh, 2 computed, 2 drawn" in capsys.readouterr().out


def test_force_computes_again(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    lecture.build(*HTML)
    capsys.readouterr()
    lecture.build("--force", *HTML)
    assert "1 computed, 1 drawn" in capsys.readouterr().out


@pytest.mark.browser
def test_the_pdf_is_tagged_and_described(lecture: Sandbox) -> None:
    from pypdf import PdfReader

    assert lecture.build() == 0
    reader = PdfReader(lecture.root / "dist/mechinterp.pdf")
    assert len(reader.pages) == 2
    assert reader.metadata
    assert (reader.metadata.title, reader.metadata.author) == ("Prueba", "Nadie")
    root = reader.trailer["/Root"]
    assert root["/Lang"] == "es"  # type: ignore[index]
    assert "/StructTreeRoot" in root  # type: ignore[operator]
    assert [entry["/Title"] for entry in _flat(reader.outline)][:4] == ["Page 1", "Uno", "Page 2", "Dos"]
    assert "Dos veces es 4." in reader.pages[0].extract_text()
    assert "A bar" in _texts(root["/StructTreeRoot"])  # type: ignore[index]


def _flat(outline: list) -> list:
    return [entry for item in outline for entry in (_flat(item) if isinstance(item, list) else [item])]


def _texts(node: object, seen: set[int] | None = None) -> str:
    """Return all alternative texts of a PDF's structure."""
    seen = set() if seen is None else seen
    node = node.get_object() if hasattr(node, "get_object") else node  # type: ignore[attr-defined]
    if id(node) in seen:
        return ""
    seen.add(id(node))
    if isinstance(node, list):
        return "".join(_texts(item, seen) for item in node)
    if isinstance(node, dict):
        return str(node.get("/Alt", "")) + _texts(node.get("/K", []), seen)
    return ""


def test_without_a_browser_the_html_is_there_and_the_pdf_is_missed(
    lecture: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("lectern.marp.browser.installed_browser", lambda: None)
    monkeypatch.setattr("lectern.marp.browser.PACKAGE", tmp_path / "none")
    assert lecture.build() == 1
    assert page(lecture)
    assert not (lecture.root / "dist/mechinterp.pdf").exists()
    assert re.search(
        r"error: the PDF was not made\. no browser was found.*\n  → install Chrome", capsys.readouterr().err
    )
    (lecture.root / "dist/mechinterp.pdf").write_text("old")
    assert lecture.build() == 1
    assert "mechinterp.pdf is of an earlier build" in capsys.readouterr().err


def test_a_failing_claim_is_told_with_slide_and_sentence_and_the_deck_is_written(
    lecture: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lecture.edit("figures/one.py", "at_least=0", "at_least=5")
    assert lecture.build(*HTML) == 1
    assert (
        "claim failed: slides/mechinterp.md.j2, slide 1: «Dos veces es 4.» rests on "
        "one.positive: twice = 4, claimed at least 5: FAILS"
    ) in capsys.readouterr().err
    assert "Dos veces es 4." in page(lecture)
    assert lecture.build(*HTML) == 1  # and again, until it is corrected


def test_a_failing_claim_that_no_sentence_states_counts_too(
    lecture: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    lecture.edit("slides/mechinterp.md.j2", "[% claim figures.one.claims.positive %]", "")
    lecture.edit("slides/mechinterp.md.j2", "[% endclaim %]", "")
    lecture.edit("figures/one.py", "at_least=0", "at_least=5")
    assert lecture.build(*HTML) == 1
    assert "claim failed: one.positive: twice = 4" in capsys.readouterr().err


def test_the_computed_number_follows_into_the_prose(lecture: Sandbox) -> None:
    lecture.build(*HTML)
    lecture.edit("figures/one.py", "number=2", "number=21")
    lecture.build(*HTML)
    assert "Dos veces es 42." in page(lecture)
