"""An answer from where a job's files lie below a folder, as it would read here: paths without that folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from lectern.making import data
from lectern.making.job import Failure, Outcome


def returned(answer: Outcome | Failure, folder: str) -> Outcome | Failure:
    """Return the answer with paths as they are where it was asked for, in messages and results alike."""
    texts = {name: _renamed(value, folder) for name, value in vars(answer).items() if isinstance(value, str)}
    answer = replace(answer, **texts)
    return _result_returned(answer, folder) if isinstance(answer, Outcome) and answer.digest else answer


def _result_returned(outcome: Outcome, folder: str) -> Outcome:
    if outcome.data and _mentions(tree := data.decode(outcome.data), folder):
        tree = _renamed(tree, folder)
        outcome = replace(outcome, data=data.encode(tree), digest=data.digest(tree))
    facts = _renamed(outcome.facts, folder)
    result = data.digest_result(outcome.digest, facts) if outcome.result else ""
    return replace(outcome, facts=facts, result=result)


def _mentions(value: Any, folder: str) -> bool:
    if isinstance(value, Mapping):
        return any(_mentions(part, folder) for item in value.items() for part in item)
    if isinstance(value, (list, tuple)):
        return any(_mentions(item, folder) for item in value)
    return isinstance(value, str) and folder in value


def _renamed(value: Any, folder: str) -> Any:
    if isinstance(value, Mapping):
        return {_renamed(name, folder): _renamed(item, folder) for name, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_renamed(item, folder) for item in value]
    return value.replace(folder, "") if isinstance(value, str) else value
