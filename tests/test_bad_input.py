"""Bad input: what is wrong, where and what to do is said; the exit code tells; all outputs are as they were."""

import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from lectern.project import ENGINE_ROOT
from tests.conftest import DECK_PATH, FIGURE, HTML, SLOW, Sandbox, outputs

pytestmark = pytest.mark.heavy


def in_deck(text: str) -> Callable[[Sandbox], object]:
    return lambda s: s.edit("slides/mechinterp.md.j2", "# Dos", f"# Dos\n\n{text}")


def in_figure(old: str, new: str) -> Callable[[Sandbox], object]:
    return lambda s: s.edit("figures/one.py", old, new)


BAD: dict[str, tuple[Callable[[Sandbox], object], str]] = {
    "unknown figure": (
        in_deck("[[ figures.onne ]]"),
        "mechinterp.md.j2, line 19: there is no figure 'onne'\n  → did you mean 'one'?",
    ),
    "unknown value": (
        in_deck("[[ figures.one.twicee ]]"),
        "line 19: figure 'one' has no value 'twicee'\n  → did you mean 'twice'?",
    ),
    "undefined variable": (in_deck("[[ nothing ]]"), "line 19: 'nothing' is undefined"),
    "template syntax": (
        in_deck("[% endfor %]"),
        "line 19: template syntax: Encountered unknown tag 'endfor'",
    ),
    "script syntax": (in_figure("def draw(data", "def draw(data(("), "figures/one.py, line 13: syntax error"),
    "script raises": (
        in_figure("return Result(", "raise OSError('gone')\n    return Result("),
        "figures/one.py, line 6: figure 'one': OSError: gone",
    ),
    "script hangs": (
        lambda s: s.figure(
            "one",
            FIGURE.replace("    return Result", SLOW).replace("def compute", "TIME_LIMIT = 1\ndef compute"),
        ),
        "compute ran longer than its 1 s\n  → make it faster, or raise TIME_LIMIT",
    ),
    "script draws nothing": (
        in_figure("return figure", "return None"),
        "figure 'one': draw returned nothing\n  → return the matplotlib Figure",
    ),
    "script returns the wrong type": (in_figure("return Result(", "return list("), "TypeError"),
    "script killed": (
        in_figure("return Result(", "import os; os.kill(os.getpid(), 9)\n    return Result("),
        "compute was killed by the system\n  → most often the system ran out of memory",
    ),
    "two figures of one name": (
        lambda s: s.write("figures/one.ipynb", "{}"),
        "two figures are named 'one': figures/one.ipynb and figures/one.py\n  → rename",
    ),
    "cycle": (
        in_figure("number=2, seed=0", "one, number=2"),
        "figures ask for each other in a ring: one → one",
    ),
    "unknown parameter": (
        in_deck("[[ figures.one(nummer=1) ]]"),
        "line 19: figure 'one' has no parameter 'nummer'\n  → did you mean 'number'?",
    ),
    "a parameter that is no value": (
        in_deck("[[ figures.one(number={'a': 1}) ]]"),
        "line 19: parameter 'number' cannot be {'a': 1}",
    ),
    "a sentence that rests on a value": (
        in_deck("[% claim figures.one.twice %]x[% endclaim %]"),
        "line 19: a sentence has to rest on a claim, and this is none: 4\n  → name one of a figure's claims",
    ),
    "unparsable parameter": (
        in_deck("[[ figures.one(number='x') ]]"),
        "line 19: parameter 'number' cannot be 'x'",
    ),
    "front matter": (
        lambda s: s.edit("slides/mechinterp.md.j2", "math: katex", "math: [katex"),
        "the front matter is not YAML",
    ),
    "front matter after templating": (
        lambda s: s.edit("slides/mechinterp.md.j2", "title: Prueba", 'title: "[[ \'a\\"b\' ]]"'),
        "the front matter is not YAML",
    ),
    "formula": (
        in_deck(r"$\frac{1}{\bogus}$"),
        r"mechinterp.md.j2, line 19, slide 2: formula \frac{1}{\bogus}: KaTeX does not know \bogus",
    ),
    "image": (
        in_deck("![](gone.png)"),
        "mechinterp.md.j2, line 19, slide 2: there is no file gone.png\n  → it was looked for at",
    ),
    "bibliography missing": (
        in_deck("[[ cite('doe2020') ]]"),
        "line 1: the deck cites, and names no bibliography\n  → add `bibliography: FILE.bib`",
    ),
    "bibliography key": (
        lambda s: (
            s.edit("slides/mechinterp.md.j2", "math: katex", "bibliography: refs.bib"),
            in_deck("[[ cite('doe2021') ]]")(s),
        ),
        "line 19: slides/refs.bib has no entry 'doe2021'\n  → did you mean 'doe2020'?",
    ),
    "theme": (
        lambda s: s.edit("slides/mechinterp.md.j2", "math: katex", "theme: gaja"),
        "there is no theme 'gaja'\n  → did you mean 'gaia'?",
    ),
    "theme that is no CSS": (
        lambda s: s.write("slides/mine.css", "/* @theme mine */\nsection { color: red;"),
        "slides/mine.css, line 2: Unclosed block\n  → correct the theme",
    ),
    "language": (
        lambda s: s.edit("slides/mechinterp.md.j2", "lang: es", "lang: xx-yy"),
        "lang 'xx-yy' is not a known language",
    ),
    "theme that is a list": (
        lambda s: s.edit("slides/mechinterp.md.j2", "math: katex", "theme: [gaia, uncover]"),
        "mechinterp.md.j2, line 1: theme is not a name\n  → write one: ",
    ),
    "theme that is a mapping": (
        lambda s: s.edit("slides/mechinterp.md.j2", "math: katex", "theme: {name: gaia}"),
        "line 1: theme is not a name",
    ),
    "theme that is no UTF-8": (
        lambda s: (s.root / "slides/mine.css").write_bytes(b"/* @theme mine */ /* \xf1 */"),
        "slides/mine.css: cannot read the theme: 'utf-8' codec can't decode",
    ),
    "image with a NUL": (
        in_deck("![](a%00b.png)"),
        "line 19, slide 2: a%00b.png is not a path: embedded null byte",
    ),
    "image of a long name": (
        in_deck(f"![]({'a' * 5000}.png)"),
        f"line 19, slide 2: cannot read the file {'a' * 200}…: File name too long",
    ),
    "image in a ring of links": (
        lambda s: ((s.root / "slides/ring.png").symlink_to("ring.png"), in_deck("![](ring.png)")(s)),
        "line 19, slide 2: ",
    ),
    "image of no address": (in_deck("![](http://[a)\n\n[[ missing ]]"), "line 21: 'missing' is undefined"),
    "half a character": (in_deck("[[ '\\ud800' ]]"), "line 19: half a character: '\\ud800'"),
    "half a character in front": (
        lambda s: s.edit("slides/mechinterp.md.j2", "title: Prueba", "title: [[ '\\ud800' ]]"),
        "line 4: half a character: '\\ud800'",
    ),
    "deck deleted": (lambda s: (s.root / "slides/mechinterp.md.j2").unlink(), "there is no deck"),
}


