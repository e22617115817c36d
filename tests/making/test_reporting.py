"""A figure in three steps: what is said of the data is a step of its own, and rewording it computes nothing."""

import json
import shutil

import pytest

from lectern.errors import FigureError
from tests.conftest import Sandbox

THREE_STEPS = '''
"""Twice a number."""
import numpy as np
from matplotlib.figure import Figure
from lectern.figure import Claim, Report

def compute(number=2):
    return {"twice": np.float32(2 * number), "all": np.arange(number)}

def report(data, digits=1):
    return Report(
        values={"rounded": round(data["twice"], digits), "biggest": data["all"].max()},
        claims={"positive": Claim("twice", data["all"].max(), at_least=0)},
        alt=f"A bar as high as {data['twice']}",
    )

def draw(data, color="black"):
    figure = Figure(figsize=(2, 1))
    figure.subplots().bar([0], [data["twice"]], color=color)
    return figure
'''
ALL = [("one", "compute"), ("one", "draw"), ("one", "report")]  # in the order of the alphabet


@pytest.fixture
def made(sandbox: Sandbox) -> Sandbox:
    sandbox.figure("one", THREE_STEPS)
    assert sandbox.make("one") == ALL
    return sandbox


def sidecar(sandbox: Sandbox, stem: str = "one") -> dict:
    return json.loads((sandbox.root / f"img/{stem}.json").read_text())


def test_the_report_is_what_the_sidecar_offers(made: Sandbox) -> None:
    found = sidecar(made)
    assert found["values"] == {"rounded": 4.0, "biggest": 1}
    assert found["claims"]["positive"]["measured"] == 1.0
    assert found["alt"] == "A bar as high as 4.0"
    assert found["parameters"] == {"color": "black", "digits": 1, "number": 2}
    assert list(found["parts"]) == list(found["seconds"]) == ["compute", "report", "draw"]
    assert made.make("one") == []


def test_rewording_runs_the_report_alone(made: Sandbox) -> None:
    before = (made.root / "img/one.svg").stat().st_mtime_ns
    made.edit("figures/one.py", "A bar as high as", "Eine Säule von")
    assert made.make("one") == [("one", "report")]
    assert sidecar(made)["alt"] == "Eine Säule von 4.0"
    assert (made.root / "img/one.svg").stat().st_mtime_ns == before


def test_a_restyle_leaves_the_report_alone(made: Sandbox) -> None:
    made.edit("figures/one.py", "figsize=(2, 1)", "figsize=(3, 1)")
    assert made.make("one") == [("one", "draw")]


def test_the_same_data_are_neither_reported_on_nor_drawn_again(made: Sandbox) -> None:
    made.edit("figures/one.py", "2 * number)", "number + number)")
    assert made.make("one") == [("one", "compute")]


def test_an_undone_report_gives_back_the_files_and_runs_nothing(made: Sandbox) -> None:
    before = {path.name: path.read_bytes() for path in (made.root / "img").iterdir()}
    made.edit("figures/one.py", "at_least=0", "at_least=7")
    assert made.make("one") == [("one", "report")]
    assert sidecar(made)["claims"]["positive"]["holds"] is False
    made.edit("figures/one.py", "at_least=7", "at_least=0")
    assert made.make("one") == []
    assert {path.name: path.read_bytes() for path in (made.root / "img").iterdir()} == before


def test_a_parameter_of_the_report_runs_it_alone(made: Sandbox) -> None:
    made.edit("figures/one.py", "digits=1", "digits=2")
    assert made.make("one") == [("one", "report")]


def test_without_its_data_a_reworded_figure_is_computed_again(made: Sandbox) -> None:
    shutil.rmtree(made.root / ".lectern")
    assert made.make("one") == []
    made.edit("figures/one.py", "A bar", "One bar")
    assert made.make("one") == [("one", "compute"), ("one", "report")]


def test_force_runs_all_three(made: Sandbox) -> None:
    assert made.make("one", force=True) == ALL


def test_who_asks_for_the_figure_gets_what_it_says(made: Sandbox) -> None:
    asking = THREE_STEPS.replace("number=2", "one").replace("2 * number", "one.values['rounded']")
    made.figure("two", asking.replace("np.arange(number)", "one.data['all'][::-1]"))
    assert {step for figure, step in made.make("two") if figure == "two"} == {"compute", "report", "draw"}
    assert sidecar(made, "two")["values"] == {"rounded": 4.0, "biggest": 1}
    made.edit("figures/one.py", "round(data", "2 * round(data")
    assert made.make("two") == [("one", "report"), ("two", "compute"), ("two", "draw"), ("two", "report")]
    assert sidecar(made, "two")["values"]["rounded"] == 8.0


def test_a_figure_may_gain_and_lose_its_report(sandbox: Sandbox) -> None:
    sandbox.figure("one")
    sandbox.make("one")
    whole = (sandbox.root / "figures/one.py").read_text()
    sandbox.edit("figures/one.py", "def draw(", "def report(data):\n    return Report()\n\ndef draw(")
    with pytest.raises(FigureError, match="compute returned a Result, and there is a report") as caught:
        sandbox.make("one")
    assert "return the data alone" in str(caught.value)
    (sandbox.root / "figures/one.py").write_text(whole)
    assert sandbox.make("one") == []
    assert sidecar(sandbox)["values"] == {"twice": 4}
    (sandbox.root / "figures/one.py").write_text(THREE_STEPS)
    assert sandbox.make("one") == ALL
    sandbox.figure("one", THREE_STEPS.replace("def report(", "def remarks("))
    assert ("one", "compute") in sandbox.make("one")
    assert sidecar(sandbox)["claims"] == {}
    assert list(sidecar(sandbox)["parts"]) == ["compute", "draw"]


@pytest.mark.parametrize(
    ("report", "message"),
    [
        ("def report():\n    return Report()\n", "report takes the data as its one argument"),
        ("def report(data, more):\n    return Report()\n", "report takes the data as its one argument"),
        ("def report(data):\n    return {}\n", "report returned a builtins.dict"),
        ("def report(data):\n    pass\n", "report returned nothing"),
        ("def report(data):\n    return Report(values={'x': float('inf')})\n", "value 'x' is inf"),
        ("def report(data):\n    return Report()\nreport = report\n", "report is bound more than once"),
        ("def report(data):\n    data['nothing']\n", "KeyError: 'nothing'"),
    ],
)
def test_a_report_that_breaks_the_contract_is_refused(sandbox: Sandbox, report: str, message: str) -> None:
    start, end = THREE_STEPS.index("def report("), THREE_STEPS.index("def draw(")
    sandbox.figure("one", THREE_STEPS[:start] + report + THREE_STEPS[end:])
    with pytest.raises(FigureError, match=message.replace("(", r"\(")):
        sandbox.make("one")


def test_what_is_no_function_may_be_called_report(sandbox: Sandbox) -> None:
    sandbox.figure("one")
    sandbox.edit("figures/one.py", "def compute(", "report = {'twice': 2}\n\ndef compute(")
    sandbox.edit("figures/one.py", "2 * number}", "report['twice'] * number}")
    assert sandbox.make("one") == [("one", "compute"), ("one", "draw")]
