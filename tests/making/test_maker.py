"""What runs, and what does not, when something changes."""

import json
from pathlib import Path

import pytest

from lectern.errors import FigureError, SeveralErrors
from lectern.making.request import Request
from lectern.making.sidecar import read_sidecar
from tests.conftest import FIGURE, Sandbox

BOTH = [("one", "compute"), ("one", "draw")]


@pytest.fixture
def made(sandbox: Sandbox) -> Sandbox:
    sandbox.figure("one")
    assert sandbox.make("one") == BOTH
    return sandbox


def test_a_made_figure_is_fresh_and_described(made: Sandbox) -> None:
    assert made.make("one") == []
    sidecar = json.loads((made.root / "img/one.json").read_text())
    assert sidecar["values"] == {"twice": 4}
    assert sidecar["claims"]["positive"]["holds"] is True
    assert sidecar["alt"] == "A bar"
    assert sidecar["parameters"] == {"color": "black", "number": 2, "seed": 0}
    assert sidecar["seed"] == 0
    assert sidecar["versions"].keys() >= {"python", "matplotlib"}
    assert set(sidecar["seconds"]) == {"compute", "draw"}
    assert (made.root / "img/one.svg").read_text().startswith("<?xml")
    assert (made.root / "img/one.png").read_bytes().startswith(b"\x89PNG")


def test_a_restyle_only_draws(made: Sandbox) -> None:
    made.edit("figures/one.py", "figsize=(2, 1)", "figsize=(3, 1)")
    assert made.make("one") == [("one", "draw")]


def test_a_recomputation_with_the_same_data_is_not_redrawn(made: Sandbox) -> None:
    before = (made.root / "img/one.svg").stat().st_mtime_ns
    made.edit("figures/one.py", "2 * number}", "number + number}")
    assert made.make("one") == [("one", "compute")]
    assert made.make("one") == []
    assert (made.root / "img/one.svg").stat().st_mtime_ns == before


def test_other_data_is_redrawn(made: Sandbox) -> None:
    made.edit("figures/one.py", "number=2", "number=3")
    assert made.make("one") == BOTH


def test_going_back_computes_nothing(made: Sandbox) -> None:
    made.edit("figures/one.py", "number=2", "number=3")
    made.make("one")
    made.edit("figures/one.py", "number=3", "number=2")
    assert made.make("one") == [("one", "draw")]


def test_force_makes_everything_again(made: Sandbox) -> None:
    assert made.make("one", force=True) == BOTH


def test_a_clone_with_pictures_has_nothing_to_compute(made: Sandbox) -> None:
    import shutil

    shutil.rmtree(made.root / ".lectern")
    assert made.make("one") == []
    made.edit("figures/one.py", "figsize=(2, 1)", "figsize=(3, 1)")
    assert made.make("one") == BOTH  # the data was never committed


@pytest.mark.parametrize("damage", ["unlink", "edit"])
def test_a_damaged_picture_is_drawn_again(made: Sandbox, damage: str) -> None:
    picture = made.root / "img/one.png"
    before = picture.read_bytes()
    picture.unlink() if damage == "unlink" else picture.write_bytes(b"")
    assert made.make("one") == [("one", "draw")]
    assert picture.read_bytes() == before


def test_a_damaged_sidecar_makes_the_figure_again(made: Sandbox) -> None:
    (made.root / "img/one.json").write_text("{}")
    assert made.make("one") == [("one", "draw")]  # the result is still kept
    assert read_sidecar(made.root / "img/one.json")


def test_pictures_are_the_same_bytes_when_drawn_twice(made: Sandbox) -> None:
    paths = [made.root / "img/one.svg", made.root / "img/one.png"]
    before = [path.read_bytes() for path in paths]
    made.make("one", force=True)
    assert [path.read_bytes() for path in paths] == before


