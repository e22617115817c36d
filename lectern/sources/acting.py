"""Whether a top-level statement does more, when it runs, than bind names.

A call may do anything. Definitions do nothing unless they are decorated, or call something in their defaults; classes
notify the classes that they are derived from. What operators of foreign objects do is taken to be nothing.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

PURE = (ast.Import, ast.ImportFrom, ast.Pass, ast.Global, ast.Nonlocal)
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def acts(statement: ast.stmt) -> bool:
    """Whether the statement may change anything but the names that it binds."""
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return bool(statement.decorator_list) or any(_calls(node) for node in _run_at_once(statement))
        case ast.ClassDef(bases=bases, keywords=keywords, decorator_list=decorators, body=body):
            return bool(bases or keywords or decorators) or any(acts(inner) for inner in body)
        case ast.Assign(targets=targets, value=value):
            return not all(_is_plain(target) for target in targets) or _calls(value)
        case ast.AnnAssign(target=target, value=value):
            return not _is_plain(target) or (value is not None and _calls(value))
        case ast.If(test=test, body=body, orelse=orelse):
            return _calls(test) or any(acts(inner) for inner in [*body, *orelse])
        case ast.Try():
            parts = [*statement.body, *statement.orelse, *statement.finalbody]
            parts += [inner for handler in statement.handlers for inner in handler.body]
            return any(acts(inner) for inner in parts)
        case ast.Expr(value=ast.Constant()):
            return False
    return not isinstance(statement, PURE)


def acts_on_names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names that the statement uses as it runs: of definitions, not those in the bodies of functions."""
    for node in _run_at_once(statement):
        yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


def _run_at_once(statement: ast.stmt) -> Iterator[ast.AST]:
    match statement:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            defaults = (default for default in statement.args.kw_defaults if default)
            yield from (*statement.decorator_list, *statement.args.defaults, *defaults)
        case ast.ClassDef(bases=bases, keywords=keywords, decorator_list=decorators, body=body):
            yield from (*decorators, *bases, *keywords)
            for inner in body:
                yield from _run_at_once(inner)
        case _:
            yield statement


def _is_plain(target: ast.expr) -> bool:
    match target:
        case ast.Name():
            return True
        case ast.Tuple(elts=parts) | ast.List(elts=parts):
            return all(_is_plain(part) for part in parts)
        case ast.Starred(value=value):
            return _is_plain(value)
    return False


def _calls(node: ast.AST) -> bool:
    """Whether an expression calls something; the bodies of functions in it do not run yet."""
    if isinstance(node, (ast.Call, ast.Await, ast.Yield, ast.YieldFrom, ast.NamedExpr)):
        return True
    children = [] if isinstance(node, ast.Lambda) else ast.iter_child_nodes(node)
    return any(_calls(child) for child in children)
