"""`--deck PATH` with Marp Markdown that knows nothing of templates."""

import re
from pathlib import Path

import pytest

from tests.conftest import FIGURE, HTML, Sandbox, page

pytestmark = pytest.mark.heavy


def test_figures_are_shown_and_other_files_embedded(lecture: Sandbox, tmp_path: Path) -> None:
    lecture.figure("path-patching", FIGURE)
    talk = tmp_path / "talk"
    lecture.deck(
        """
        ---
        theme: gaia
        class: lead
        ---
        # [[ not a template ]] {{ nor this }}
        ![](img/one.png)
        ---
        # Background
        ![bg](img/path_patching.png)
        ---
        `img/path-patching.png`
        ---
        ![photo](photo.png)
        """,
        "talk/talk.md",
    )
    (talk / "photo.png").write_bytes(b"\x89PNG photo")
    assert lecture.build("--deck", str(talk / "talk.md"), "--out", str(tmp_path / "out"), *HTML) == 0
    text = page(lecture, "out/talk.html")
    assert "[[ not a template ]] {{ nor this }}" in text
    assert text.count("data:image/png;base64,") == 4
    assert 'alt="A bar"' in text
    assert 'alt="photo"' in text
    assert 'class="lead"' in text
    assert "section.gaia" in text or "gaia" in text


def test_its_own_theme_beside_it(lecture: Sandbox) -> None:
    lecture.write("talk/mine.css", "/* @theme mine */ section { background: url(paper.png) }")
    (lecture.root / "talk/paper.png").write_bytes(b"paper")
    deck = lecture.deck("---\ntheme: mine\n---\n# T", "talk/talk.md")
    assert lecture.build("--deck", str(deck), *HTML) == 0
    assert "data:image/png;base64,cGFwZXI=" in page(lecture, "dist/talk.html")


def test_an_unknown_theme(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    deck = lecture.deck("---\ntheme: gaya\n---\n# T", "talk/talk.md")
    assert lecture.build("--deck", str(deck), *HTML) == 1
    assert "there is no theme 'gaya'\n  → did you mean 'gaia'?" in capsys.readouterr().err


def test_a_deck_that_does_not_exist(lecture: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    assert lecture.build("--deck", "nowhere.md") == 1
    assert re.search(r"error: there is no deck .*nowhere\.md", capsys.readouterr().err)
