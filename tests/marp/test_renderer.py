import os
import re
import shutil
import signal
import stat
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from lectern.errors import SetupError
from lectern.marp.node import ConversionError, NodeDiedError
from lectern.marp.renderer import Contents, Renderer

pytestmark = pytest.mark.heavy
NOTHING = Contents({}, {})


@pytest.fixture
def renderer(tmp_path: Path) -> Iterator[Renderer]:
    with Renderer(tmp_path) as running:
        yield running


def fake_node(folder: Path, script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    program = folder / "node"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_slides_notes_and_themes(renderer: Renderer) -> None:
    found = renderer.render(
        "# One\n\n<!-- a note -->\n\n---\n\n# Two", ["/* @theme mine */ section { color: red }"], False
    )
    assert len(found.slides) == 2
    assert "One" in found.slides[0]
    assert "Two" in found.slides[1]
    assert found.comments == (("a note",), ())
    assert set(found.themes) == {"default", "gaia", "uncover", "mine"}


def test_a_theme_is_used_and_packed_anew_when_it_changes(renderer: Renderer) -> None:
    markdown = "---\ntheme: mine\n---\n# One"
    for color in ("red", "blue", "red"):
        css = renderer.render(markdown, [f"/* @theme mine */ section {{ color: {color} }}"], False).css
        assert f"color:{color}" in css


def test_html_is_free_in_templates_and_marps_own_choice_elsewhere(renderer: Renderer) -> None:
    markdown = 'text <span data-claim="1">sentence</span>'
    assert "data-claim" in renderer.render(markdown, [], True).slides[0]
    assert "data-claim" not in renderer.render(markdown, [], False).slides[0]


def test_nothing_is_asked_of_the_network(renderer: Renderer) -> None:
    found = renderer.render("---\nmath: katex\n---\n$x^2$ :smile: 😀", [], False)
    page = renderer.convert("---\nmath: katex\n---\n$x^2$ :smile: 😀", NOTHING, ".html").decode()
    for text in (found.css, *found.slides, page):
        assert "jsdelivr" not in text
        assert "twemoji" not in text
    assert "😄" in found.slides[0]


def test_mathjax_decks_are_rendered_too(renderer: Renderer) -> None:
    assert "mjx-container" in renderer.render("---\nmath: mathjax\n---\n$x^2$", [], False).slides[0]


def test_code_is_coloured(renderer: Renderer) -> None:
    found = renderer.render("# One\n\n```python\nreturn 1\n```\n", [], False)
    assert '<span class="hljs-keyword">return</span>' in found.slides[0]


def test_contents_go_into_the_page(renderer: Renderer) -> None:
    markdown = "![](a.png) ![own](a.png)\n\n![bg](a.png)"
    renderer.render(markdown, [], False)
    contents = Contents({"a.png": "data:image/png;base64,AAAA"}, {"a.png": "A &quot;bar&quot;"})
    page = renderer.convert(markdown, contents, ".html").decode()
    assert page.count("data:image/png;base64,AAAA") == 3
    assert 'alt="A &quot;bar&quot;"' in page
    assert 'alt="own"' in page
    assert "a.png" not in page


def test_the_decks_own_marp_configuration_is_not_picked_up(
    renderer: Renderer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".marprc.yml").write_text("html: false\nengine: ./none.js\n")
    monkeypatch.chdir(tmp_path)
    assert b"One" in renderer.convert("# One", NOTHING, ".html")


def test_marp_errors_leave_the_process_usable(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/node").symlink_to(shutil.which("node") or "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))  # on which Marp would look for another browser
    with Renderer(tmp_path) as renderer:
        with pytest.raises(ConversionError) as caught:
            renderer.convert(
                "# One", NOTHING, ".pdf", ("--pdf",), {"CHROME_PATH": str(tmp_path / "no-browser")}
            )
        assert str(caught.value)
        assert renderer.render("# Two", [], False).slides


def test_node_dying_is_said(renderer: Renderer) -> None:
    renderer.render("# One", [], False)
    os.kill(renderer._node.process.pid, signal.SIGKILL)
    with pytest.raises(SetupError, match=r"Node\.js died while rendering \(exit code -9\)"):
        renderer.render("# Two", [], False)


def test_no_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SetupError, match=r"Node\.js was not found.*\n.*install Node\.js 20"):
        Renderer(tmp_path)


def test_old_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    server = (Path(__file__).parents[2] / "lectern/marp/server.cjs").read_text()
    assert "major < 20" in server
    answer = '{"error": "Node.js 16.20.0 is too old"}'
    fake_node(tmp_path, f"echo '{answer}'", monkeypatch)
    with (
        Renderer(tmp_path) as renderer,
        pytest.raises(SetupError, match=r"Node\.js 16\.20\.0 is too old\n.*install Node"),
    ):
        renderer.render("# One", [], False)


