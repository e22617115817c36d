from pathlib import Path

import pytest

from lectern.errors import UsageError
from lectern.making.request import Request, parse_overrides, request_for
from lectern.sources.script import FigureScript
from tests.conftest import FIGURE, Sandbox


@pytest.fixture
def script(sandbox: Sandbox) -> FigureScript:
    text = FIGURE.replace("seed=0", "seed=0, rate=0.5, sizes=(1, 2), word='a', file=Path('x'), maybe=None")
    sandbox.figure("one", text)
    return sandbox.workshop().catalogue.script("one")


@pytest.mark.parametrize(
    ("assignment", "value"),
    [
        ("seed=3", 3),
        ("rate=2", 2.0),
        ("rate=1e-3", 1e-3),
        ("sizes=(3,4,5)", (3, 4, 5)),
        ("sizes=3,4", (3, 4)),
        ("sizes=3", (3,)),
        ("word=some text=here", "some text=here"),
        ("file=a/b", Path("a/b")),
        ("maybe='x'", "x"),
        ("color=red", "red"),
    ],
)
def test_values_are_read_as_the_defaults_type(script: FigureScript, assignment: str, value: object) -> None:
    found = request_for(script, parse_overrides(script, [assignment]))
    assert found.overrides == ((assignment.split("=")[0], value),)
    assert type(found.overrides[0][1]) is type(value)


@pytest.mark.parametrize(
    "assignment", ["seed=x", "seed=1.5", "seed=", "rate='a'", "sizes={1}", "seed=True", "rate=True"]
)
def test_unfit_values_are_refused(script: FigureScript, assignment: str) -> None:
    with pytest.raises(UsageError, match=r"cannot be .*\n.*like its default"):
        request_for(script, parse_overrides(script, [assignment]))


def test_unknown_parameters_are_refused_with_the_known_ones(script: FigureScript) -> None:
    with pytest.raises(UsageError, match=r"no parameter 'sede'\n.*did you mean 'seed'\?.*rate=0\.5"):
        parse_overrides(script, ["sede=1"])
    with pytest.raises(UsageError, match="write -p NAME=VALUE"):
        parse_overrides(script, ["seed"])


def test_defaults_written_out_are_no_overrides(script: FigureScript) -> None:
    assert request_for(script, {"seed": 0, "sizes": [1, 2]}) == Request("one")
    assert Request("one").stem == "one"
    assert request_for(script, {"seed": 1}).stem != request_for(script, {"seed": 2}).stem


@pytest.mark.parametrize("value", [{"a": 1}, {1}, object()])
def test_what_is_no_value_is_refused_in_the_deck_too(script: FigureScript, value: object) -> None:
    with pytest.raises(UsageError, match="parameter 'maybe' cannot be"):
        request_for(script, {"maybe": value})
