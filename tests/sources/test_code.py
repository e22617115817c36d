import ast

import pytest

from lectern.sources.code import constant, digest_code, imported_names

SOURCE = '''
"""Docstring."""
import a  # comment

def f(x, y=2):
    """Docstring."""
    return x + y

class C:
    """Docstring."""
    z = 1
'''


def digest(source: str, **options: str) -> str:
    return digest_code(ast.parse(source), **options)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"""Docstring."""\n', ""),
        ('"""Docstring."""', '"""Another."""'),
        ("  # comment", ""),
        ("    return x + y", "    return (x\n            + y)"),
        ("class C:", "\n\n\nclass C:"),
    ],
)
def test_comments_docstrings_and_formatting_do_not_count(old: str, new: str) -> None:
    assert digest(SOURCE.replace(old, new)) == digest(SOURCE)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("x + y", "y + x"),
        ("y=2", "y=3"),
        ("z = 1", "z = 1.0"),
        ("import a", "import b"),
        ("def f", "async def f"),
    ],
)
def test_what_the_code_says_counts(old: str, new: str) -> None:
    assert digest(SOURCE.replace(old, new)) != digest(SOURCE)


def test_defaults_of_the_step_do_not_count_but_those_of_others_do() -> None:
    changed = SOURCE.replace("y=2", "y=3")
    assert digest(SOURCE, without_defaults_of="f") == digest(changed, without_defaults_of="f")
    assert digest(SOURCE, without_defaults_of="g") != digest(changed, without_defaults_of="g")


def test_nor_do_those_of_its_keywords() -> None:
    one, other = ("def f(x, *, y=2, z): pass", "def f(x, *, y=3, z=4): pass")
    assert digest(one, without_defaults_of="f") == digest(other, without_defaults_of="f")
    assert digest(one) != digest(other)


def test_the_digest_is_the_same_on_every_python() -> None:
    """Committed sidecars hold such digests: a change here makes every figure stale."""
    assert (
        digest("def f(a, *, b=1):\n    return f'{a!r} {a:.2f}' if a else [*a, {1: 2}]") == "37b3a041813f0f94"
    )


def test_imported_names_are_absolute() -> None:
    source = "import a.b\nfrom c import d, e as f\nfrom . import g\nfrom ..h import i\ndef j():\n    import k"
    names = imported_names(ast.parse(source), package="p.q")
    assert names == sorted(["a.b", "c", "c.d", "c.e", "p.q", "p.q.g", "p.h", "p.h.i", "k"])


def test_constant_reads_literals_only() -> None:
    tree = ast.parse("A = (1, 2)\nB: int = 3\nC = f()")
    assert constant(tree, "A", None) == (1, 2)
    assert constant(tree, "B", None) == 3
    assert constant(tree, "D", "absent") == "absent"
    with pytest.raises(ValueError, match="malformed"):
        constant(tree, "C", None)
