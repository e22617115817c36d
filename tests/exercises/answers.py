"""The solutions of the exercises, as functions: what a source defines between its markers."""

import ast
from pathlib import Path
from typing import Any

import torch

from lectern.project import ENGINE_ROOT


def solutions(name: str) -> dict[str, Any]:
    """Return the functions that the source of an exercise defines; nothing else of it runs."""
    path: Path = ENGINE_ROOT / "exercises" / f"{name}.py"
    tree = ast.parse(path.read_text(encoding="utf-8"))
    tree.body = [node for node in tree.body if isinstance(node, ast.FunctionDef)]
    found: dict[str, Any] = {"torch": torch}
    exec(compile(tree, path, "exec"), found)
    return found
