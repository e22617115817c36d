"""Decks that others wrote, built as they are: what they may show, and what they find beside them."""

import base64
import io
from pathlib import Path

import pytest

from lectern.deck import options
from lectern.deck.options import DeckOptions
from lectern.marp.renderer import Renderer
from lectern.preview.look import Looker
from lectern.preview.terminal import Terminal
from tests.conftest import HTML, Sandbox, page

pytestmark = pytest.mark.heavy

GREEDY = """
---
theme: theirs
style: "section.a { background: url(file:///etc/hostname) }"
---
![](/etc/passwd)

---

# Two

![bg](/proc/self/environ)

---

![](link.png) <img src="../secret.png"> ![](<a b/../../secret.png>)

<picture><source srcset="../set.png 2x"><img src="mine.png"></picture>
"""


@pytest.fixture
def talk(sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder outside the project, in which a deck from elsewhere lies."""
    sandbox.figure("one")
    folder = tmp_path_factory.mktemp("elsewhere") / "talk"
    folder.mkdir()
    for name in ("../secret.png", "../set.png", "mine.png"):
        (folder / name).write_bytes(name.encode())
    (folder / "link.png").symlink_to("/etc/passwd")
    (folder / "theirs.css").write_text("/* @theme theirs */ h1 { background: url(../secret.png) }")
    return folder


def embedded(content: bytes) -> str:
    return base64.b64encode(content).decode()


def build(sandbox: Sandbox, folder: Path, text: str, *arguments: str) -> int:
    deck = folder / "talk.md"
    deck.write_text(text.lstrip("\n"), encoding="utf-8")
    return sandbox.build("--deck", str(deck), *HTML, *arguments)


def test_a_deck_shows_no_file_of_others(
    sandbox: Sandbox, talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert build(sandbox, talk, GREEDY) == 1
    said = capsys.readouterr().err
    outside = "lies outside the folders of the deck and the project\n  → copy"
    for place in (
        "talk.md, line 5, slide 1: /etc/passwd",
        "talk.md, line 11, slide 2: /proc/self/environ",
        "talk.md, line 15, slide 3: link.png",
        "talk.md, line 15, slide 3: ../secret.png",
        "talk.md, line 17, slide 3: ../set.png",
        "talk.md, line 3, slide 1: file:///etc/hostname",
        f"talk.md: {(talk.parent / 'secret.png').as_uri()}",
    ):
        assert f"{place} {outside}" in said
    assert "--allow-files" in said
    assert not (sandbox.root / "dist").exists()


def test_a_deck_that_is_trusted_may_show_any_file(sandbox: Sandbox, talk: Path) -> None:
    (talk.parent / "plain.css").write_text("/* @theme theirs */ section {}")
    assert build(sandbox, talk, GREEDY.replace("![bg](/proc/self/environ)", ""), "--allow-files") == 0
    text = page(sandbox, "dist/talk.html")
    for name in ("/etc/passwd", "../secret.png", "../set.png", "mine.png"):
        content = Path(name).read_bytes() if name.startswith("/") else name.encode()
        assert embedded(content) in text


def test_a_theme_from_the_theme_set_brings_the_files_beside_it(
    sandbox: Sandbox, talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deck = "---\ntheme: shared\n---\n# T"
    assert build(sandbox, talk, deck) == 1
    assert "there is no theme 'shared'" in capsys.readouterr().err
    css = talk.parent / "shared.css"
    css.write_text("/* @theme shared */ section { background: url('set.png') }")
    for named in (css, talk.parent):
        assert build(sandbox, talk, deck, "--theme-set", str(named)) == 0
        assert embedded(b"../set.png") in page(sandbox, "dist/talk.html")
    assert build(sandbox, talk, deck, "--theme-set", str(talk / "mine.png")) == 1
    assert "mine.png: this is not a theme\n  → begin it with" in capsys.readouterr().err
    assert build(sandbox, talk, deck, "--theme-set", "nowhere.css") == 1
    assert "there is no theme nowhere.css" in capsys.readouterr().err


def test_html_on_request_and_each_choice_is_a_build_of_its_own(
    sandbox: Sandbox, talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    deck = '# T\n\n<button onclick="x()" data-mine="1">b</button>'
    assert build(sandbox, talk, deck) == 0
    assert "&lt;button" in page(sandbox, "dist/talk.html")
    assert build(sandbox, talk, deck, "--html") == 0
    assert '<button onclick="x()" data-mine="1">' in page(sandbox, "dist/talk.html")
    assert build(sandbox, talk, deck, "--html") == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("nothing to do")


def test_emoji_as_pictures_are_in_the_page(
    sandbox: Sandbox, talk: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    deck = "# T\n\n:heart: \N{ROCKET}"
    assert build(sandbox, talk, deck, "--emoji", "twemoji") == 0
    text = page(sandbox, "dist/talk.html")
    for name in ("2764", "1f680"):
        assert embedded((options.TWEMOJI / f"{name}.svg").read_bytes()) in text
    assert "cdn.jsdelivr" not in text
    assert build(sandbox, talk, deck) == 0
    assert "\N{ROCKET}</p>" in page(sandbox, "dist/talk.html")
    monkeypatch.setattr(options, "TWEMOJI", talk / "none")
    assert build(sandbox, talk, deck, "--emoji", "twemoji") == 1
    assert "the pictures of emoji are not installed\n  → run `npm ci`" in capsys.readouterr().err


def test_a_picture_that_came_with_the_deck_is_shown_and_no_figure_of_its_name(
    sandbox: Sandbox, talk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """In a deck of the project the figure is shown, and where the deck has no such picture."""
    deck = "![](img/one.png)\n\n---\n\n`img/one.png`\n\n---\n\n![bg](pictures/img/one.png)"
    (talk / "img").mkdir()
    (talk / "img/one.png").write_bytes(b"their own")
    assert build(sandbox, talk, deck) == 0
    text, said = page(sandbox, "dist/talk.html"), capsys.readouterr()
    assert text.count(embedded(b"their own")) == 1
    assert "<code>img/one.png</code>" in text
    assert "1 figures" in said.out
    figure = embedded((sandbox.root / "img/one.png").read_bytes())
    assert text.count(figure) == 1
    assert f"note: {talk / 'talk.md'} shows its own img/one.png, not the figure 'one'" in said.err

    (talk / "img/one.png").unlink()
    assert build(sandbox, talk, deck) == 0
    assert page(sandbox, "dist/talk.html").count(figure) == 3
    sandbox.write("own/img/one.png", "beside it")
    assert build(sandbox, sandbox.root / "own", deck) == 0
    assert page(sandbox, "dist/talk.html").count(figure) == 3
    assert "note: " not in capsys.readouterr().err


def test_the_preview_shows_what_the_page_does(sandbox: Sandbox, talk: Path) -> None:
    sandbox.make("one")
    (talk / "talk.md").write_text("![](img/one.png)")
    with Renderer(sandbox.project.cache, long_lived=True) as renderer:
        looker = Looker(talk / "talk.md", sandbox.workshop(), renderer)
        first = looker.look()
        assert first.problems == ()
        assert sandbox.root / "img/one.png" in first.pages.files.values()  # type: ignore[union-attr]
        (talk / "img").mkdir()
        (talk / "img/one.png").write_bytes(b"their own")
        then = looker.look()
    assert talk / "img/one.png" in then.pages.files.values()  # type: ignore[union-attr]
    terminal = Terminal("", stream := io.StringIO())
    for look in (first, then, then):
        terminal.say(look, 0)
    assert stream.getvalue().count(f"note: {talk / 'talk.md'} shows its own img/one.png") == 1


def test_the_preview_serves_no_file_of_others(sandbox: Sandbox, talk: Path) -> None:
    (talk / "talk.md").write_text("# T\n\n![](/etc/passwd) ![](mine.png)")
    with Renderer(sandbox.project.cache, long_lived=True) as renderer:
        strict = Looker(talk / "talk.md", sandbox.workshop(), renderer).look()
        assert strict.pages is None
        assert "line 3, slide 1: /etc/passwd lies outside" in strict.problems[0]
        trusting = DeckOptions(allow_files=True)
        pages = Looker(talk / "talk.md", sandbox.workshop(), renderer, trusting).look().pages
    assert pages
    assert {path.name for path in pages.files.values()} >= {"passwd", "mine.png"}