READY = """echo '{"ready": true}'; read line"""


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("echo hello", "node does not answer as Node.js would: 'hello'"),
        ("echo '[]'", r"node does not answer as Node.js would: '\[\]'"),
        ("echo 1", "node does not answer as Node.js would: '1'"),
        ("echo '{}'", "node does not answer as Node.js would: '{}'"),
        (r"printf '\377\376\n'", "node does not answer as Node.js would: '\ufffd\ufffd'"),
        (f"{READY}; echo hello", "node does not answer as Node.js would: 'hello'"),
        ("sleep 100", r"Node\.js did not answer within 0\.5 s: it printed nothing"),
        ("printf hal; sleep 100", r"Node\.js did not answer within 0\.5 s|would: 'hal'"),
        (f"{READY}; echo why >&2; sleep 100", r"Node\.js did not answer within 0\.5 s: why"),
    ],
)
def test_a_node_that_talks_nonsense_or_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    monkeypatch.setattr("lectern.marp.node.START", 0.5)
    monkeypatch.setattr("lectern.marp.node.ANSWER", 0.5)
    fake_node(tmp_path, script, monkeypatch)
    with (
        Renderer(tmp_path) as renderer,
        pytest.raises(SetupError, match=rf"{message}\n  → install Node\.js 20"),
    ):
        renderer.render("# One", [], False)


def test_a_node_that_cannot_be_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_node(tmp_path, "", monkeypatch)
    (tmp_path / "node").write_bytes(b"\0\0\0")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    with pytest.raises(SetupError, match=r"/node cannot be run: Exec format error\n  → install Node"):
        Renderer(tmp_path)
    assert list(temporary.iterdir()) == []


def test_a_node_that_only_complains(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_node(tmp_path, "echo 'Illegal instruction' >&2; exit 132", monkeypatch)
    with (
        Renderer(tmp_path) as renderer,
        pytest.raises(SetupError, match=r"exit code 132\): Illegal instruction"),
    ):
        renderer.render("# One", [], False)


def test_marp_not_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lectern.marp.node.ENGINE_ROOT", tmp_path)
    with pytest.raises(SetupError, match=r"Marp is not installed\n.*npm ci"):
        Renderer(tmp_path)


def test_nothing_is_left_behind(tmp_path: Path) -> None:
    with Renderer(tmp_path) as renderer:
        renderer.render("# One", [], False)
        folder, pid = Path(renderer.folder), renderer._node.process.pid
        assert folder.exists()
    assert not folder.exists()
    with pytest.raises(ProcessLookupError):
        os.kill(pid, 0)


def test_what_was_rendered_before_leaves_nothing(tmp_path: Path) -> None:
    """One Marp renders deck after deck: each comes out as it does from a new one."""
    decks = [
        "---\ntheme: gaia\nclass: lead\npaginate: true\n---\n# One\n\n<!-- a note -->\n\n---\n\n# One\n\n$x$",
        "---\nmath: katex\n---\n# One\n\n* a\n* b\n\n$\\gdef\\x{1}\\x$",
        "---\nmath: mathjax\nheadingDivider: 1\n---\n# One\n# Two\n$y$ ![bg](a.png)",
        "# One\n\n<style scoped>h1 { color: red }</style>\n\n---\n$\\x$",
        "",
    ]

    def rendered(renderer: Renderer, deck: str) -> str:
        return re.sub(
            r"data-marpit-scope-\w+", "scope", str(renderer.render(deck, [], True))
        )  # a random name

    alone = []
    for deck in decks:
        with Renderer(tmp_path) as renderer:
            alone.append(rendered(renderer, deck))
    with Renderer(tmp_path, long_lived=True) as renderer:
        assert [rendered(renderer, deck) for deck in decks + decks[::-1]] == alone + alone[::-1]


def test_a_long_lived_renderer_starts_anew_when_node_was_killed(tmp_path: Path) -> None:
    with Renderer(tmp_path, long_lived=True) as renderer:
        before = renderer.render("# One", [], False)
        os.kill(renderer._node.process.pid, signal.SIGKILL)
        renderer._node.process.wait()
        assert renderer.render("# One", [], False) == before
        os.kill(renderer._node.process.pid, signal.SIGSTOP)
        threading.Timer(
            0.1, os.kill, (renderer._node.process.pid, signal.SIGKILL)
        ).start()  # while it is asked
        with pytest.raises(NodeDiedError, match=r"Node\.js died while rendering"):
            renderer.render("# Two", [], False)
        assert "Two" in renderer.render("# Two", [], False).slides[0]
        assert renderer.filled(NOTHING)[0] == renderer.render("# Two", [], False).slides
