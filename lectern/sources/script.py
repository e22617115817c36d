"""Figure scripts as the build sees them, read without running them."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path, PurePath
from typing import Any

from lectern.errors import FigureError, Place
from lectern.project import Project
from lectern.sources.code import bound_names, constant, digest_code, imported_names, parse, reads_docstrings
from lectern.sources.digests import Digests
from lectern.sources.notebook import cells_of, join_cells
from lectern.sources.slicing import reachable

TIME_LIMIT = 600.0  # seconds a step may take where the script sets no TIME_LIMIT
LONGEST_LIMIT = 30 * 24 * 3600.0


@dataclass(frozen=True)
class Step:
    """One of a figure's functions, with what it can reach in the script."""

    code: str  # digest of the reachable statements
    documented: str  # the same of the whole script, docstrings included
    reads_docstrings: bool  # whether the reachable statements may read docstrings
    imports: tuple[str, ...]
    left_out: tuple[str, ...]  # what the script imports besides
    defaults: dict[str, Any]  # parameters, in order


@dataclass(frozen=True)
class FigureScript:
    """A figure's script: its name, what it asks for, what its steps are made of."""

    name: str
    path: Path
    summary: str  # first line of the docstring: the claim
    requests: tuple[str, ...]  # other figures whose results `compute` takes
    compute: Step
    report: Step | None  # None where `compute` reports too
    draw: Step
    files: tuple[str, ...]
    time_limit: float

    @property
    def parameters(self) -> dict[str, Any]:
        """All parameters with their defaults, those of `compute` first."""
        reported = self.report.defaults if self.report else {}
        return {**self.draw.defaults, **reported, **self.compute.defaults}


def read_script(name: str, path: Path, project: Project, digests: Digests) -> FigureScript:
    """Read the script at `path`; raise FigureError, with its line, where it breaks the contract."""
    shown = project.shown(path)
    try:
        facts = digests.derived.of(
            f"script {path.suffix}", path, lambda text: _facts(source_of(text, path), shown)
        )
    except (UnicodeDecodeError, OSError) as error:
        raise FigureError(f"cannot read the script: {error}", Place(shown), "save it as UTF-8") from error
    return FigureScript(
        name=name,
        path=path,
        summary=facts["summary"],
        requests=tuple(facts["requests"]),
        files=tuple(facts["files"]),
        time_limit=facts["time_limit"],
        compute=_step_from(facts["compute"]),
        report=_step_from(facts["report"]) if facts["report"] else None,
        draw=_step_from(facts["draw"]),
    )


def _step_from(facts: dict[str, Any]) -> Step:
    return Step(
        code=facts["code"],
        documented=facts["documented"],
        reads_docstrings=facts["reads_docstrings"],
        imports=tuple(facts["imports"]),
        left_out=tuple(facts["left_out"]),
        defaults={name: parse_literal(text) for name, text in facts["defaults"].items()},
    )


def source_of(text: str, path: Path) -> str:
    """Return the Python source of a script or notebook given its file's text."""
    text = text.removeprefix("\ufeff")  # with which some editors begin a file
    return join_cells(cells_of(text, path)) if path.suffix == ".ipynb" else text


def parse_literal(text: str) -> Any:
    """Evaluate a number, string, None, tuple of those, or `Path("…")`; raise ValueError for anything else."""
    match parse(text.strip()).body:
        case [ast.Expr(value=node)]:
            pass
        case _:
            raise ValueError(f"{text!r} is no value")
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Path":
        (argument,) = node.args
        return Path(str(ast.literal_eval(argument)))
    return frozen(ast.literal_eval(node))


def frozen(value: Any) -> Any:
    """Return a parameter's value with tuples for lists; raise ValueError where it holds anything else mutable."""
    if isinstance(value, (tuple, list)):
        return tuple(frozen(item) for item in value)
    if value is None or isinstance(value, (bool, int, float, str, Path)):
        return value
    raise ValueError(f"{value!r} cannot be a parameter")


def _facts(source: str, shown: str) -> dict[str, Any]:
    try:
        tree = parse(source)
    except SyntaxError as error:
        remedy = "correct the script; the previous picture is kept"
        raise FigureError(f"syntax error: {error.msg}", Place(shown, error.lineno), remedy) from error
    compute, draw = (_function(tree, step, shown) for step in ("compute", "draw"))
    report = _function(tree, "report", shown) if _defines(tree, "report") else None
    requested = _without_default(compute)
    for function in (draw, *([report] if report else [])):
        if len(_without_default(function)) != 1:
            message = f"{function.name} takes the data as its one argument without a default"
            raise FigureError(message, Place(shown, function.lineno), f"write `def {function.name}(data):`")
    return {
        "summary": (ast.get_docstring(tree) or "").partition("\n")[0],
        "requests": requested,
        "files": patterns(_constant(tree, "FILES", (), shown), shown),
        "time_limit": _seconds(_constant(tree, "TIME_LIMIT", TIME_LIMIT, shown), shown),
        "compute": _step(tree, compute, shown),
        "report": _step(tree, report, shown) if report else None,
        "draw": _step(tree, draw, shown),
    }


