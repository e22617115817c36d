"""Source code as a syntax tree: its digest, imports, constants and bound names."""

from __future__ import annotations

import ast
import copy
import hashlib
import threading
from collections.abc import Iterator
from typing import Any

# Python's parser keeps count of its depth for all threads together, and fails where they take turns within it.
_parsing = threading.Lock()


def parse(text: str, filename: str = "<script>") -> ast.Module:
    """Return the syntax tree of a module; raise SyntaxError, also for code that Python itself cannot compile."""
    text = text.removeprefix("\N{ZERO WIDTH NO-BREAK SPACE}")
    with _parsing:
        try:
            tree = ast.parse(text, filename)
            compile(tree, filename, "exec")
        except (RecursionError, MemoryError) as error:
            raise SyntaxError("an expression is nested too deeply for Python") from error
        except ValueError as error:
            raise SyntaxError(str(error)) from error
    return tree


def digest_text(text: str) -> str:
    """Return a short hexadecimal digest of `text`."""
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def digest_code(tree: ast.AST, without_defaults_of: str | None = None, docstrings: bool = False) -> str:
    """Digest a syntax tree so that comments and formatting do not count, nor `docstrings` where they are not read.

    The defaults of the function `without_defaults_of` do not count either: a step's parameters are keyed by
    their values. The digest does not depend on the version of Python.
    """
    return digest_text("".join(_canonical(tree, without_defaults_of, docstrings)))


def reads_docstrings(tree: ast.AST) -> bool:
    """Whether code may read docstrings, its own or others'."""
    return any(_name(node) in READERS_OF_DOCSTRINGS for node in ast.walk(tree))


READERS_OF_DOCSTRINGS = {"__doc__", "getdoc", "getsource"}


def _name(node: ast.AST) -> str | None:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name) | ast.alias(name=name) | ast.Constant(value=name):
            return name if isinstance(name, str) else None
    return None


def _canonical(node: Any, bare: str | None, docstrings: bool) -> Iterator[str]:
    if isinstance(node, ast.AST):
        yield f"({type(node).__name__}"
        for name, value in ast.iter_fields(node):
            # Newer versions of Python add fields that are empty where older ones have none.
            if value is None or value == [] or name in ("kind", "type_comment", "type_ignores"):
                continue
            yield f" {name}="
            kept = value if docstrings else _without_docstring(node, name, value)
            yield from _canonical(kept, bare, docstrings)
        yield ")"
    elif isinstance(node, list):
        for item in node:
            known = _without_defaults(item) if _is_function(item, bare) else item
            yield from _canonical(known, bare, docstrings)
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
            base = absolute(node, package)
            names.add(base)
            names.update(f"{base}.{alias.name}" for alias in node.names if alias.name != "*")
    return sorted(names - {""})


def absolute(node: ast.ImportFrom, package: str) -> str:
    """Return the module that a statement imports from, by its full name."""
    if not node.level:
        return node.module or ""
    parents = package.split(".")[: len(package.split(".")) - node.level + 1]
    return ".".join([*parents, *([node.module] if node.module else [])])


def constant(tree: ast.Module, name: str, default: Any) -> Any:
    """Return the literal that the module assigns to `name`, or `default` where nothing binds the name.

    Raises ValueError where the assigned expression is no literal, and where more than one statement, or another than
    an assignment, binds the name: its value is known only when the module runs.
    """
    binding = [statement for statement in tree.body if name in set(bound_names(statement))]
    if not binding:
        return default
    match binding:
        case [ast.Assign(targets=[ast.Name()], value=value) | ast.AnnAssign(value=ast.expr() as value)]:
            return ast.literal_eval(value)
    raise ValueError(f"{name} is not assigned once, as a literal")


SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
COMPREHENSIONS = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def bound_names(statement: ast.AST) -> Iterator[str]:
    """Yield the names that a top-level statement binds in the module, not in scopes of its own; `*` for all."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
        case ast.ExceptHandler(name=str(name)) | ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)):
            yield name
    if not isinstance(statement, (*SCOPES, ast.Import, ast.ImportFrom)):
        for child in ast.iter_child_nodes(statement):
            if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
                yield child.id
            elif not isinstance(child, COMPREHENSIONS):
                yield from bound_names(child)
