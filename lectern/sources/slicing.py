"""The part of a script that one of its functions can reach.

A figure's two steps are cached apart, so editing `draw` must not rerun `compute`. Each step is therefore run
from, and keyed by, only those top-level statements its function needs. What is executed is exactly what is
keyed, so the key cannot miss anything.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

# With these, what a function reaches cannot be read off its names: the whole script counts.
DYNAMIC = {"eval", "exec", "globals", "locals", "vars", "__import__"}
SCOPES_AND_IMPORTS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)
COMPREHENSIONS = (ast.Lambda, ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)


def reachable(script: ast.Module, function: str) -> ast.Module:
    """Return the statements of `script` that `function` needs, in order and with their line numbers.

    Statements that bind no name (calls, assignments to attributes or items) are always kept, with what they
    need. Demonstrations never are: `if __name__ == "__main__":` and expressions that use a step, as the last
    cell of a notebook does with `draw(compute().data)`.
    """
    statements = [statement for statement in script.body if not _is_demonstration(statement)]
    uses = [_names(statement) for statement in statements]
    binds = [set(_bound(statement)) for statement in statements]
    kept = {i for i, bound in enumerate(binds) if not bound or "*" in bound}
    wanted = {function}.union(*(uses[i] for i in kept))
    while True:
        added = {i for i, bound in enumerate(binds) if i not in kept and bound & wanted}
        if not added:
            break
        kept |= added
        wanted = wanted.union(*(uses[i] for i in added))
    if wanted & DYNAMIC:
        kept = set(range(len(statements)))
    return ast.Module([statements[i] for i in sorted(kept)], script.type_ignores)


def _names(statement: ast.stmt) -> set[str]:
    return {node.id for node in ast.walk(statement) if isinstance(node, ast.Name)}


def _bound(statement: ast.stmt) -> Iterator[str]:
    """Names that a top-level statement binds in the module, not in scopes of its own."""
    match statement:
        case ast.FunctionDef(name=name) | ast.AsyncFunctionDef(name=name) | ast.ClassDef(name=name):
            yield name
        case ast.Import() | ast.ImportFrom():
            yield from (alias.asname or alias.name.split(".")[0] for alias in statement.names)
        case _:
            yield from _bound_inside(statement)


def _bound_inside(node: ast.AST) -> Iterator[str]:
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store):
            yield child.id
        elif isinstance(child, SCOPES_AND_IMPORTS):
            yield from _bound(child)
        elif not isinstance(child, COMPREHENSIONS):
            yield from _bound_inside(child)


def _is_demonstration(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(test=test):
            return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))
        case ast.Expr():
            return bool(_names(statement) & {"compute", "draw"})
    return False
