"""What figures ask for besides parameters and each other, and the lecture made anew with another value of it."""

import json
import sys
from collections.abc import Iterator
from dataclasses import replace

import pytest

from lectern.fixtures import Fixture, Option
from tests.conftest import FIGURE, HTML, Sandbox

SHELF = '''
"""Instruments that are kept in files."""
from pathlib import Path

ROOT = Path(__file__).parent

def find(name, quiet):
    newer = ROOT / f"{name}.newer"
    path = ROOT / f"{newer.read_text() if newer.is_file() else name}.txt"
    if not path.is_file():
        raise ValueError(f"there is no instrument {name}")
    if not quiet:
        print(f"fetching the {name}")
    return name, [path], f"{name} of 1784", str(path)

def load(place):
    return Path(place).read_text()
'''
ASKS = FIGURE.replace(
    "compute(number=2, seed=0):", "compute(instrument, seed=0):\n    number = len(instrument)"
)
BOTH = ["compute", "draw"]


@pytest.fixture
def music(sandbox: Sandbox, monkeypatch: pytest.MonkeyPatch) -> Iterator[Sandbox]:
    sandbox.write("shelf.py", SHELF)
    for instrument in ("flute", "tuba"):
        sandbox.write(f"{instrument}.txt", instrument)
    sandbox.fixtures = {
        "instrument": Fixture("shelf:find", "shelf:load", default="flute", help="play on another instrument")
    }
    sandbox.figure("sound", ASKS)
    sandbox.figure("plain")
    monkeypatch.syspath_prepend(sandbox.root)
    yield sandbox
    sys.modules.pop("shelf", None)


def with_tuba(music: Sandbox) -> None:
    music.fixtures = {name: replace(found, chosen="tuba") for name, found in music.fixtures.items()}


def twice(music: Sandbox, path: str) -> int:
    return json.loads((music.root / path).read_text())["values"]["twice"]


def test_a_figure_gets_what_it_asks_for(music: Sandbox) -> None:
    assert [step for _, step in music.make("sound")] == BOTH
    assert twice(music, "img/sound.json") == 2 * len("flute")
    assert music.make("sound") == []


def test_another_value_makes_only_the_figures_that_ask_for_it_in_a_folder_of_its_own(music: Sandbox) -> None:
    music.make("sound", "plain")
    with_tuba(music)
    assert music.make("sound", "plain") == [("sound", "compute"), ("sound", "draw")]
    assert twice(music, "img/tuba/sound.json") == 2 * len("tuba")
    assert twice(music, "img/sound.json") == 2 * len("flute")
    assert not (music.root / "img/tuba/plain.json").exists()


def test_a_figure_of_a_figure_that_asks_belongs_to_the_value_too(music: Sandbox) -> None:
    music.figure(
        "echo",
        FIGURE.replace("compute(number=2, seed=0):", "compute(sound):\n    number = sound.values['twice']"),
    )
    with_tuba(music)
    music.make("echo")
    assert twice(music, "img/tuba/echo.json") == 4 * len("tuba")


