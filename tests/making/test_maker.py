"""What runs, and what does not, when something changes."""

import json
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from lectern.errors import FigureError, SeveralErrors
from lectern.making.request import Request
from lectern.making.sidecar import read_sidecar
from lectern.progress import Progress
from lectern.workshop import open_workshop
from tests.conftest import FIGURE, Sandbox

pytestmark = pytest.mark.heavy

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
    assert made.make("one") == []


def test_force_makes_everything_again(made: Sandbox) -> None:
    assert made.make("one", force=True) == BOTH


def test_a_clone_with_pictures_has_nothing_to_compute(made: Sandbox) -> None:
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
    shutil.rmtree(made.root / ".lectern")
    made.figure("two", FIGURE.replace("number=2, seed=0", "one").replace("number", 'one.data["number"]'))
    made.edit("figures/two.py", '{"one.data["number"]"', '{"number"')
    made.edit("figures/two.py", 'data["one.data["number"]"]', 'data["number"]')
    assert made.make("two") == [("one", "compute"), ("two", "compute")]  # the picture is the first's


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


def files(sandbox: Sandbox) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in (sandbox.root / "img").iterdir()}


EDITS = {
    "a value": ("figures/one.py", '"twice": 2', '"twice": 3'),
    "a claim": ("figures/one.py", "at_least=0", "at_least=5"),
    "the alt text": ("figures/one.py", '"A bar"', '"No bar"'),
    "the data": ("figures/one.py", "number=2", "number=3"),
    "the style": ("figures/one.py", '"black"', '"red"'),
    "the docstring": ("figures/one.py", "Twice a", "Two times a"),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
@pytest.mark.parametrize("cloned", [False, True])
def test_an_edit_undone_leaves_all_files_as_they_were(
    made: Sandbox, edit: tuple[str, str, str], cloned: bool
) -> None:
    """Also how long it took; and also in a clone, which has the pictures alone."""
    path, old, new = edit
    if cloned:
        shutil.rmtree(made.root / ".lectern")
    before = files(made)
    made.edit(path, old, new)
    made.make("one")
    assert files(made) != before
    made.edit(path, new, old)
    assert made.make("one") == []
    assert files(made) == before


def test_older_files_put_back_by_hand_do_not_hide_what_the_script_says_now(made: Sandbox) -> None:
    before = files(made)
    made.edit("figures/one.py", "at_least=0", "at_least=5")
    made.make("one")
    for name, content in before.items():
        (made.root / "img" / name).write_bytes(content)
    assert made.make("one") == []
    sidecar = read_sidecar(made.root / "img/one.json")
    assert sidecar
    assert not sidecar.claims["positive"].holds


@pytest.mark.parametrize("said", ['one.values["twice"]', 'one.claims["positive"].at_least', "len(one.alt)"])
def test_all_that_a_figure_says_counts_for_those_that_ask_for_it(sandbox: Sandbox, said: str) -> None:
    sandbox.figure("one")
    text = (
        FIGURE.replace("number=2, seed=0", "one")
        .replace("2 * number", said)
        .replace('"number": number', '"number": 1')
    )
    sandbox.figure("two", text)
    sandbox.make("two")
    for old, new in (("2 * number}", "5 * number}"), ("at_least=0", "at_least=1"), ("A bar", "Nothing")):
        sandbox.edit("figures/one.py", old, new)
    assert ("two", "compute") in sandbox.make("two")
    sidecar = read_sidecar(sandbox.root / "img/two.json")
    assert sidecar
    assert sidecar.values["twice"] == {"one.v": 10, "one.c": 1, "len(o": 7}[said[:5]]


def test_force_changes_no_file_where_nothing_comes_out_otherwise(made: Sandbox) -> None:
    before = files(made)
    made.make("one", force=True)
    assert files(made) == before


def test_a_sidecar_altered_by_hand_is_made_again(made: Sandbox) -> None:
    made.edit("img/one.json", '"twice": 4', '"twice": 5')
    state = made.workshop().states.of(Request("one"))
    assert state.stale["compute"] == ["its sidecar was altered, or written by another version"]
    made.make("one")
    assert json.loads((made.root / "img/one.json").read_text())["values"] == {"twice": 4}


@pytest.mark.parametrize("content", ["null", "[]", "3", '{"digest": 1}', "{", "", '"x"'])
def test_a_sidecar_that_is_none_counts_as_altered(made: Sandbox, content: str) -> None:
    (made.root / "img/one.json").write_text(content)
    assert made.workshop().states.of(Request("one")).altered
    assert made.make("one") == [("one", "draw")]  # what the pictures were to be, it alone said


def test_what_is_kept_and_damaged_is_made_again(made: Sandbox) -> None:
    """A byte of each kept file is flipped, one file at a time, before it is needed."""
    made.edit("figures/one.py", "number=2", "number=3")
    made.make("one")
    wanted = files(made)
    made.edit("figures/one.py", "number=3", "number=2")
    made.make("one")
    made.edit("figures/one.py", "number=2", "number=3")
    kept = [path for path in (made.root / ".lectern").rglob("*") if path.is_file() and path.suffix != ".lock"]
    assert {path.suffix for path in kept} == {
        "",
        ".derived",
        ".json",
        ".data",
        ".report",
        ".drawn",
        ".svg",
        ".png",
    }
    whole = {path: path.read_bytes() for path in kept}
    for path, content in whole.items():
        for name, image in wanted.items():
            (made.root / "img" / name).write_bytes(image)
        (made.root / "img/one.json").unlink()
        for other, there in whole.items():
            other.write_bytes(there)
        path.write_bytes(content[:-9] + bytes([content[-9] ^ 1]) + content[-8:])
        made.make("one")
        said = [json.loads(files["one.json"]) for files in (files(made), wanted)]
        for sidecar in said:
            del sidecar["seconds"], sidecar["digest"]
        assert said[0] == said[1]
        assert files(made)["one.svg"] == wanted["one.svg"]


def test_a_restyle_is_drawn_from_whole_data(made: Sandbox) -> None:
    for path in (made.root / ".lectern/results").glob("*.data"):
        path.write_bytes(path.read_bytes().replace(b"2", b"9"))
    made.edit("figures/one.py", '"black"', '"red"')
    progress = Progress()
    made.workshop(progress).maker.make([Request("one")])
    assert [step for _, step, _ in progress.ran] == ["compute", "draw"]
    assert "was damaged, and is made again" in " ".join(progress.remarks)


def test_a_cache_that_cannot_be_written_costs_time_only(sandbox: Sandbox) -> None:
    sandbox.figure("one")
    sandbox.figure("two", FIGURE.replace("number=2, seed=0", "one, number=2"))
    (sandbox.root / ".lectern").write_text("in its place")
    progress = Progress()
    with open_workshop(sandbox.project, progress, jobs=2) as workshop:
        workshop.maker.make([Request("two")])
    assert {name for name, _, _ in progress.ran} == {"one", "two"}
    assert "nothing can be kept" in " ".join(progress.remarks)
    assert sandbox.make("two") == []


def test_another_build_of_the_same_project_is_waited_for(sandbox: Sandbox) -> None:
    """Both would compute for long; together they compute once."""
    mark = sandbox.root.parent / f"{sandbox.root.name}-ran"
    use = f"    open({str(mark)!r}, 'a').write('x')\n    import time\n    time.process_time()\n    return Result"
    sandbox.figure("one", FIGURE.replace("    return Result", use))
    with ThreadPoolExecutor(3) as pool:
        ran = [*pool.map(lambda _: sandbox.make("one"), range(3))]
    assert sorted(ran) == [[], [], BOTH]
    assert mark.read_text() == "x"


def test_a_module_that_changes_what_the_other_step_uses_is_refused(sandbox: Sandbox) -> None:
    sandbox.write("registry.py", "TABLE = {}\ndef register(f):\n    TABLE[f.__name__] = f\n    return f\n")
    sandbox.write("plugins.py", "from registry import register\n@register\ndef three():\n    return 3\n")
    text = FIGURE.replace(
        "    return Result", "    from registry import TABLE\n    number = len(TABLE)\n    return Result"
    )
    sandbox.figure("one", text.replace("    figure =", "    import plugins\n    figure ="))
    with pytest.raises(FigureError, match=r"plugins\.py changes registry\.py when it is imported"):
        sandbox.make("one")
    sandbox.edit(
        "figures/one.py",
        "    from registry import TABLE\n",
        "    import plugins\n    from registry import TABLE\n",
    )
    sandbox.make("one")
    assert read_sidecar(sandbox.root / "img/one.json").values == {"twice": 2}  # type: ignore[union-attr]


def test_docstrings_count_where_they_are_read(sandbox: Sandbox) -> None:
    sandbox.write("helper.py", 'def told():\n    """Three."""\n')
    text = FIGURE.replace(
        "    return Result", "    import helper\n    number = len(helper.told.__doc__)\n    return Result"
    )
    sandbox.figure("one", text)
    sandbox.make("one")
    sandbox.edit("helper.py", "Three", "Eleven")
    sandbox.make("one")
    assert read_sidecar(sandbox.root / "img/one.json").values == {"twice": 14}  # type: ignore[union-attr]
