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
    return plt.figure(figsize=SIZE), style, torch.nan
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


# A statement that acts on what compute uses, without binding a name that compute says; and the first line of it.
ACTING = {
    "a decorator that registers": ("@register\ndef a(): ...", "@register"),
    "a subclass": ("class Round(Shape): ...", "class Round(Shape):"),
    "a call for its value": ("kind = register(len)", "kind = register(len)"),
    "a loop": ("for name in 'ab':\n    TABLE[name] = 1", "for name in 'ab':"),
    "a with block": ("with lock:\n    x = TABLE.pop()", "with lock:"),
    "an addition in place": ("more = TABLE\nmore += [1]", "more += [1]"),
    "an import for what it does": ("import plugins", "import plugins"),
    "a class whose body calls": ("class Box:\n    side = register(4)", "class Box:"),
    "a default that calls": ("def f(x=register(1)): ...", "def f(x=register(1)):"),
    "a keyword's default that calls": ("def f(*, a, x=register(1)): ...", "def f(*, a, x=register(1)):"),
    "an annotated call": ("more: int = register(1)", "more: int = register(1)"),
    "a guarded call": ("try:\n    fast = register(1)\nexcept ValueError:\n    pass", "try:"),
}
REGISTRY = """
from helpers import lock
TABLE = []
class Shape: ...
def register(f):
    TABLE.append(f)
    return f

def compute():
    return TABLE, Shape.__subclasses__()

def draw(data):
    return data
"""


@pytest.mark.parametrize(("statement", "first"), ACTING.values(), ids=ACTING)
def test_what_acts_on_what_a_step_uses_is_kept(statement: str, first: str) -> None:
    assert first in first_words(f"{REGISTRY}\n{statement}\n", "compute")


@pytest.mark.parametrize(
    "statement",
    [
        "@decorated\ndef other(): ...",
        "CURVES = curves(5)",
        "class Curve(Line): ...",
        "def other(x=5): return x.append(TABLE)",
        "later = lambda: TABLE.append(1)",
        "same: list = TABLE",
        "first, *others = TABLE, 1, 2",
        "def other(*, x, y=TABLE): ...",
    ],
)
def test_what_acts_on_nothing_that_a_step_uses_is_left_out(statement: str) -> None:
    script = f"{REGISTRY}\nfrom lines import Line, curves, decorated\n{statement}\nused = Line, curves, decorated\n"
    assert lines(script, "compute") == lines(REGISTRY, "compute")


def test_names_from_one_module_may_act_on_each_other() -> None:
    """What a module's functions share is not seen in the script."""
    script = (
        "from plugins import add, TABLE\nadded = add(1)\ndef compute(): return TABLE\ndef draw(data): ..."
    )
    assert "added = add(1)" in lines(script, "compute")
    assert "added = add(1)" not in lines(
        script.replace("import add, TABLE", "import TABLE\nfrom others import add"), "compute"
    )


def test_a_notebook_that_goes_on_with_what_it_computed_runs_nothing_of_it() -> None:
    shown = "result = compute()\nprint(result)\nfigure = draw(result)\nfigure.show()\n"
    for function in ("compute", "draw"):
        assert lines(f"{SCRIPT}\n{shown}", function) == lines(SCRIPT, function)


def test_a_decorated_step_is_no_part_of_the_other() -> None:
    script = SCRIPT.replace("def draw", "@style\ndef draw").replace("return local()", "return local(), style")
    assert not any("def draw" in line for line in lines(script, "compute"))


def test_a_name_in_an_annotation_that_is_text_is_used() -> None:
    script = SCRIPT.replace("def compute(n=N):", "def compute(n: 'Box' = N):")
    assert any(line.startswith("class Box") for line in lines(script, "compute"))
