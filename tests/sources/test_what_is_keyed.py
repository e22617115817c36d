"""What of the engine, of modules and of the files that these declare is in a key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from lectern.making.request import Request
from lectern.project import ENGINE_ROOT
from lectern.sources.keys import Key, changes
from tests.conftest import FIGURE, Sandbox


def compute_key(sandbox: Sandbox) -> Key:
    found = sandbox.workshop().states.of(Request("one")).compute
    assert found
    return found


def using(sandbox: Sandbox, imported: str, used: str) -> None:
    """Write a figure that imports something, which only compute uses."""
    text = FIGURE.replace("from matplotlib.figure", f"{imported}\nfrom matplotlib.figure", 1)
    sandbox.figure("one", text.replace("    return Result", f"    {used}\n    return Result"))


@pytest.fixture
def engine(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the engine, which keys take for the one that runs figures."""
    root = tmp_path_factory.mktemp("engine")
    shutil.copytree(ENGINE_ROOT / "lectern", root / "lectern", ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr("lectern.sources.keys.ENGINE_ROOT", root)
    return root / "lectern"


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("making/worker.py", ["engine: changed"]),
        ("making/data.py", ["engine: changed"]),
        ("cli.py", []),
        ("making/store.py", []),
    ],
)
def test_the_engine_counts_as_far_as_it_runs_figures(
    sandbox: Sandbox, engine: Path, module: str, expected: list[str]
) -> None:
    sandbox.figure("one")
    before = compute_key(sandbox)
    with (engine / module).open("a", encoding="utf-8") as file:
        file.write("\nANOTHER = 1\n")
    assert changes(before.parts, compute_key(sandbox).parts) == expected


def test_what_runs_a_figure_is_among_what_it_may_read(sandbox: Sandbox) -> None:
    """Its libraries are loaded by then, but some of its modules only by what the figure does."""
    sandbox.figure("one")
    reads = compute_key(sandbox).reads
    assert {ENGINE_ROOT / "lectern/making/worker.py", ENGINE_ROOT / "lectern/making/data.py"} <= reads
    assert sandbox.root / "figures/one.py" in reads
    assert ENGINE_ROOT / "lectern/cli.py" not in reads


def test_files_that_a_module_declares_count_for_who_imports_it(sandbox: Sandbox) -> None:
    using(sandbox, "from tables import near", "near.rows()")
    sandbox.write("tables/__init__.py", "")
    sandbox.write("tables/near.py", "from tables import far\ndef rows(): return far.ALL\n")
    sandbox.write("tables/far.py", "FILES = ('data/*.csv',)\nALL = 1\n")
    sandbox.write("data/a.csv", "a")
    before = compute_key(sandbox)
    assert sandbox.root / "data/a.csv" in before.reads
    assert sandbox.root / "data" in before.folders
    sandbox.write("data/a.csv", "b")
    sandbox.write("data/b.csv", "b")
    assert changes(before.parts, compute_key(sandbox).parts) == [
        "file data/a.csv: changed",
        "file data/b.csv: added",
    ]


def test_libraries_are_what_is_neither_the_projects_nor_pythons(sandbox: Sandbox) -> None:
    imported = "import json, os.path, torch.nn, helpers.near, bare.near\nfrom helpers import offered\nfrom scipy import stats"
    using(sandbox, imported, "json, os, torch, helpers, bare, offered, stats")
    sandbox.write("helpers/__init__.py", "offered = 1\n")
    sandbox.write("helpers/near.py", "import numpy\nfrom . import missing\n")
    sandbox.write("bare/near.py", "import bare\n")  # a folder is a package too
    assert compute_key(sandbox).libraries == {"torch.nn", "scipy", "scipy.stats", "numpy"}


@pytest.mark.parametrize("path", ["statistics.py", "statistics/__init__.py"])
def test_a_module_named_like_one_of_pythons_is_the_projects(sandbox: Sandbox, path: str) -> None:
    using(sandbox, "import statistics", "statistics")
    without = compute_key(sandbox)
    sandbox.write(path, "X = 1\n")
    assert changes(without.parts, compute_key(sandbox).parts) == [f"{path}: added"]


def test_a_package_comes_before_a_module_of_its_name(sandbox: Sandbox) -> None:
    """As Python has it."""
    using(sandbox, "import helper", "helper")
    sandbox.write("helper.py", "X = 1\n")
    sandbox.write("helper/__init__.py", "X = 2\n")
    parts = compute_key(sandbox).parts
    assert "helper/__init__.py" in parts
    assert "helper.py" not in parts


def test_modules_that_import_each_other_are_followed_once(sandbox: Sandbox) -> None:
    using(sandbox, "import one_way", "one_way")
    sandbox.write("one_way.py", "import other_way\n")
    sandbox.write("other_way.py", "import one_way\n")
    assert {"one_way.py", "other_way.py"} <= compute_key(sandbox).parts.keys()


READER = {
    "figures/one.py": ("return Result", "told = compute.__doc__\n    return Result"),
    "helper.py": ("def told", "X = dict.__doc__\ndef told"),
}


@pytest.mark.parametrize(
    ("reader", "path", "expected"),
    [
        (None, "figures/one.py", []),
        (None, "helper.py", []),
        ("figures/one.py", "figures/one.py", ["code: changed"]),
        ("figures/one.py", "helper.py", ["helper.py: changed"]),
        ("helper.py", "helper.py", ["helper.py: changed"]),
    ],
)
def test_docstrings_count_where_any_code_that_a_step_reaches_reads_them(
    sandbox: Sandbox, reader: str | None, path: str, expected: list[str]
) -> None:
    using(sandbox, "import helper", "helper")
    sandbox.edit("figures/one.py", "seed=0):", 'seed=0):\n    """Doc."""')
    sandbox.write("helper.py", 'def told():\n    """Doc."""\n')
    if reader:
        sandbox.edit(reader, *READER[reader])
    before = compute_key(sandbox)
    sandbox.edit(path, "Doc.", "Another.")
    assert changes(before.parts, compute_key(sandbox).parts) == expected


def test_one_digest_tells_keys_apart(sandbox: Sandbox) -> None:
    sandbox.figure("one")
    keys = [compute_key(sandbox)]
    assert compute_key(sandbox).digest == keys[0].digest
    sandbox.edit("figures/one.py", "number=2", "number=3")
    keys.append(compute_key(sandbox))
    assert keys[0].digest != keys[1].digest


def test_a_keyword_only_parameter_is_keyed_by_its_value_alone(sandbox: Sandbox) -> None:
    sandbox.figure("one", FIGURE.replace("number=2, seed=0", "*, number=2, seed=0"))
    before = compute_key(sandbox)
    sandbox.edit("figures/one.py", "number=2", "number=3")
    assert changes(before.parts, compute_key(sandbox).parts) == ["parameter number: 2 → 3"]


def test_a_docstring_counts_where_a_module_may_read_it(sandbox: Sandbox) -> None:
    """Though the script itself reads none: it passes a function of its own on."""
    using(sandbox, 'from helper import says\n\ndef told():\n    """One."""', "says(told)")
    sandbox.write("helper.py", "def says(function): return function\n")
    before = compute_key(sandbox)
    sandbox.edit("figures/one.py", '"""One."""', '"""Two."""')
    assert compute_key(sandbox).parts == before.parts
    sandbox.write("helper.py", "def says(function): return function.__doc__\n")
    before = compute_key(sandbox)
    sandbox.edit("figures/one.py", '"""Two."""', '"""Three."""')
    assert changes(before.parts, compute_key(sandbox).parts) == ["code: changed"]