def test_parameters_make_a_figure_of_their_own(made: Sandbox) -> None:
    workshop = made.workshop()
    request = Request("one", (("number", 5),))
    figure = workshop.maker.make([request])[request]
    assert figure.sidecar.values == {"twice": 10}
    assert figure.stem.name.startswith("one--")
    assert read_sidecar(made.root / "img/one.json").values == {"twice": 4}  # type: ignore[union-attr]


def test_a_figure_takes_the_result_of_another(made: Sandbox) -> None:
    text = FIGURE.replace("number=2, seed=0", "one, factor=10").replace(
        'data={"number": number}', 'data={"number": factor * one.data["number"]}'
    )
    text = text.replace("2 * number", 'one.values["twice"] + one.claims["positive"].measured')
    made.figure("two", text)
    assert made.make("two") == [("two", "compute"), ("two", "draw")]
    assert read_sidecar(made.root / "img/two.json").values == {"twice": 8}  # type: ignore[union-attr]
    made.edit("figures/one.py", "number=2", "number=3")
    assert made.make("two") == [("one", "compute"), ("one", "draw"), ("two", "compute"), ("two", "draw")]
    assert made.make("two", "one") == []


def test_a_lost_result_is_computed_again_for_who_asks(made: Sandbox) -> None:
    import shutil

    shutil.rmtree(made.root / ".lectern")
    made.figure("two", FIGURE.replace("number=2, seed=0", "one").replace("number", 'one.data["number"]'))
    made.edit("figures/two.py", '{"one.data["number"]"', '{"number"')
    made.edit("figures/two.py", 'data["one.data["number"]"]', 'data["number"]')
    assert made.make("two") == [("one", "compute"), ("two", "compute"), ("two", "draw")]


def test_a_failing_figure_does_not_stop_the_others_and_leaves_its_picture(made: Sandbox) -> None:
    before = {path.name: path.read_bytes() for path in (made.root / "img").iterdir()}
    made.edit("figures/one.py", "return Result", "raise ValueError('no')\n    return Result")
    made.figure("two")
    made.figure("three", FIGURE.replace("return figure", "return figure.missing"))
    with pytest.raises(SeveralErrors) as caught:
        made.workshop().maker.make([Request("one"), Request("two"), Request("three")])
    assert "figures/one.py, line 6: figure 'one': ValueError: no" in str(caught.value)
    assert "AttributeError: 'Figure' object has no attribute 'missing'" in str(caught.value)
    assert before == {name: (made.root / "img" / name).read_bytes() for name in before}
    assert (made.root / "img/two.svg").exists()
    assert not (made.root / "img/three.svg").exists()


def test_who_asks_for_a_failing_figure_is_not_told_of_twice(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("return Result", "raise ValueError('no')\n    return Result"))
    sandbox.figure("two", FIGURE.replace("number=2, seed=0", "one, number=2"))
    with pytest.raises(FigureError, match="figure 'one'"):
        sandbox.make("two")


def test_an_input_that_changes_while_it_is_used_is_noticed(sandbox: Sandbox) -> None:
    text = FIGURE.replace(
        "    return Result", "    open('figures/one.py', 'a').write('x = 1\\n')\n    return Result"
    )
    text = text.replace("open('figures", f"open('{sandbox.root}/figures")
    sandbox.figure("one", text)
    with pytest.raises(FigureError, match=r"figures/one\.py changed while compute ran"):
        sandbox.make("one")
    assert not (sandbox.root / "img").exists()


def test_no_temporary_files_are_left(made: Sandbox) -> None:
    assert sorted(path.name for path in (made.root / "img").iterdir()) == ["one.json", "one.png", "one.svg"]


def test_the_same_picture_from_another_folder(
    sandbox: Sandbox, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Nothing of where the project lies is in the picture."""
    other = Sandbox(Path(tmp_path_factory.mktemp("elsewhere")))
    for place in (sandbox, other):
        place.figure("one")
        place.make("one")
    assert (sandbox.root / "img/one.svg").read_bytes() == (other.root / "img/one.svg").read_bytes()
