"""The part of a script that one of its functions can reach.

A figure's steps are cached apart, so editing `draw` must not rerun `compute`. Each step is therefore run
from, and keyed by, only those top-level statements its function needs. What is executed is exactly what is
keyed, so the key cannot miss anything. Nor may what is left out be missed: a statement may act on what the step uses
without binding a name for it, as a decorator that registers a function does. Such statements are kept.
"""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

from lectern.sources.acting import acts, acts_on_names
from lectern.sources.code import SCOPES, bound_names

STEPS = ("compute", "report", "draw")  # `report` may be missing
# With these, what a function reaches cannot be read off its names: the whole script counts.
DYNAMIC = {
    "eval",
    "exec",
    "globals",
    "locals",
    "vars",
    "__import__",
    "inspect",
    "gc",
    "modules",
    "get_type_hints",
}
BUILTINS = frozenset(dir(builtins))


@dataclass(frozen=True)
class _Statement:
    """A top-level statement, with the names that it uses and binds."""

    node: ast.stmt

    @cached_property
    def uses(self) -> frozenset[str]:
        return frozenset(_names(self.node))

    @cached_property
    def binds(self) -> frozenset[str]:
        return frozenset(bound_names(self.node))

    @cached_property
    def acts(self) -> bool:
        return acts(self.node)

    @cached_property
    def acts_on(self) -> frozenset[str]:
        """What it may act on without saying so: the names in what runs when it does, not in the bodies it defines."""
        return frozenset(acts_on_names(self.node)) - BUILTINS

    @property
    def is_import(self) -> bool:
        return isinstance(self.node, (ast.Import, ast.ImportFrom))


def reachable(script: ast.Module, function: str) -> ast.Module:
    """Return the statements of `script` that `function` needs, in order and with their line numbers.

    Kept are those that bind a name it uses, directly or not, and those that do something besides: all that bind no
    name, and of the others those that act on, or by way of, anything that the function uses too.

    Demonstrations are not: `if __name__ == "__main__":`, and what uses a step and is not used by one, as the last
    cell of a notebook, `draw(compute().data)`, does.
    """
    statements = [_Statement(node) for node in script.body if not _is_main(node)]
    wanted = {function}
    kept: set[int] = set()
    candidates = set(_candidates(statements, function))
    while True:
        reached = _sources(wanted, statements)
        added = {i for i in candidates - kept if _is_needed(statements[i], wanted, reached, statements)}
        if not added:
            break
        kept |= added
        wanted = wanted.union(*(statements[i].uses for i in added))
    if wanted & DYNAMIC:
        kept = candidates
    return ast.Module([statements[i].node for i in sorted(kept)], script.type_ignores)


def _candidates(statements: list[_Statement], function: str) -> Iterator[int]:
    """Yield the statements that are no demonstrations, nor other steps, unless the step needs what they bind."""
    own = _closure({function}, statements)
    shown = set(STEPS)
    for i, statement in enumerate(statements):
        is_step = isinstance(statement.node, SCOPES) and statement.binds <= set(STEPS)
        shows = not isinstance(statement.node, SCOPES) and statement.uses & shown
        if (is_step or shows) and not statement.binds & own:
            shown |= statement.binds if shows else set()
        else:
            yield i


def _closure(names: set[str], statements: list[_Statement]) -> set[str]:
    """Return the names that these lead to by what binds them."""
    while True:
        more = names.union(*(s.uses for s in statements if s.binds & names))
        if more == names:
            return names
        names = more


def _is_needed(
    statement: _Statement, wanted: set[str], reached: set[str], statements: list[_Statement]
) -> bool:
    if statement.binds & wanted or "*" in statement.binds or not statement.binds:
        return True
    if statement.is_import:  # one whose names nothing uses is there for what it does
        return not any(other.uses & statement.binds for other in statements)
    touched = _closure(set(statement.acts_on), statements) - BUILTINS
    return statement.acts and bool(_sources(touched, statements) & reached)


def _sources(names: set[str], statements: Iterable[_Statement]) -> set[str]:
    """Return where names come from: the modules of those that are imported, the others themselves."""
    found = names - BUILTINS
    for statement in statements:
        if statement.is_import and statement.binds & names:
            found = found - statement.binds | set(_modules(statement.node, names))
    return found


def _modules(node: ast.stmt, names: set[str]) -> Iterator[str]:
    match node:
        case ast.ImportFrom(module=module, level=level):
            yield "." * level + (module or "")
        case ast.Import(names=aliases):
            yield from (a.name for a in aliases if (a.asname or a.name.split(".")[0]) in names)


def _names(statement: ast.stmt) -> Iterator[str]:
    """Yield the names in a statement, in its annotations also where they are written as text."""
    for node in ast.walk(statement):
        match node:
            case ast.Name(id=name):
                yield name
            case ast.Attribute(attr="modules" | "get_type_hints" as name):
                yield name
            case ast.arg(annotation=ast.expr() as text) | ast.AnnAssign(annotation=text):
                yield from _names_in_text(text)
            case (
                ast.FunctionDef(returns=ast.expr() as text) | ast.AsyncFunctionDef(returns=ast.expr() as text)
            ):
                yield from _names_in_text(text)


def _names_in_text(annotation: ast.expr) -> Iterator[str]:
    for node in ast.walk(annotation):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield from (word for word in node.value.replace(".", " ").split() if word.isidentifier())


def _is_main(statement: ast.stmt) -> bool:
    match statement:
        case ast.If(test=test):
            return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(test))
    return False
