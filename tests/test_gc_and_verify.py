"""Less on disk, and all made again to see whether it comes out the same."""

import pytest

from tests.conftest import FIGURE, Sandbox

pytestmark = pytest.mark.heavy


def test_gc_drops_what_was_not_used_for_longest(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.figure("one")
    for number in range(3, 8):
        sandbox.make("one")
        sandbox.edit("figures/one.py", f"number={number - 1}", f"number={number}")
    results = sandbox.root / ".lectern/results"
    (sandbox.root / "img/.one.svg.999999999-x.tmp").touch()
    before = len(list(results.iterdir()))
    assert sandbox.build("gc", "--keep", "0.00001") == 0
    said = capsys.readouterr().out
    assert said.endswith("MB of results and pictures are kept\n")
    assert 0 < sum(path.stat().st_size for path in results.iterdir()) <= 10_000
    assert int(said.split()[0]) == before - len(list(results.iterdir())) > 0
    assert not list((sandbox.root / "img").glob(".*"))
    sandbox.edit("figures/one.py", "number=7", "number=6")
    assert sandbox.make("one") == []  # it is there, and its result was used last


def test_verify_finds_nothing_where_nothing_is(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.figure("one")
    sandbox.figure("two", FIGURE.replace("number=2, seed=0", "one, number=2"))
    sandbox.make("two")
    sandbox.figure("elsewhere", FIGURE.replace("    return Result", "    1 / 0\n    return Result", 1))
    before = {path: path.read_bytes() for path in sandbox.root.rglob("*") if path.is_file()}
    assert sandbox.build("verify") == 0  # what was never made is not compared
    assert capsys.readouterr().out == "2 of 2 figures come out the same\n"
    assert {path: path.read_bytes() for path in sandbox.root.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ('"twice": 2 * number', '"twice": 2 * number + 0.1', "one: value twice was 4, and is 4.1"),
        ('"twice": 2 * number}', '"twice": 2 * number, "more": 1}', "one: value more is new"),
        ("at_least=0", "at_least=5", "one: claim positive was 'holds', and is 'fails'"),
        ('"A bar"', '"No bar"', "one: the alt text was 'A bar', and is 'No bar'"),
        ('"black"', '"red"', "one: one.png looks different: its pixels differ by"),
        ("return figure", "return None", "one: it cannot be made"),
    ],
)
def test_verify_says_what_comes_out_otherwise(
    sandbox: Sandbox, old: str, new: str, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    sandbox.figure("one")
    sandbox.make("one")
    sandbox.edit("figures/one.py", old, new)
    assert sandbox.build("verify", "one") == 1
    out = capsys.readouterr().out
    assert said in out
    assert out.endswith("0 of 1 figures come out the same\n")


def test_verify_lets_pass_what_no_one_can_see(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("2 * number}", "2.0 * number}"))
    sandbox.make("one")
    sandbox.edit("figures/one.py", "2.0 * number}", "2.0001 * number}")
    sandbox.edit("figures/one.py", '"black"', '"#000100"')
    assert sandbox.build("verify") == 0


def test_verify_counts_what_was_altered_by_hand(sandbox: Sandbox, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox.figure("one")
    sandbox.make("one")
    sandbox.edit("img/one.json", '"twice": 4', '"twice": 5')
    assert sandbox.build("verify") == 1
    assert "one: it was never made, or its sidecar was altered" in capsys.readouterr().out
