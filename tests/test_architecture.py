"""Imports run one way, and two packages never meet."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import pytest

from lectern.project import ENGINE_ROOT
from lectern.sources.code import imported_names

# Who may import what of the project, and which libraries are out of bounds.
PROJECT = {"lectern", "mechinterp", "figures", "exercises", "benchmarks", "tests"}
MAY_IMPORT = {
    "lectern": {"lectern"},
    "mechinterp": {"mechinterp"},
    "figures": {"figures", "mechinterp", "lectern.figure"},
    "exercises": {"exercises.checks", "mechinterp"},
}
NEVER = {"mechinterp": {"matplotlib", "lectern"}, "lectern": {"mechinterp", "torch", "transformer_lens"}}


def sources(package: str) -> list[Path]:
    return sorted((ENGINE_ROOT / package).rglob("*.py"))


def imports_of(path: Path) -> list[str]:
    package = ".".join(path.relative_to(ENGINE_ROOT).parent.parts)
    return imported_names(ast.parse(path.read_text(encoding="utf-8")), package)


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_run_one_way(package: str) -> None:
    for path in sources(package):
        for name in imports_of(path):
            ours = name.split(".")[0] in PROJECT
            allowed = name == "lectern" or any(
                name == a or name.startswith(f"{a}.") for a in MAY_IMPORT[package]
            )
            assert not ours or allowed, f"{path} imports {name}"
            assert name.split(".")[0] not in NEVER.get(package, set()), f"{path} imports {name}"


# The rooms of the analysis, floor by floor: a room may import those of the floors below, and says which of them.
FLOORS = (
    {"numerics", "model", "superposition"},
    {"text", "attention", "logits"},
    {"interventions", "sae"},
    {"ioi"},
    {"evaluation"},
    {"training"},
)
FORMER_NAMES = {"ioi_circuit.py", "training/behaviour.py"}  # of commands


def rooms_imported_by(room: str) -> set[str]:
    names = {name for path in sources(f"mechinterp/{room}") for name in imports_of(path)}
    found = {name.split(".")[1] for name in names if name.startswith("mechinterp.")}
    return found - {room}


def test_every_file_of_the_analysis_is_in_a_room() -> None:
    folder = ENGINE_ROOT / "mechinterp"
    rooms = {path.parent.name for path in folder.glob("*/__init__.py")}
    assert rooms == set().union(*FLOORS)
    loose = {path.name for path in folder.glob("*.py")} - {"__init__.py"}
    assert loose <= FORMER_NAMES


@pytest.mark.parametrize("floor", range(len(FLOORS)))
def test_a_room_imports_only_rooms_of_lower_floors(floor: int) -> None:
    below = set().union(*FLOORS[:floor])
    for room in FLOORS[floor]:
        assert rooms_imported_by(room) <= below, room


@pytest.mark.parametrize("room", sorted(set().union(*FLOORS)))
def test_a_room_says_what_it_may_import(room: str) -> None:
    """And it needs all of that: a permission that nobody uses is taken out."""
    docstring = ast.get_docstring(ast.parse((ENGINE_ROOT / f"mechinterp/{room}/__init__.py").read_text()))
    said = re.search(r"^May import (.+)\.$", docstring or "", re.MULTILINE)
    assert said, "its docstring says: May import `a` and `b`. (or: no other room)"
    assert set(re.findall(r"`(\w+)`", said[1])) == rooms_imported_by(room)


def test_only_its_command_knows_the_preview() -> None:
    for path in sources("lectern"):
        if any(name.startswith("lectern.preview") for name in imports_of(path)):
            assert path.parent.name == "preview" or path.match("commands/watch.py"), path


def test_there_are_no_import_cycles() -> None:
    graph = {}
    for path in [*sources("lectern"), *sources("mechinterp")]:
        module = ".".join(path.relative_to(ENGINE_ROOT).with_suffix("").parts).removesuffix(".__init__")
        graph[module] = set(imports_of(path))
    done: set[str] = set()

    def visit(module: str, trail: tuple[str, ...]) -> None:
        assert module not in trail, " → ".join([*trail, module])
        if module in done or module not in graph:
            return
        for name in graph[module] - {module}:
            visit(name, (*trail, module))
        done.add(module)

    for module in graph:
        visit(module, ())


def loaded_after(statement: str) -> set[str]:
    code = f"import sys; {statement}; print(*sorted({{name.partition('.')[0] for name in sys.modules}}))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ENGINE_ROOT
    )
    return set(done.stdout.split())


ANALYSES = [
    ".".join(path.relative_to(ENGINE_ROOT).with_suffix("").parts)
    for path in sources("mechinterp")
    if path.stem not in ("__init__", "__main__")
]


@pytest.mark.heavy
def test_the_analysis_never_loads_matplotlib_or_the_engine() -> None:
    """None of its modules; which of them imports another by name, the test of imports says."""
    imported = loaded_after(", ".join(["import mechinterp", *ANALYSES]))
    assert "torch" in imported
    assert not imported & {"matplotlib", "lectern"}


@pytest.mark.heavy
def test_the_bundled_model_loads_without_the_hub_and_its_libraries() -> None:
    loaded = loaded_after("from mechinterp import load_model; load_model()")
    assert loaded >= {"torch", "safetensors", "tokenizers"}
    assert not loaded & {"transformers", "transformer_lens", "huggingface_hub", "rich"}


def test_the_command_line_loads_nothing_of_the_analysis() -> None:
    assert not loaded_after("import lectern.cli, lectern.commands.build") & {
        "torch",
        "mechinterp",
        "matplotlib",
        "numpy",
        "rich",
    }


def test_these_tests_can_fail() -> None:
    assert "matplotlib" in loaded_after("import matplotlib.figure")
    assert "lectern.cli" in imports_of(ENGINE_ROOT / "build.py")
