"""Run one step of one figure, in this process."""

from __future__ import annotations

import ast
import io
import math
import sys
import time
import traceback
import types
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from lectern.figure import Claim, Result
from lectern.fixtures import function
from lectern.making import data
from lectern.making.guard import UndeclaredReadError, import_from, keep_to
from lectern.making.job import Failure, Job, Outcome
from lectern.sources.slicing import reachable

# Same picture, same bytes: identifiers in SVG files depend on this salt, and no date or version is written.
HASH_SALT = "lectern"
NO_METADATA = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
PNG_DPI = 200


class ContractError(Exception):
    """A step returned something else than the contract says."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__(message)
        self.remedy = remedy


class FixtureError(Exception):
    """A fixture refused its value."""

    def __init__(self, fixture: str, message: str) -> None:
        super().__init__(message)
        self.fixture = fixture


def run(job: Job) -> Outcome | Failure:
    """Run the job; every mistake of the script becomes a Failure with its line."""
    try:
        import_from(job.roots)
        keep_to(job.reads, job.roots)
        started = time.perf_counter()
        function = _load(job)
        made = _compute(job, function) if job.step == "compute" else _draw(job, function)
        return Outcome(time.perf_counter() - started, _versions(), **made)
    except FixtureError as error:
        return Failure(str(error), fixture=error.fixture)
    except ContractError as error:
        return Failure(str(error), path=job.path, remedy=error.remedy)
    except BaseException as error:
        return _failure(error, job)


def _load(job: Job) -> Callable[..., Any]:
    """Execute what the step can reach of the script; return its function."""
    if job.step == "draw":
        import matplotlib

        matplotlib.rcdefaults()  # a person's own matplotlibrc must not change the lecture
    tree = reachable(ast.parse(job.source, job.path), job.step)
    module = types.ModuleType(job.figure)
    module.__file__ = job.path
    sys.modules[job.figure] = module
    exec(compile(tree, job.path, "exec"), module.__dict__)
    return module.__dict__[job.step]


def _fixtures(job: Job) -> dict[str, Any]:
    """Return what `compute` asks for of the project's fixtures; a loader says with ValueError what it refuses."""
    found = {}
    for name, (loader, value) in job.fixtures.items():
        try:
            found[name] = function(loader)(value)
        except ValueError as error:
            raise FixtureError(name, str(error)) from error
    return found


def _compute(job: Job, compute: Callable[..., Any]) -> dict[str, Any]:
    results = {name: _result(stored) for name, stored in job.results.items()}
    result = compute(**_fixtures(job), **results, **job.parameters)
    if isinstance(result, Mapping):
        result = Result(result)
    if not isinstance(result, Result):
        raise ContractError(f"compute returned {_type(result)}", "return a lectern.figure.Result")
    try:
        encoded, digest = data.encode(result.data), data.digest(result.data)
    except data.NotPlainError as error:
        raise ContractError(
            f"compute's {error}", "return plain data: numbers, strings, lists, dicts, arrays"
        ) from error
    return {"data": encoded, "digest": digest, "facts": _facts(result)}


def _result(stored: Mapping[str, Any]) -> Result:
    return Result(**{**stored, "data": data.decode(stored["data"])})


def _facts(result: Result) -> dict[str, Any]:
    values = {name: _checked(name, value) for name, value in result.values.items()}
    claims = {}
    for name, claim in result.claims.items():
        if not isinstance(claim, Claim):
            raise ContractError(f"claim {name!r} is {_type(claim)}", "make it a lectern.figure.Claim")
        claims[name] = replace(claim, measured=float(data.scalar(claim.measured)))
    return {"values": values, "claims": claims, "alt": str(result.alt)}


def _checked(name: str, value: Any) -> Any:
    """Return a value for the prose as plain JSON data; refuse what cannot stand in a sentence."""
    value = data.scalar(value)
    if isinstance(value, (list, tuple)):
        return [_checked(name, item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ContractError(f"value {name!r} is {value}", "offer finite numbers to the prose")
    if not isinstance(value, (bool, int, float, str)):
        raise ContractError(
            f"value {name!r} is {_type(value)}", "values are numbers, strings or lists of them"
        )
    return value


def _draw(job: Job, draw: Callable[..., Any]) -> dict[str, Any]:
    import matplotlib
    from matplotlib.figure import Figure

    figure = draw(data.decode(job.data), **job.parameters)
    if not isinstance(figure, Figure):
        raise ContractError(f"draw returned {_type(figure)}", "return the matplotlib Figure")
    if not (figure.axes or figure.texts or figure.artists or figure.images or figure.patches):
        raise ContractError("draw returned an empty figure", "draw something on it before returning it")
    images = {}
    with matplotlib.rc_context({"svg.hashsalt": HASH_SALT}):
        for format_ in job.formats:
            buffer = io.BytesIO()
            figure.savefig(buffer, format=format_, dpi=PNG_DPI, metadata=NO_METADATA[format_])
            images[format_] = buffer.getvalue()
    return {"images": images}


def _type(value: Any) -> str:
    return "nothing" if value is None else f"a {type(value).__module__}.{type(value).__qualname__}"


def _failure(error: BaseException, job: Job) -> Failure:
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if _is_ours(frame.filename, job)]
    last = frames[-1] if frames else None
    message = "".join(traceback.format_exception_only(error)).strip()
    remedy = None
    if isinstance(error, UndeclaredReadError):
        message = f"it reads {error}, which its key does not cover"
        remedy = (
            "declare the file in FILES or as a Path parameter, or import the module with an import statement"
        )
    elif isinstance(error, ModuleNotFoundError):
        remedy = f"install it: .venv/bin/pip install {error.name}"
    elif isinstance(error, MemoryError):
        remedy = "use smaller parameters, or fewer jobs at once (--jobs 1)"
    path = last.filename if last else job.path
    trace = "".join(traceback.format_list(frames)) if len(frames) > 1 else ""
    return Failure(message, last.lineno if last else None, path, remedy, trace)


def _is_ours(filename: str, job: Job) -> bool:
    if filename == job.path:
        return True
    return filename in job.reads and "/lectern/" not in filename


def _versions() -> dict[str, str]:
    """Return the versions of the libraries that this process imported, and of Python."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name, module in sorted(sys.modules.items()):
        version = getattr(module, "__version__", None)
        if "." not in name and isinstance(version, str) and not name.startswith("_"):
            found[name] = version
    return found
