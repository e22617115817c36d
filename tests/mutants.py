"""Small mistakes that code may hold: each module with one of them."""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterator
from dataclasses import dataclass

OPERATORS: dict[type, type] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In, ast.And: ast.Or, ast.Or: ast.And,
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.BitOr: ast.BitAnd, ast.BitAnd: ast.BitOr, ast.BitXor: ast.BitOr, ast.Mod: ast.Mult, ast.Pow: ast.Mult,
    ast.LShift: ast.RShift, ast.MatMult: ast.Mult,
}  # fmt: skip
ALTERED_OTHERWISE = (ast.Compare, ast.BoolOp, ast.UnaryOp, ast.Constant)  # conditions


@dataclass(frozen=True)
class Mutant:
    """A module with one mistake."""

    path: str
    line: int
    before: str
    after: str
    source: str  # of the line it is in
    text: str  # of the whole module

    @property
    def key(self) -> str:
        """How it is called where it is said to be equivalent; line numbers change."""
        return f"{self.path}: {self.source}: {self.before} → {self.after}"

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.source}: {self.before} → {self.after}"


def mutants_of(path: str, text: str) -> Iterator[Mutant]:
    """Yield the mutants of a module, each with one place changed."""
    content = text.encode()
    starts = [0]
    for line in content.splitlines(keepends=True):
        starts.append(starts[-1] + len(line))
    for node, changed in _changes(ast.parse(text)):
        begin = starts[node.lineno - 1] + node.col_offset
        end = starts[(node.end_lineno or 0) - 1] + (node.end_col_offset or 0)
        new = f"({changed})" if isinstance(node, ast.expr) and not isinstance(node, ast.Slice) else changed
        mutated = (content[:begin] + new.encode() + content[end:]).decode()
        source = text.splitlines()[node.lineno - 1].strip()
        try:
            compile(mutated, path, "exec")
        except SyntaxError:
            continue
        yield Mutant(path, node.lineno, _short(ast.unparse(node)), _short(changed), source, mutated)


def _short(code: str) -> str:
    return " ".join(code.split())[:150]


def _changes(node: ast.AST) -> Iterator[tuple[ast.expr | ast.stmt, str]]:
    """Yield nodes under this one, each with the code that takes its place."""
    if isinstance(node, (ast.expr, ast.stmt)):
        yield from ((node, code) for code in _replacements(node))
    if isinstance(node, (ast.If, ast.While, ast.IfExp)) and not isinstance(node.test, ALTERED_OTHERWISE):
        yield node.test, f"not ({ast.unparse(node.test)})"
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list") or _is_left_alone(node, name):
            continue
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                yield from _changes(child)


def _is_left_alone(node: ast.AST, field: str) -> bool:
    """Whether a part is only said: messages, what only type checkers see, names that a module offers."""
    match node:
        case ast.Raise() | ast.JoinedStr() | ast.Assert() | ast.Import() | ast.ImportFrom():
            return True
        case ast.Expr(value=ast.Constant()):
            return True
        case ast.If(test=ast.Name(id="TYPE_CHECKING")):
            return field == "body"
        case ast.Assign(targets=[ast.Name(id="__all__" | "message" | "remedy" | "hint")]):
            return True
    return False


def _replacements(node: ast.expr | ast.stmt) -> Iterator[str]:
    match node:
        case ast.Compare(ops=ops):
            yield from (_with(node, "ops", i, OPERATORS[type(op)]()) for i, op in enumerate(ops))
        case ast.BoolOp(op=op) | ast.BinOp(op=op) | ast.AugAssign(op=op) if type(op) in OPERATORS:
            yield _unparsed(node, op=OPERATORS[type(op)]())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield ast.unparse(operand)
        case ast.Constant(value=value):
            yield from _other_constants(value)
        case ast.Call(keywords=keywords):
            for i in range(len(keywords)):
                yield _unparsed(node, keywords=[k for j, k in enumerate(keywords) if j != i])
        case ast.Slice(lower=lower, upper=upper):
            yield from [_unparsed(node, lower=None)] if lower else []
            yield from [_unparsed(node, upper=None)] if upper else []
        case ast.Return(value=ast.expr() as value) if not _is_none(value):
            yield "return None"
        case ast.Break():
            yield "continue"
        case ast.Continue():
            yield "break"
        case ast.Raise() | ast.Expr(value=ast.Call() | ast.Yield() | ast.YieldFrom()):
            yield "pass"
    if isinstance(node, (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)):
        yield from _unfiltered(node)


def _unfiltered(node: ast.ListComp | ast.SetComp | ast.GeneratorExp | ast.DictComp) -> Iterator[str]:
    for i, generator in enumerate(node.generators):
        if generator.ifs:
            bare = copy.copy(generator)
            bare.ifs = []
            yield _with(node, "generators", i, bare)


def _other_constants(value: object) -> Iterator[str]:
    match value:
        case bool():
            yield repr(not value)
        case int():
            yield repr(value + 1)
        case float():
            yield repr(value * 2)
        case str() if value and " " not in value:
            yield repr(f"{value}XX")


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _with(node: ast.AST, field: str, index: int, item: ast.AST) -> str:
    items = [item if i == index else found for i, found in enumerate(getattr(node, field))]
    return _unparsed(node, **{field: items})


def _unparsed(node: ast.AST, **fields: object) -> str:
    changed = copy.copy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return ast.unparse(changed)
