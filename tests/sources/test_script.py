from pathlib import Path

import pytest

from lectern.errors import FigureError
from lectern.sources.script import TIME_LIMIT, FigureScript
from tests.conftest import FIGURE, Sandbox


def script(sandbox: Sandbox, name: str = "one") -> FigureScript:
    return sandbox.workshop().catalogue.script(name)


def test_a_script_is_read_without_being_run(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE + "\nraise RuntimeError\nTIME_LIMIT = 5\nFILES = ()\n")
    found = script(sandbox)
    assert found.summary == "Twice a number."
    assert found.compute.defaults == {"number": 2, "seed": 0}
    assert found.draw.defaults == {"color": "black"}
    assert found.time_limit == 5
    assert found.requests == ()


def test_requests_are_the_names_without_a_default(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("number=2, seed=0", "base, other, *, number=2"))
    assert script(sandbox).requests == ("base", "other")
    assert script(sandbox).time_limit == TIME_LIMIT


def test_a_time_limit_is_no_longer_than_a_month(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE + "\nTIME_LIMIT = 1e12\n")
    assert script(sandbox).time_limit == 30 * 24 * 3600


def test_a_parameter_of_both_steps_has_the_default_of_compute(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace('color="black"', 'color="black", seed=5'))
    found = script(sandbox)
    assert found.parameters == {"number": 2, "seed": 0, "color": "black"}
    assert found.draw.defaults["seed"] == 5


@pytest.mark.parametrize(
    ("default", "value"),
    [
        ("-1.5", -1.5),
        ("(1, 2)", (1, 2)),
        ("[1, [2]]", (1, (2,))),
        ('"text"', "text"),
        ("None", None),
        ('Path("a/b.txt")', Path("a/b.txt")),
        ("SOME", 7),
    ],
)
def test_defaults_are_literals(sandbox: Sandbox, default: str, value: object) -> None:
    sandbox.figure("one", FIGURE.replace("number=2", f"number={default}") + "\nSOME = 7\n")
    assert script(sandbox).parameters["number"] == value


@pytest.mark.parametrize(
    "default", ["f()", "{1: 2}", "1 + x", "open('f')", "imported", "TWICE", "LATE", "NOWHERE"]
)
def test_other_defaults_are_refused_with_their_line(sandbox: Sandbox, default: str) -> None:
    text = FIGURE.replace("number=2", f"number={default}") + "TWICE = 1\nTWICE = 2\nif TWICE:\n    LATE = 3\n"
    sandbox.figure("one", text.replace("import Figure", "import Figure, imported"))
    with pytest.raises(FigureError, match=r"figures/one\.py, line 5: the default of parameter 'number'"):
        script(sandbox)


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("def compute", "def computes", "defines no function 'compute'"),
        ("def draw(data", "def draw(data, more", "draw takes the data as its one argument"),
        ("return figure", "return (figure", "line 16: syntax error"),
        ("def compute", "FILES = glob()\ndef compute", "FILES is no literal"),
        ("def compute", "FILES = 3\ndef compute", "FILES = 3 are no paths in the project"),
        ("def compute", "FILES = 'a.csv'\ndef compute", "are no paths in the project"),
        ("def compute", "FILES = ('',)\ndef compute", "are no paths in the project"),
        ("def compute", "FILES = ('/etc/*',)\ndef compute", "are no paths in the project"),
        ("def compute", "FILES = ('../x',)\ndef compute", "are no paths in the project"),
        ("def compute", "TIME_LIMIT = 0\ndef compute", "TIME_LIMIT = 0 is no time"),
        ("def compute", "TIME_LIMIT = -1\ndef compute", "TIME_LIMIT = -1 is no time"),
        ("def compute", "TIME_LIMIT = 'x'\ndef compute", "TIME_LIMIT = 'x' is no time"),
        ("def compute", "TIME_LIMIT = 1e400\ndef compute", "TIME_LIMIT = inf is no time"),
        ("def draw", "compute = print\ndef draw", "line 13: compute is bound more than once"),
        ("def draw", "draw = len\ndef other", "draw is no plain function"),
        ("2 * number", "+".join(["1"] * 5000), "nested too deeply for Python"),
    ],
)
def test_what_breaks_the_contract_is_said(sandbox: Sandbox, old: str, new: str, message: str) -> None:
    sandbox.figure("one", FIGURE.replace(old, new))
    with pytest.raises(FigureError, match=message):
        script(sandbox)
