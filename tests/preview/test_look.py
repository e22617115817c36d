"""What one look at the deck finds, and what it leaves unlooked at."""

import os
import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from lectern.making.request import Request
from lectern.making.state import States
from lectern.marp.renderer import Renderer
from lectern.preview.look import Looker
from tests.conftest import Sandbox

pytestmark = pytest.mark.heavy
BARS, DOTS = Request("bars"), Request("dots")


@pytest.fixture(scope="module")
def renderer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Renderer]:
    with Renderer(tmp_path_factory.mktemp("cache"), long_lived=True) as running:
        yield running


@pytest.fixture
def looker(talk: Sandbox, renderer: Renderer) -> Looker:
    looker = Looker(talk.project.deck, talk.workshop(), renderer)
    assert looker.look().problems == ()
    return looker


@pytest.fixture
def looked_at(looker: Looker, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The figures that are looked at from now on."""
    names: list[str] = []
    look = States.of

    def noting(states: States, request: Request, results: dict[str, str] | None = None) -> object:
        names.append(request.name)
        return look(states, request, results)

    monkeypatch.setattr(States, "of", noting)
    return names


def edited(talk: Sandbox, path: str, old: str, new: str) -> set[Path]:
    talk.edit(path, old, new)
    return {talk.root / path}


def test_a_look_at_a_fresh_deck_finds_its_slides_files_and_figures(talk: Sandbox, looker: Looker) -> None:
    look = looker.look()
    assert look.pages
    assert [slide.title for slide in look.pages.slides] == ["First", "Second", "Bars", "Dots", "Last"]
    assert look.pages.slides[1].notes == ("Remember the second",)
    assert look.pages.slides[2].figures == ("bars",)
    assert {path.name for path in look.pages.files.values()} >= {"dot.svg", "bars.svg", "dots.svg"}
    assert (look.stale, look.waiting, look.figures) == ({}, frozenset(), (BARS, DOTS))
    inputs = {
        path.relative_to(talk.root).as_posix() for path in looker.inputs if path.is_relative_to(talk.root)
    }
    assert inputs >= {
        "slides/mechinterp.md.j2",
        "slides/plain.css",
        "slides/refs.bib",
        "slides/dot.svg",
        "figures/bars.py",
        "helpers/scale.py",
        "data/table.txt",
        "img/bars.json",
        "img/bars.svg",
    }


def test_prose_makes_no_figure_be_looked_at_again(
    talk: Sandbox, looker: Looker, looked_at: list[str]
) -> None:
    look = looker.look(edited(talk, "slides/mechinterp.md.j2", "begins", "starts"))
    assert look.pages
    assert "starts" in look.pages.slides[0].html
    assert look.figures == (BARS, DOTS)
    assert looked_at == []


@pytest.mark.parametrize(
    ("path", "old", "new"),
    [
        ("figures/bars.py", "black", "red"),
        ("helpers/scale.py", "return number", "return 2 * number"),
        ("data/table.txt", "3", "4"),
    ],
)
def test_what_a_figure_depends_on_makes_it_stale_and_leaves_the_others(
    talk: Sandbox, looker: Looker, looked_at: list[str], path: str, old: str, new: str
) -> None:
    look = looker.look(edited(talk, path, old, new))
    assert set(look.stale) == {BARS}
    assert set(looked_at) == {"bars"}
    assert look.pages


def test_a_file_that_comes_or_goes_has_everything_looked_at(
    talk: Sandbox, looker: Looker, looked_at: list[str]
) -> None:
    missing = talk.root / "helpers/scale/__init__.py"  # would be imported in place of helpers/scale.py
    assert missing in looker.inputs
    looker.look({missing})  # not there, as before
    assert looked_at == []
    talk.write("helpers/scale/__init__.py", "def scaled(numbers): return numbers")
    assert BARS in looker.look({missing}).stale
    assert set(looked_at) == {"bars", "dots"}
    looked_at.clear()
    missing.unlink()
    assert looker.look({missing}).stale == {}
    assert set(looked_at) == {"bars", "dots"}


def test_a_picture_that_was_altered_makes_its_figure_stale(talk: Sandbox, looker: Looker) -> None:
    (talk.root / "img/dots.svg").write_text("<svg/>")
    assert set(looker.look({talk.root / "img/dots.svg"}).stale) == {DOTS}


def test_a_new_script_is_found_when_the_deck_names_it(talk: Sandbox, looker: Looker) -> None:
    changed = edited(talk, "slides/mechinterp.md.j2", "$x^2$", "[[ figures.new ]]")
    assert "there is no figure 'new'" in " ".join(looker.look(changed).problems)
    script = talk.figure("new", (talk.root / "figures/dots.py").read_text())
    look = looker.look({script})
    assert look.problems == ()
    assert Request("new") in look.stale
    assert look.pages is None


def test_inputs_of_a_figure_are_the_same_once_its_data_are_there(talk: Sandbox, looker: Looker) -> None:
    changed = edited(talk, "data/table.txt", "3", "4")
    before = looker.look(changed).stale[BARS]
    talk.edit("figures/bars.py", "    figure = Figure", "    1 / 0\n    figure = Figure")
    with pytest.raises(Exception, match="ZeroDivisionError"):
        talk.make("bars")
    talk.edit("figures/bars.py", "    1 / 0\n    figure = Figure", "    figure = Figure")
    assert looker.look().stale[BARS] == before


def test_different_edits_are_different_inputs(talk: Sandbox, looker: Looker) -> None:
    first = looker.look(edited(talk, "data/table.txt", "3", "4")).stale[BARS]
    second = looker.look(edited(talk, "data/table.txt", "4", "5")).stale[BARS]
    third = looker.look(edited(talk, "figures/bars.py", "black", "red")).stale[BARS]
    assert len({first, second, third}) == 3


@pytest.mark.parametrize("broken", ["", "def compute(", "def compute():\n    pass\n", "\ufffe"])
def test_a_script_that_cannot_be_read_stands_as_it_was_last_seen(
    talk: Sandbox, looker: Looker, broken: str
) -> None:
    path = talk.root / "figures/bars.py"
    path.write_text(broken, encoding="utf-16")
    look = looker.look({path})
    assert look.pages
    assert look.stale == {}
    assert "figures/bars.py" in look.problems[0]


def test_files_that_changed_since_they_were_seen_are_told(talk: Sandbox, looker: Looker) -> None:
    assert looker.outdated() == []
    changed = edited(talk, "data/table.txt", "3", "4")
    assert set(looker.outdated()) == changed


def test_a_file_that_only_a_pattern_matches_is_told_when_it_is_new(talk: Sandbox, looker: Looker) -> None:
    talk.edit("figures/bars.py", "def compute", 'FILES = ["data/*.csv", "data/*.txt"]\n\ndef compute')
    talk.write("data/one.csv", "")
    looker.look()
    assert looker.outdated() == []
    new = talk.write("data/two.csv", "")
    assert looker.outdated() == [new]


def test_a_renderer_that_was_killed_is_started_anew(
    talk: Sandbox, looker: Looker, renderer: Renderer
) -> None:
    before = looker.look()
    pid = renderer._node.process.pid
    os.kill(pid, signal.SIGKILL)
    look = looker.look()
    assert (look.problems, look.pages) == ((), before.pages)
    assert renderer._node.process.pid != pid
