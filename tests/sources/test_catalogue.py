import pytest

from lectern.errors import FigureError
from lectern.sources.catalogue import check_acyclic
from tests.conftest import FIGURE, Sandbox


def asking(*names: str) -> str:
    return FIGURE.replace("number=2, seed=0", ", ".join([*names, "number=2"]))


def test_dashes_and_underscores_are_alike(sandbox: Sandbox) -> None:
    sandbox.figure("path-patching")
    catalogue = sandbox.workshop().catalogue
    assert list(catalogue) == ["path_patching"]
    assert "path-patching" in catalogue
    assert catalogue.script("path-patching") is catalogue.script("path_patching")


def test_only_scripts_directly_in_the_folder_are_figures(sandbox: Sandbox) -> None:
    sandbox.figure("one")
    for path in ("figures/style/look.py", "figures/_helper.py", "figures/notes.md", "figures/.hidden.py"):
        sandbox.write(path, "")
    assert list(sandbox.workshop().catalogue) == ["one"]


def test_an_unknown_figure_is_refused_with_the_nearest(sandbox: Sandbox) -> None:
    sandbox.figure("superposition")
    with pytest.raises(FigureError, match=r"no figure 'superposicion'\n.*did you mean 'superposition'"):
        sandbox.workshop().catalogue.script("superposicion")


def test_two_figures_of_one_name_are_refused(sandbox: Sandbox) -> None:
    sandbox.figure("path-patching")
    sandbox.figure("path_patching")
    with pytest.raises(FigureError, match=r"figures/path-patching\.py and figures/path_patching\.py"):
        sandbox.workshop().catalogue.script("path_patching")


def test_what_a_figure_asks_for_comes_before_it(sandbox: Sandbox) -> None:
    sandbox.figure("a", asking("c", "b"))
    sandbox.figure("b", asking("c"))
    sandbox.figure("c")
    assert check_acyclic({"a"}, sandbox.workshop().catalogue) == ["c", "b", "a"]


def test_a_cycle_is_named(sandbox: Sandbox) -> None:
    sandbox.figure("a", asking("b"))
    sandbox.figure("b", asking("c"))
    sandbox.figure("c", asking("b"))
    with pytest.raises(FigureError, match="in a ring: b → c → b"):
        check_acyclic({"a"}, sandbox.workshop().catalogue)


def test_a_request_for_no_figure_is_refused(sandbox: Sandbox) -> None:
    sandbox.figure("a", asking("bees"))
    sandbox.figure("bee")
    with pytest.raises(FigureError, match=r"a\.py: compute asks for 'bees'.*\n.*did you mean 'bee'"):
        check_acyclic({"a"}, sandbox.workshop().catalogue)