def test_changed_content_makes_the_figure_stale_and_says_why(
    music: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    music.make("sound")
    music.write("flute.txt", "piccolo")
    assert music.build("explain", "sound") == 0
    assert "instrument" in capsys.readouterr().out
    assert [step for _, step in music.make("sound")] == BOTH
    assert twice(music, "img/sound.json") == 2 * len("piccolo")


def test_a_changed_loader_makes_the_figure_stale(music: Sandbox) -> None:
    music.make("sound")
    music.edit("shelf.py", "read_text()", "read_text().upper() + '!'")
    assert [step for _, step in music.make("sound")] == BOTH


@pytest.mark.heavy
def test_both_lectures_stand_side_by_side(music: Sandbox, capsys: pytest.CaptureFixture) -> None:
    music.deck("# One\n\n[[ figures.sound ]]\n\nIt sounds [[ figures.sound.twice ]] times.\n")
    assert music.build("--formats", "html") == 0
    assert music.build("--formats", "html", "--instrument", "tuba") == 0
    assert "It sounds 10 times" in (music.root / "dist/mechinterp.html").read_text()
    assert "It sounds 8 times" in (music.root / "dist/tuba/mechinterp.html").read_text()
    capsys.readouterr()
    assert music.build("--formats", "html", "--instrument", "tuba") == 0
    assert "nothing to do" in capsys.readouterr().out


@pytest.mark.heavy
def test_the_other_lecture_is_compared_with_the_own(music: Sandbox, capsys: pytest.CaptureFixture) -> None:
    music.deck(
        "# Sound\n\n[[ figures.sound ]]\n\n[% claim figures.sound.claims.positive %]It sounds "
        "[[ figures.sound.twice ]] times.[% endclaim %]\n\n[% if figures.sound.twice > 8 %]\n---\n\n# Long\n[% endif %]\n"
    )
    page = music.root / "dist/tuba/mechinterp-compared.md"
    assert music.build(*HTML) == 0
    assert not (music.root / "dist/mechinterp-compared.md").exists()
    assert music.build(*HTML, "--instrument", "tuba") == 0
    assert (
        "1 slide left out, 1 has other numbers: see dist/tuba/mechinterp-compared.md"
        in capsys.readouterr().err
    )
    assert "| 1 | It sounds 8 times. | It sounds 10 times. |" in page.read_text()
    assert "- Long" in page.read_text()
    page.unlink()
    assert music.build(*HTML, "--instrument", "tuba") == 0
    assert page.exists()
    music.write("flute.txt", "piccolo")
    assert music.build(*HTML) == 0
    assert music.build(*HTML, "--instrument", "tuba") == 0
    assert "| 1 | It sounds 8 times. | It sounds 14 times. |" in page.read_text()


def test_the_option_works_after_a_command_too(music: Sandbox) -> None:
    assert music.build("figure", "sound", "--instrument", "tuba") == 0
    assert (music.root / "img/tuba/sound.svg").exists()


def test_a_refused_value_is_one_paragraph(music: Sandbox, capsys: pytest.CaptureFixture) -> None:
    assert music.build("--instrument", "organ") == 1
    assert "there is no instrument organ" in capsys.readouterr().err


def test_what_a_loader_refuses_is_said_once_for_all_figures(
    music: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    music.edit("shelf.py", "    return Path", "    raise ValueError('it is out of tune')\n    return Path")
    music.figure("another", ASKS)
    assert music.build("--only", "sound", "another") == 1
    errors = capsys.readouterr().err
    assert errors.count("instrument flute: it is out of tune") == 1
    assert "Traceback" not in errors


def test_what_a_value_stands_for_for_good_is_recorded(music: Sandbox) -> None:
    """And `load` was given the place: by its name alone it would not have found the instrument."""
    music.make("sound", "plain")
    recorded = [json.loads((music.root / f"img/{name}.json").read_text()) for name in ("sound", "plain")]
    assert [sidecar["fixtures"] for sidecar in recorded] == [{"instrument": "flute of 1784"}, {}]


@pytest.mark.parametrize(("options", "shown"), [([], True), (["--quiet"], False)])
def test_what_takes_long_is_shown_unless_the_build_is_quiet(
    music: Sandbox, capsys: pytest.CaptureFixture, options: list[str], shown: bool
) -> None:
    assert music.build("--only", "sound", *options) == 0
    assert ("fetching the flute" in capsys.readouterr().out) == shown


def test_where_a_value_stands_for_other_files_now_there_is_something_to_do(
    music: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    """The files of before are still there, as they were."""
    music.deck("# One\n\n[[ figures.sound ]]\n\nIt sounds [[ figures.sound.twice ]] times.\n")
    assert music.build("--formats", "html") == 0
    assert music.build("--formats", "html") == 0
    assert "nothing to do" in capsys.readouterr().out
    music.write("flute.newer", "tuba")
    assert music.build("--formats", "html") == 0
    assert "nothing to do" not in capsys.readouterr().out
    assert twice(music, "img/sound.json") == 2 * len("tuba")


@pytest.fixture
def loud(music: Sandbox) -> Sandbox:
    """The same with an option: how loud its instruments are loaded."""
    shelf = SHELF.replace(
        "def load(place):\n    return Path", "def load(place, loudness=1.0):\n    return int(loudness) * Path"
    )
    music.write("shelf.py", shelf)
    options = {"loudness": Option(1.0, "X", "how loud it is")}
    music.fixtures = {name: replace(found, options=options) for name, found in music.fixtures.items()}
    return music


def test_an_option_reaches_the_loader_and_makes_nothing_stale(
    loud: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    assert loud.build("--only", "sound", "--loudness", "3") == 0
    assert twice(loud, "img/sound.json") == 2 * 3 * len("flute")
    capsys.readouterr()
    assert loud.build("--only", "sound") == 0
    assert "all fresh" in capsys.readouterr().out
    assert loud.build("figure", "sound", "--loudness", "2", "-p", "seed=1") == 0


@pytest.mark.parametrize("loudness", ["0", "-1", "nan", "much"])
def test_an_option_is_a_number_above_zero(
    loud: Sandbox, capsys: pytest.CaptureFixture, loudness: str
) -> None:
    with pytest.raises(SystemExit) as ended:
        loud.build("--loudness", loudness)
    assert ended.value.code == 2
    assert "--loudness" in capsys.readouterr().err


def test_a_picture_lies_in_the_folder_of_what_it_asks_for(music: Sandbox) -> None:
    """Another value of what a figure does not ask for makes it neither anew nor elsewhere."""
    music.fixtures["hall"] = Fixture("shelf:find", "shelf:load", default="flute", help="play elsewhere")
    music.figure("echo", ASKS.replace("instrument", "hall"))
    music.make("sound", "echo")
    music.fixtures["hall"] = replace(music.fixtures["hall"], chosen="tuba")
    assert music.make("sound", "echo") == [("echo", "compute"), ("echo", "draw")]
    assert (music.root / "img/tuba/echo.svg").exists()
    assert not (music.root / "img/tuba/sound.svg").exists()
    assert music.project.variant == "tuba"


@pytest.fixture
def tuned(music: Sandbox) -> Iterator[Sandbox]:
    """A second fixture, which may stand for nothing, and has to fit the first."""
    music.write(
        "tuner.py",
        """
        import shelf

        def find(value, quiet):
            return (value, [], value, value) if value == "none" else shelf.find(value, quiet)

        def load(value):
            return None if value == "none" else shelf.load(value)

        def fits(value, found):
            name, (file,) = found["instrument"]
            if name != value:
                raise ValueError(f"{value} is no fork for {name}, of {file.name}")
        """,
    )
    music.fixtures["fork"] = Fixture("tuner:find", "tuner:load", "none", "a tuning fork", fits="tuner:fits")
    music.figure(
        "pitch",
        FIGURE.replace(
            "compute(number=2, seed=0):", "compute(instrument, fork):\n    number = len(fork or '')"
        ),
    )
    yield music
    sys.modules.pop("tuner", None)


def test_a_value_that_stands_for_nothing_is_nothing_to_the_figure(tuned: Sandbox) -> None:
    assert tuned.build("--only", "pitch") == 0
    assert twice(tuned, "img/pitch.json") == 0
    assert tuned.build("--only", "pitch", "--fork", "flute") == 0
    assert twice(tuned, "img/flute/pitch.json") == 2 * len("flute")


def test_what_does_not_fit_is_refused_before_anything_is_made(
    tuned: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    assert tuned.build("--only", "plain", "--fork", "tuba") == 1
    assert "error: tuba is no fork for flute, of flute.txt" in capsys.readouterr().err
    assert not (tuned.root / "img/plain.svg").exists()
    assert tuned.build("--only", "pitch", "--fork", "tuba", "--instrument", "tuba") == 0


@pytest.mark.heavy
def test_a_deck_knows_what_was_chosen(tuned: Sandbox) -> None:
    tuned.deck(
        "# Sound\n\n[[ figures.sound ]]\n\n[% claim figures.sound.claims.positive %]"
        "[% if chosen.fork %]with [[ chosen.fork ]][% else %]untuned[% endif %][% endclaim %]\n"
    )
    assert tuned.build(*HTML) == 0
    assert "untuned" in (tuned.root / "dist/mechinterp.html").read_text()
    assert tuned.build(*HTML, "--fork", "flute") == 0
    assert "with flute" in (tuned.root / "dist/flute/mechinterp.html").read_text()
    assert "| 1 | with flute | untuned |" in (tuned.root / "dist/flute/mechinterp-compared.md").read_text()


PLACED = (
    SHELF[: SHELF.index("def load")]
    + '''
class Instrument(str):
    """A sound that says where it is made."""

def load(place, device="hall"):
    if device == "moon":
        raise ValueError("there is no air: use --device hall")
    found = Instrument(Path(place).read_text())
    found.device = device
    return found
'''
)


@pytest.fixture
def placed(music: Sandbox) -> Sandbox:
    """The same with an option that is one of several: where its instruments are."""
    music.write("shelf.py", PLACED)
    options = {"device": Option("hall", "WHERE", "where it is", ("hall", "yard", "moon"))}
    music.fixtures = {name: replace(found, options=options) for name, found in music.fixtures.items()}
    return music


def device_in(sandbox: Sandbox, path: str) -> str:
    return json.loads((sandbox.root / path).read_text())["versions"]["device of instrument"]


def test_an_option_may_be_one_of_several_and_where_a_fixture_is_gets_recorded(
    placed: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    assert placed.build("--only", "sound", "plain", "--device", "yard") == 0
    assert device_in(placed, "img/sound.json") == "yard"
    assert "device" not in (placed.root / "img/plain.json").read_text()
    capsys.readouterr()
    assert placed.build("--only", "sound") == 0
    assert "all fresh" in capsys.readouterr().out
    assert placed.build("figure", "sound", "-p", "seed=1", "-o", str(placed.root / "own.svg")) == 0
    assert device_in(placed, "own.json") == "hall"


def test_another_choice_is_wrong_usage_and_one_that_is_not_there_one_paragraph(
    placed: Sandbox, capsys: pytest.CaptureFixture
) -> None:
    with pytest.raises(SystemExit) as ended:
        placed.build("--device", "sea")
    assert ended.value.code == 2
    assert "choose from" in capsys.readouterr().err
    assert placed.build("--only", "sound", "--device", "moon") == 1
    assert "instrument flute: there is no air: use --device hall" in capsys.readouterr().err