def patterns(found: Any, shown: str) -> list[str]:
    """Return the value of `FILES`; raise FigureError where it is anything but patterns of paths in the project."""
    if isinstance(found, str) or not isinstance(found, Iterable) or not all(_is_pattern(p) for p in found):
        remedy = 'write paths relative to the project\'s root: FILES = ("data/*.csv",)'
        raise FigureError(f"FILES = {found!r} are no paths in the project", Place(shown), remedy)
    return list(found)


def _is_pattern(found: Any) -> bool:
    return (
        isinstance(found, str)
        and found.strip("./") != ""
        and not _leaves(PurePath(found))
        and "\0" not in found
    )


def _leaves(path: PurePath) -> bool:
    return path.is_absolute() or ".." in path.parts


def _seconds(found: Any, shown: str) -> float:
    if isinstance(found, bool) or not isinstance(found, (int, float)) or not 0 < found < math.inf:
        raise FigureError(
            f"TIME_LIMIT = {found!r} is no time", Place(shown), "write seconds: TIME_LIMIT = 60"
        )
    return float(min(found, LONGEST_LIMIT))


def _defines(tree: ast.Module, name: str) -> bool:
    """Whether a module has a function of this name."""
    return any(isinstance(statement, ast.FunctionDef) and statement.name == name for statement in tree.body)


def _function(tree: ast.Module, name: str, shown: str) -> ast.FunctionDef:
    binding = [statement for statement in tree.body if name in set(bound_names(statement))]
    match binding:
        case [ast.FunctionDef() as function]:
            return function
        case []:
            remedy = "a figure needs compute and draw"
            raise FigureError(f"the script defines no function {name!r}", Place(shown), remedy)
        case [ast.AsyncFunctionDef() | ast.ClassDef() | ast.Assign() as other]:
            remedy = f"write `def {name}(…):`"
            raise FigureError(f"{name} is no plain function", Place(shown, other.lineno), remedy)
    remedy = "define it once, at the top level: which one counts is known only when the script runs"
    raise FigureError(
        f"{name} is bound more than once, or in a block", Place(shown, binding[-1].lineno), remedy
    )


def _step(tree: ast.Module, function: ast.FunctionDef, shown: str) -> dict[str, Any]:
    reached = reachable(tree, function.name)
    bare, imports = function.name, imported_names(reached)
    return {
        "code": digest_code(reached, without_defaults_of=bare),
        "documented": digest_code(tree, bare, docstrings=True),
        "reads_docstrings": reads_docstrings(reached),
        "imports": imports,
        "left_out": sorted({*imported_names(tree)} - {*imports}),
        "defaults": {
            name: _literal(tree, node, name, shown) for name, node in _with_default(function).items()
        },
    }


def _with_default(function: ast.FunctionDef) -> dict[str, ast.expr]:
    positional = [*function.args.posonlyargs, *function.args.args]
    defaults = function.args.defaults
    pairs = list(zip(positional[len(positional) - len(defaults) :], defaults, strict=True))
    pairs += [(a, d) for a, d in zip(function.args.kwonlyargs, function.args.kw_defaults, strict=True) if d]
    return {argument.arg: default for argument, default in pairs}


def _without_default(function: ast.FunctionDef) -> list[str]:
    arguments = [*function.args.posonlyargs, *function.args.args, *function.args.kwonlyargs]
    return [a.arg for a in arguments if a.arg not in _with_default(function)]


def _literal(tree: ast.Module, node: ast.expr, name: str, shown: str) -> str:
    """Return the source of a default, a module constant's name replaced by its value."""
    try:
        text = repr(_named(tree, node.id)) if isinstance(node, ast.Name) else ast.unparse(node)
        parse_literal(text)
    except ValueError as error:
        message = f"the default of parameter {name!r} is no literal"
        remedy = (
            "write a number, a string, a tuple of them, or Path('…'): it must be readable without running"
        )
        raise FigureError(message, Place(shown, node.lineno), remedy) from error
    return text


def _named(tree: ast.Module, name: str) -> Any:
    """Return the literal that the module assigns to a name; raise ValueError where it assigns none, or several."""
    if (value := constant(tree, name, ...)) is ...:
        raise ValueError(f"{name} is assigned nowhere")
    return value


def _constant(tree: ast.Module, name: str, default: Any, shown: str) -> Any:
    try:
        return constant(tree, name, default)
    except ValueError as error:
        remedy = f"assign {name} once, and write its value out"
        raise FigureError(f"{name} is no literal", Place(shown), remedy) from error
