"""The solutions of the exercises, as functions that their sources define, and what checks say of answers."""

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from exercises.checks.verdict import WrongAnswer
from lectern.project import ENGINE_ROOT


def solutions(name: str) -> dict[str, Any]:
    """Return the functions that the source of an exercise defines; nothing else of it runs."""
    path: Path = ENGINE_ROOT / "exercises" / f"{name}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found: dict[str, Any] = {"torch": torch}
    exec(compile(tree, path, "exec"), found)
    return found


def accepts(check: Callable[..., None], answer: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Assert that a check says of an answer that it is right."""
    check(answer)
    assert capsys.readouterr().out == f"✓ {check.__name__}: correcto\n"


def tells(check: Callable[..., None], wrong: Any, said: str, part: str = "") -> None:
    """Assert that a check names its task, and perhaps a part of it, and says what is wrong with an answer."""
    with pytest.raises(WrongAnswer, match=f"^{check.__name__}{part}: .*") as caught:
        check(wrong)
    assert said in str(caught.value)
