"""Run one step of one figure, in this process."""

from __future__ import annotations

import io
import math
import os
import random
import sys
import time
import traceback
import types
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from lectern.figure import Claim, Report, Result
from lectern.fixtures import device_of, function
from lectern.making import data
from lectern.making.guard import UndeclaredReadError, import_from, keep_to
from lectern.making.job import Failure, Job, Outcome
from lectern.sources.code import parse
from lectern.sources.slicing import reachable

# Same picture, same bytes: identifiers in SVG files depend on this salt, and no date or version is written.
HASH_SALT = "lectern"
NO_METADATA = {
    "svg": {"Date": None, "Creator": None},
    "png": {"Software": None},
    "pdf": {"CreationDate": None, "Creator": None, "Producer": None},
}
PNG_DPI = 200
SEED = 0  # of the generators that libraries share; a figure that draws numbers should have a seed of its own
ENGINE = Path(__file__).resolve().parent.parent


class ContractError(Exception):
    """A step did not return what the contract asks for."""

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
        os.chdir(job.roots[0])
        import_from(job.roots)
        keep_to(job.reads, job.folders, job.roots)
        started = time.perf_counter()
        _seed()
        function = _load(job)
        _seed()  # also of what it has imported only now
        made = STEPS[job.step](job, function)
        versions = _versions() | made.pop("devices", {})
        return Outcome(time.perf_counter() - started, versions, **made)
    except FixtureError as error:
        return Failure(str(error), fixture=error.fixture)
    except ContractError as error:
        return Failure(str(error), path=job.path, remedy=error.remedy)
    except BaseException as error:
        return _failure(error, job)


def _seed() -> None:
    """Have the generators that libraries share begin where they always do."""
    random.seed(SEED)
    if numpy := sys.modules.get("numpy"):
        numpy.random.seed(SEED)
    if torch := sys.modules.get("torch"):
        torch.manual_seed(SEED)


def _load(job: Job) -> Callable[..., Any]:
    """Execute what the step can reach of the script; return its function."""
    if job.step == "draw":
        import matplotlib

        matplotlib.rcdefaults()  # a person's own matplotlibrc must not change the lecture
    tree = reachable(parse(job.source, job.path), job.step)
    module = types.ModuleType(f"figure {job.figure}")  # a figure may be named like a library that it uses
    module.__file__ = job.path
    sys.modules[module.__name__] = module
    exec(compile(tree, job.path, "exec"), module.__dict__)
    return module.__dict__[job.step]


def _fixtures(job: Job) -> dict[str, Any]:
    """Return what `compute` asks for of the project's fixtures; a loader raises ValueError for what it refuses."""
    found = {}
    for name, (loader, value) in job.fixtures.items():
        try:
            found[name] = function(loader)(value, **job.given.get(name, {}))
        except ValueError as error:
            raise FixtureError(name, str(error)) from error
    return found


def _compute(job: Job, compute: Callable[..., Any]) -> dict[str, Any]:
    results = {name: _result(stored) for name, stored in job.results.items()}
    fixtures = _fixtures(job)
    found = compute(**fixtures, **results, **job.parameters)
    if job.reports and isinstance(found, Result):
        remedy = "return the data alone: values, claims and alt text are for report to return"
        raise ContractError("compute returned a Result, and there is a report", remedy)
    if not isinstance(found, (Mapping, Result)):
        raise ContractError(f"compute returned {_type(found)}", "return a dict, or a lectern.figure.Result")
    tree = found.data if isinstance(found, Result) else found
    try:
        encoded, digest = data.encode(tree), data.digest(tree)
    except data.NotPlainError as error:
        raise ContractError(
            f"compute's {error}", "return plain data: numbers, strings, lists, dicts, arrays"
        ) from error
    said = {} if job.reports else _said(digest, found if isinstance(found, Result) else Report())
    return {"data": encoded, "digest": digest, "devices": _devices(fixtures), **said}


def _devices(fixtures: Mapping[str, Any]) -> dict[str, str]:
    """Return where the fixtures compute that say so: like versions, it is recorded, and not part of a key."""
    return {device_of(name): str(it.device) for name, it in fixtures.items() if hasattr(it, "device")}


def _report(job: Job, report: Callable[..., Any]) -> dict[str, Any]:
    tree = data.decode(job.data)
    digest = data.digest(tree)  # before report has its hands on them
    found = report(tree, **job.parameters)
    if not isinstance(found, Report):
        raise ContractError(f"report returned {_type(found)}", "return a lectern.figure.Report")
    return {"digest": digest, **_said(digest, found)}


def _said(digest: str, report: Report | Result) -> dict[str, Any]:
    facts = _facts(report)
    return {"result": data.digest_result(digest, facts), "facts": facts}


def _result(stored: Mapping[str, Any]) -> Result:
    claims = {name: Claim(**claim) for name, claim in stored["claims"].items()}
    return Result(**{**stored, "claims": claims, "data": data.decode(stored["data"])})


def _facts(report: Report | Result) -> dict[str, Any]:
    """Return values, claims and alt text as JSON-like data."""
    values = {_text(name): _checked(name, value) for name, value in report.values.items()}
    claims = {}
    for name, claim in report.claims.items():
        if not isinstance(claim, Claim):
            raise ContractError(f"claim {name!r} is {_type(claim)}", "make it a lectern.figure.Claim")
        claims[_text(name)] = {**asdict(claim), "text": _text(claim.text), "unit": _text(claim.unit)}
    return {"values": values, "claims": claims, "alt": _text(report.alt)}


def _text(value: Any) -> str:
    """Return text as it is; refuse what cannot be written down as UTF-8."""
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError as error:
        remedy = "decode the bytes that it came from as UTF-8, with errors='replace' if need be"
        raise ContractError(f"{text!a} holds half a character (a lone surrogate)", remedy) from error
    return text


def _checked(name: str, value: Any) -> Any:
    """Return a value for the prose as plain JSON data; raise ContractError for what cannot be part of a sentence."""
    value = data.scalar(value)
    if isinstance(value, (list, tuple)):
        return [_checked(name, item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        raise ContractError(f"value {name!r} is {value}", "offer finite numbers to the prose")
    if not isinstance(value, (bool, int, float, str)):
        raise ContractError(
            f"value {name!r} is {_type(value)}", "values are numbers, strings or lists of them"
        )
    return _text(value) if isinstance(value, str) else value


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


STEPS = {"compute": _compute, "report": _report, "draw": _draw}


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
            "declare the file in FILES or as a Path parameter (a folder that it lists, by FILES for what is in it), "
            "or import the module with an import statement"
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
    return filename in job.reads and not Path(filename).is_relative_to(ENGINE)


def _versions() -> dict[str, str]:
    """Return the versions of the libraries that this process imported, and of Python."""
    found = {"python": ".".join(map(str, sys.version_info[:3]))}
    for name, module in sorted(sys.modules.items()):
        version = getattr(module, "__version__", None)
        if "." not in name and isinstance(version, str) and not name.startswith("_"):
            found[name] = version
    return found
