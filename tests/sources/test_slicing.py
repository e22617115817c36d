import ast

import pytest

from lectern.sources.slicing import reachable

SCRIPT = '''
"""What it shows."""
import torch
import matplotlib.pyplot as plt
from helpers import style, numbers

SIZE = (4, 3)
N = 5
M: int = N + 1

def area(n):
    return n * M

class Box:
    side = N

def compute(n=N):
    def local(): return area(n)
    return local()

def draw(data):
    return plt.figure(figsize=SIZE), style
'''


def lines(script: str, function: str) -> list[str]:
    return [ast.unparse(statement) for statement in reachable(ast.parse(script), function).body]


def first_words(script: str, function: str) -> set[str]:
    return {line.split("\n")[0] for line in lines(script, function)}


def test_compute_reaches_its_helpers_and_nothing_of_draw() -> None:
    reached = first_words(SCRIPT, "compute")
    assert {"N = 5", "M: int = N + 1", "def area(n):", "def compute(n=N):"} <= reached
    assert not any("plt" in line or "SIZE" in line or "torch" in line or "Box" in line for line in reached)


def test_draw_reaches_the_import_that_binds_what_it_uses() -> None:
    reached = first_words(SCRIPT, "draw")
    assert {"import matplotlib.pyplot as plt", "SIZE = (4, 3)"} <= reached
    assert "from helpers import style, numbers" in reached
    assert not any("area" in line for line in reached)


@pytest.mark.parametrize(
    "statement",
    ["setup()", "box.side = 3", "table['a'] = 1", "from helpers import *", "assert N"],
)
def test_statements_that_bind_nothing_always_run(statement: str) -> None:
    for function in ("compute", "draw"):
        assert ast.unparse(ast.parse(statement)) in lines(f"{SCRIPT}\n{statement}", function)


@pytest.mark.parametrize("demonstration", ["draw(compute())", "if __name__ == '__main__':\n    compute()"])
def test_demonstrations_never_run(demonstration: str) -> None:
    for function in ("compute", "draw"):
        assert lines(f"{SCRIPT}\n{demonstration}", function) == lines(SCRIPT, function)


def test_a_name_bound_inside_a_block_brings_the_block() -> None:
    script = "try:\n    import fast as tool\nexcept ImportError:\n    import slow as tool\n" + SCRIPT
    script = script.replace("return n * M", "return tool.mul(n, M)")
    assert any(line.startswith("try:") for line in lines(script, "compute"))
    assert not any(line.startswith("try:") for line in lines(script, "draw"))


def test_looking_names_up_at_run_time_brings_the_whole_script() -> None:
    script = SCRIPT.replace("return n * M", "return globals()['Box'].side")
    assert any(line.startswith("class Box") for line in lines(script, "compute"))


def test_line_numbers_are_kept() -> None:
    (compute,) = [
        s for s in reachable(ast.parse(SCRIPT), "compute").body if getattr(s, "name", "") == "compute"
    ]
    assert SCRIPT.splitlines()[compute.lineno - 1].startswith("def compute")