@pytest.mark.parametrize(("spoil", "message"), BAD.values(), ids=BAD)
def test_what_is_wrong_is_said_and_nothing_is_lost(
    built: Sandbox, spoil: Callable[[Sandbox], object], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    before = outputs(built)
    spoil(built)
    assert built.build(*HTML) == 1
    captured = capsys.readouterr()
    assert message in captured.err
    assert "Traceback" not in captured.err
    assert outputs(built) == before


@pytest.mark.parametrize("mode", [[], ["--watch"]])
@pytest.mark.parametrize(
    ("deck", "message"),
    [
        ("ring.md", "ring.md"),
        ("a\0b.md", "cannot be found: "),
        ("a" * 5000 + ".md", f"the deck '{'a' * 100}…' cannot be found: File name too long"),
        ("folder", "folder is a folder\n  → name a file: --deck PATH"),
        ("none.md", "there is no deck "),
    ],
)
def test_a_deck_that_is_no_file(
    sandbox: Sandbox,
    deck: str,
    message: str,
    mode: list[str],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (sandbox.root / "folder").mkdir()
    (sandbox.root / "ring.md").symlink_to("ring.md")
    monkeypatch.chdir(sandbox.root)
    assert sandbox.build("--deck", deck, *mode) == 1
    said = capsys.readouterr().err
    assert said.startswith("error: ")
    assert message in said


@pytest.mark.parametrize("divider", ["", "2.5", "two", "[1, x]"])
def test_a_divider_that_is_no_level_is_taken_as_marp_does(built: Sandbox, divider: str) -> None:
    deck = built.deck(f"---\nheadingDivider: {divider}\n---\n# A\n\n`img/one.png`\n", "talk.md")
    assert built.build("--deck", str(deck), *HTML) == 0


def test_a_script_that_begins_with_a_byte_order_mark_is_a_script(sandbox: Sandbox) -> None:
    sandbox.figure("one", "\ufeff" + FIGURE.lstrip())
    assert sandbox.build("figure", "one") == 0


def test_all_mistakes_are_told_at_once(built: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    in_deck("![](gone.png)\n\n$\\bogus$\n\n![bg](lost.svg)")(built)
    assert built.build(*HTML) == 1
    said = capsys.readouterr().err
    assert all(text in said for text in ("gone.png", "lost.svg", r"\bogus"))


def test_dist_is_a_file(built: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.rmtree(built.root / "dist")
    (built.root / "dist").write_text("mine")
    assert built.build(*HTML) == 1
    assert "dist/mechinterp.html: cannot write: " in capsys.readouterr().err
    assert (built.root / "dist").read_text() == "mine"


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
def test_a_disk_that_is_full(built: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    page = (built.root / "dist/mechinterp.html").read_bytes()
    shutil.rmtree(built.root / "dist")
    (built.root / "dist").mkdir()
    size = 4096 * (len(page) // 4096 + 4)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(built.root / "dist")]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let us mount")
    try:
        (built.root / "dist/mechinterp.html").write_bytes(page)
        built.edit("slides/mechinterp.md.j2", "# Dos", "# Tres")
        assert built.build(*HTML) == 1
        assert "cannot write: No space left on device\n  → free space" in capsys.readouterr().err
        assert outputs(built)[str(built.root / "dist/mechinterp.html")] == page
        assert len(list((built.root / "dist").iterdir())) == 1
    finally:
        subprocess.run(["umount", str(built.root / "dist")], check=True)


@pytest.mark.skipif(os.geteuid() != 0, reason="mounting needs root")
@pytest.mark.parametrize(
    ("pages", "who"), [(4, "cannot write"), (130, r"Node\.js cannot write in")]
)  # of memory: too few for what goes into the page, and for the page
def test_a_temporary_folder_that_is_full(
    built: Sandbox,
    tmp_path: Path,
    pages: int,
    who: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    before = outputs(built)
    folder = tmp_path / "temporary"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={4096 * pages}", "tmpfs", str(folder)]
    if subprocess.run(mount, capture_output=True, check=False).returncode:
        pytest.skip("this system does not let us mount")
    try:
        monkeypatch.setattr(tempfile, "tempdir", str(folder))
        built.edit("slides/mechinterp.md.j2", "# Dos", "# Tres")
        assert built.build(*HTML) == 1
        said = capsys.readouterr().err
        assert re.search(
            rf"error: {who} {folder}\S+: .*[Nn]o space left on device.*\n  → free space, or name another",
            said,
        )
        assert "Traceback" not in said
        assert list(folder.iterdir()) == []
        assert outputs(built) == before
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def test_a_temporary_folder_that_is_not_there(
    built: Sandbox, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", "/nowhere")
    built.edit("slides/mechinterp.md.j2", "# Dos", "# Tres")
    assert built.build(*HTML) == 1
    said = capsys.readouterr().err
    assert re.match(
        r"error: no temporary folder can be made at /nowhere/\S+: No such file or directory\n  → free", said
    )
    assert len(said.splitlines()) == 2


def test_node_dies_in_the_middle_of_rendering(
    built: Sandbox, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Node starts, takes the request and falls over."""
    before = outputs(built)
    bin_ = tmp_path / "bin"
    bin_.mkdir()
    (bin_ / "node").write_text(
        "#!/bin/sh\necho '{\"ready\": true}'\nread line\necho 'JavaScript heap out of memory' >&2\nkill -ABRT $$\n"
    )
    (bin_ / "node").chmod(0o755)
    monkeypatch.setenv("PATH", f"{bin_}:{os.environ['PATH']}")
    in_deck("more")(built)
    assert built.build(*HTML) == 1
    assert (
        "Node.js died while rendering (exit code -6): JavaScript heap out of memory\n  → build again"
        in capsys.readouterr().err
    )
    assert outputs(built) == before


def test_a_missing_package_says_what_to_run(tmp_path: Path) -> None:
    """With the project's packages hidden, the command tells how to install them."""
    code = "import sys; sys.path.insert(0, '.'); sys.argv = ['build.py', '--force']; import runpy; runpy.run_path('build.py', run_name='__main__')"
    bare = subprocess.run(
        [sys.executable, "-S", "-E", "-c", code], capture_output=True, text=True, cwd=ENGINE_ROOT, check=False
    )
    assert bare.returncode == 1
    assert "is not installed here\n  → run `make`" in bare.stderr
    assert "Traceback" not in bare.stderr


def test_an_old_python_is_told_so() -> None:
    import runpy

    module = runpy.run_path(str(ENGINE_ROOT / "build.py"))
    module["main"].__globals__["MINIMUM"] = (4, 0)
    assert module["main"]() == 1


@pytest.mark.parametrize(
    "arguments",
    [["--formats", "docx"], ["--formats", ""], ["--jobs", "0"], ["--jobs", "two"], ["--unknown"], ["figure"]],
)
def test_wrong_usage_ends_with_two(
    sandbox: Sandbox, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        sandbox.build(*arguments)
    assert caught.value.code == 2
    assert "usage: build.py" in capsys.readouterr().err


def test_a_script_that_is_no_utf_8_is_named(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    (sandbox.root / "figures/latin.py").write_bytes('"""Doña Inés."""'.encode("latin-1"))
    assert sandbox.build("--only", "latin") == 1
    said = capsys.readouterr().err
    assert "error: figures/latin.py: cannot read the script" in said
    assert "save it as UTF-8" in said


def test_a_terminal_without_arrows_gets_question_marks(built: Sandbox) -> None:
    built.edit("slides/mechinterp.md.j2", "# Dos", "# Tres")
    out, err = built.command(*HTML, PYTHONIOENCODING="ascii", LC_ALL="C").communicate(timeout=60)
    assert "2 slides, 1 of 1 claims hold ? dist/mechinterp.html" in out
    assert "Traceback" not in err


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is always full")
def test_what_is_said_cannot_be_written(built: Sandbox) -> None:
    where = f"Path({str(built.root)!r}), deck={DECK_PATH!r}"
    code = f"import sys; from pathlib import Path; from lectern.cli import run; sys.exit(run({[*HTML]!r}, {where}))"
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1,
        "error: the build's messages cannot be written: the disk is full\n",
    )


@pytest.mark.parametrize("content", ["null", '{"values": null}', "[1]"])
def test_list_and_explain_take_any_sidecar(
    built: Sandbox, content: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (built.root / "img/one.json").write_text(content)
    assert built.build("list") == built.build("explain", "one") == 0
    said = capsys.readouterr().out
    assert "its sidecar was altered" in said
