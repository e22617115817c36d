"""What code says, apart from how it is written down."""

from __future__ import annotations

import ast
import copy
import hashlib
from collections.abc import Iterator
from typing import Any


def digest_text(text: str) -> str:
    """Return a short hexadecimal digest of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_code(tree: ast.AST, without_defaults_of: str | None = None) -> str:
    """Digest a syntax tree so that comments, docstrings and formatting do not count.

    The defaults of the function `without_defaults_of` do not count either: a step's parameters are keyed by
    their values. The digest does not depend on the version of Python.
    """
    return digest_text("".join(_canonical(tree, without_defaults_of)))


def _canonical(node: Any, bare: str | None) -> Iterator[str]:
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            # Newer versions of Python add fields that are empty where older ones have none.
            if value is None or value == [] or name in ("kind", "type_comment", "type_ignores"):
                continue
            yield f" {name}="
            yield from _canonical(_without_docstring(node, name, value), bare)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            yield from _canonical(_without_defaults(item) if _is_function(item, bare) else item, bare)
    else:
        yield repr(node)


def _without_docstring(node: ast.AST, name: str, value: Any) -> Any:
    has_one = isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef))
    if has_one and name == "body" and ast.get_docstring(node, clean=False) is not None:
        return value[1:]
    return value


def _is_function(node: Any, name: str | None) -> bool:
    return isinstance(node, ast.FunctionDef) and node.name == name


def _without_defaults(function: ast.FunctionDef) -> ast.FunctionDef:
    bare = copy.copy(function)
    bare.args = copy.copy(function.args)
    bare.args.defaults, bare.args.kw_defaults = [], []
    return bare


def imported_names(tree: ast.AST, package: str = "") -> list[str]:
    """Return the dotted names that `tree` imports anywhere, relative ones resolved against `package`.

    `from a.b import c` gives both `a.b` and `a.b.c`, since `c` may be a module.
    """
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = _absolute(node, package)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    return sorted(names - {""})


def _absolute(node: ast.ImportFrom, package: str) -> str:
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def constant(tree: ast.Module, name: str, default: Any) -> Any:
    """Return the literal that the module assigns to `name`, or `default`.

    Raises ValueError where the assigned expression is no literal.
    """
    for statement in tree.body:
        targets = statement.targets if isinstance(statement, ast.Assign) else []
        if isinstance(statement, ast.AnnAssign) and statement.value:
            targets = [statement.target]
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            return ast.literal_eval(statement.value)  # type: ignore[union-attr]
    return default
