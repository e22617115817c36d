"""The engine builds any lecture: it names nothing of this one, whose entry, build.py, says which deck and model are its own."""

from pathlib import Path

import pytest

from lectern.cli import run
from lectern.project import ENGINE_ROOT
from tests.conftest import DECK_PATH, HTML, Sandbox

ENGINE = ENGINE_ROOT / "lectern"
SOURCES = sorted(
    path for path in ENGINE.rglob("*.*") if path.suffix in (".py", ".cjs", ".mjs", ".js", ".css")
)


def test_the_engine_does_not_name_the_lecture() -> None:
    assert len(SOURCES) > 80
    assert [path for path in SOURCES if "mechinterp" in path.read_text("utf-8")] == []


def test_a_project_may_have_its_deck_anywhere(sandbox: Sandbox) -> None:
    sandbox.write("talks/mine.md", "# Uno")
    assert run(HTML, sandbox.root, deck="talks/mine.md") == 0
    assert (sandbox.root / "dist/mine.html").is_file()


def test_a_project_without_a_deck_asks_for_one(
    sandbox: Sandbox, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.figure("one")
    sandbox.deck("# Uno")
    for arguments in (HTML, ("--watch",)):
        assert run(arguments, sandbox.root) == 1
        assert (
            "error: the project has no deck of its own\n  → name one: --deck PATH" in capsys.readouterr().err
        )
    assert run(["--only", "one", "--quiet"], sandbox.root) == 0
    assert run([*HTML, "--deck", str(tmp_path / DECK_PATH)], sandbox.root) == 0
