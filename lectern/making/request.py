"""A request for a figure: its name and the parameters that differ from the script's defaults."""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lectern.errors import UsageError
from lectern.sources.code import digest_text
from lectern.sources.script import FigureScript, frozen, parse_literal


@dataclass(frozen=True)
class Request:
    """One figure with overridden parameters, as sorted pairs, so that equal requests are equal."""

    name: str
    overrides: tuple[tuple[str, Any], ...] = ()

    @property
    def stem(self) -> str:
        """The name of its files: the figure's own, or with a digest of what was overridden."""
        return f"{self.name}--{digest_text(repr(self.overrides))[:8]}" if self.overrides else self.name


def request_for(script: FigureScript, overrides: Mapping[str, Any]) -> Request:
    """Return the request for `script` with `overrides`; those equal to the defaults do not count.

    Raises UsageError for a parameter the figure does not have, or of another type than its default.
    """
    kept = {}
    for name, value in overrides.items():
        default = _default(script, name)
        try:
            value = _fitted(name, frozen(value), default)
        except ValueError as error:
            raise _unfit(name, value, default) from error
        if value != default:
            kept[name] = value
    return Request(script.name, tuple(sorted(kept.items())))


def parse_overrides(script: FigureScript, assignments: list[str]) -> dict[str, Any]:
    """Return parameters from `key=value` words, each read as its default's type.

    Raises UsageError where a word is no assignment, names no parameter, or its value cannot be read.
    """
    overrides = {}
    for assignment in assignments:
        name, equals, text = assignment.partition("=")
        if not equals:
            raise UsageError(f"cannot read parameter {assignment!r}", remedy="write -p NAME=VALUE")
        overrides[name] = _parse(name, text, _default(script, name))
    return overrides


def _default(script: FigureScript, name: str) -> Any:
    parameters = script.parameters
    if name not in parameters:
        close = difflib.get_close_matches(name, parameters, n=1)
        known = ", ".join(f"{key}={value!r}" for key, value in parameters.items()) or "none"
        hint = f"did you mean {close[0]!r}? " if close else ""
        message = f"figure {script.name!r} has no parameter {name!r}"
        raise UsageError(message, remedy=f"{hint}its parameters: {known}")
    return parameters[name]


def _parse(name: str, text: str, default: Any) -> Any:
    if isinstance(default, str):
        return text
    if isinstance(default, Path):
        return Path(text)
    try:
        value = parse_literal(text)
    except (ValueError, SyntaxError) as error:
        raise _unfit(name, text, default) from error
    return (value,) if isinstance(default, tuple) and not isinstance(value, tuple) else value


def _fitted(name: str, value: Any, default: Any) -> Any:
    """Return `value` as the default's type; integers are accepted for floats."""
    if isinstance(default, float) and type(value) is int:
        return float(value)
    if isinstance(default, Path) and isinstance(value, str):
        return Path(value)
    if default is not None and type(value) is not type(default):
        raise _unfit(name, value, default)
    return value


def _unfit(name: str, value: Any, default: Any) -> UsageError:
    message = f"parameter {name!r} cannot be {value!r}"
    return UsageError(message, remedy=f"give a value like its default, {default!r}")
