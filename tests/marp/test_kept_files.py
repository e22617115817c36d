"""What Node keeps between builds: damaged or lost, it costs time only, and whoever builds is told."""

import json
import os
import re
import subprocess
from pathlib import Path

import pytest

from lectern import kept
from lectern.errors import SetupError
from lectern.marp.renderer import Contents, Renderer
from tests.conftest import HTML, Sandbox, page

pytestmark = pytest.mark.heavy

FRONT_MATTER = "---\ntitle: T\nlang: en\nmath: katex\n---\n"
THEME = "/* @theme mine */ section { color: red }"


def rendered(cache: Path) -> tuple[bytes, list[str]]:
    """Return the page of a small deck, and what is told of its making."""
    with Renderer(cache) as renderer:
        renderer.render(f"{FRONT_MATTER}# One\n\n$x^2$", [THEME], False)
        return renderer.page(FRONT_MATTER, Contents({}, {})), renderer.remarks


def names(folder: Path) -> dict[str, Path]:
    """Return what is kept, by kind."""
    return {path.name.split("-")[0]: path for path in folder.glob("*.kept")}


def flip(path: Path, place: float) -> None:
    content = bytearray(path.read_bytes())
    content[int(place * (len(content) - 1))] ^= 1
    path.write_bytes(content)


def test_a_flipped_byte_anywhere_changes_nothing_and_is_told(tmp_path: Path) -> None:
    whole, told = rendered(tmp_path)
    assert told == []
    assert set(names(tmp_path / "marp")) >= {"formulas", "theme", "page"}
    again = {kind: path.read_bytes() for kind, path in names(tmp_path / "marp").items()}
    for place in (0, 0.5, 1):  # in the digest, and in what it is of
        for path in names(tmp_path / "marp").values():
            flip(path, place)
        found, told = rendered(tmp_path)
        assert found == whole
        wanted = [
            f"marp/{path.name} in the cache was damaged, and is made again"
            for path in names(tmp_path / "marp").values()
        ]
        assert sorted(told) == sorted(wanted)
    assert rendered(tmp_path) == (whole, [])
    assert {
        kind: path.read_bytes() for kind, path in names(tmp_path / "marp").items() if kind != "compiled"
    } == {kind: content for kind, content in again.items() if kind != "compiled"}


def test_node_and_python_keep_files_in_one_form(tmp_path: Path) -> None:
    script = f"""
        const {{ read, write, newRemarks }} = require({json.dumps(str(Path(kept.__file__).parent / "marp/kept.cjs"))})
        write('of-node', 'ñ\\nx')
        console.log(String(read('of-python')), read('gone'), newRemarks().length)
    """
    kept.write(tmp_path / "of-python", "ñ\nx".encode(), pytest.fail)
    done = subprocess.run(["node", "-e", script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert done.stdout == "ñ\nx undefined 0\n"
    assert kept.read(tmp_path / "of-node", pytest.fail) == "ñ\nx".encode()
    assert {path.name for path in tmp_path.iterdir()} == {"of-node", "of-python"}


def test_a_file_in_the_place_of_the_cache_costs_time_only(
    lecture: Sandbox, capsys: pytest.CaptureFixture[str]
) -> None:
    assert lecture.build(*HTML) == 0
    whole = page(lecture)
    marp = lecture.root / ".lectern/marp"
    for path in marp.iterdir():
        path.unlink()
    marp.rmdir()
    marp.write_text("in the way")
    lecture.edit("slides/mechinterp.md.j2", "# Dos", "# Tres")
    capsys.readouterr()
    assert lecture.build(*HTML) == 0
    assert page(lecture) == whole.replace("Dos</h1>", "Tres</h1>").replace('id="dos"', 'id="tres"')
    assert re.search(
        r"note: nothing can be kept in \S+/marp, so the next build takes longer", capsys.readouterr().err
    )
    assert marp.read_text() == "in the way"


def test_a_deck_without_slides_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = '{"id": 1, "texts": ["css"], "comments": [], "notes": [], "themes": []}'
    program = tmp_path / "node"
    program.write_text(f"#!/bin/sh\necho '{{\"ready\": true}}'\nread line\necho '{answer}'\nread line\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    with (
        Renderer(tmp_path) as renderer,
        pytest.raises(SetupError, match=r"Marp rendered no slides\n  → build again"),
    ):
        renderer.render("# One", [], False)
