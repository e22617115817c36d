"""Compares a student's answer with the right one, and says in Spanish what is probably wrong with it."""

from __future__ import annotations

import functools
import textwrap
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from exercises.checks.spanish import decimal

WIDTH = 100  # characters of a line in a notebook
TOLERANCE = 1e-4  # of float32 sums in another order, in the units of these exercises


class WrongAnswer(AssertionError):  # noqa: N818
    """An answer that is not right; a notebook shows its message alone, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return wrapped(f"✗ {self}")


class NotWritten(NotImplementedError):  # noqa: N818
    """An answer that is still to be written; a notebook shows what to write, without a traceback."""

    def _render_traceback_(self) -> list[str]:
        return wrapped(f"→ {self}")


def wrapped(message: str) -> list[str]:
    """Return a message in lines that a notebook need not break within words."""
    return textwrap.wrap(message, WIDTH, break_long_words=False, break_on_hyphens=False)


def task(check: Callable[..., None]) -> Callable[..., None]:
    """Make a check say that its task is done, or, where the answer is not written, what to write."""

    @functools.wraps(check)
    def checked(*args: Any) -> None:
        try:
            check(*args)
        except NotImplementedError as error:
            raise NotWritten(str(error)) from None
        right(check.__name__)

    return checked


@dataclass(frozen=True)
class Mistake:
    """A usual mistake: what it gives, and what to say to whoever made it."""

    gives: Callable[[], Any]
    says: str


def compare(task: str, got: Any, expected: Tensor, axes: str, mistakes: Sequence[Mistake] = ()) -> None:
    """Raise WrongAnswer unless an answer is the expected tensor; `axes` names its axes, as in «[head]».

    The message is that of the first mistake that gives what was answered; else it says where the answer differs most.
    """
    got = _tensor(task, got)
    if _same(got, expected):
        return
    for mistake in mistakes:
        if _same(got, torch.as_tensor(mistake.gives())):
            raise WrongAnswer(f"{task}: {mistake.says}")
    if got.shape != expected.shape:
        raise WrongAnswer(
            f"{task}: el resultado tiene la forma {list(got.shape)} y debería tener {list(expected.shape)}, {axes}."
        )
    if not got.isfinite().all():
        raise WrongAnswer(f"{task}: el resultado tiene NaN o infinitos. ¿Divides entre cero?")
    raise WrongAnswer(f"{task}: {_where(got, expected, axes)}")


def right(task: str) -> None:
    """Say that a task is done."""
    print(f"✓ {task}: correcto")


def _tensor(task: str, got: Any) -> Tensor:
    if got is None:
        raise WrongAnswer(f"{task}: la función no devuelve nada. ¿Falta el return?")
    try:
        return torch.as_tensor(got).detach()
    except (TypeError, ValueError, RuntimeError):
        kind = type(got).__name__
        raise WrongAnswer(f"{task}: la función devuelve {kind}, y debería devolver un tensor.") from None


def _same(got: Tensor, expected: Tensor) -> bool:
    if got.shape != expected.shape:
        return False
    return torch.allclose(got.double(), expected.double(), rtol=TOLERANCE, atol=TOLERANCE)


def _where(got: Tensor, expected: Tensor, axes: str) -> str:
    """Say where two tensors differ most, and what is there."""
    apart = (got.double() - expected.double()).abs()
    worst = int(apart.argmax())
    place = [int(i) for i in torch.unravel_index(torch.tensor(worst), apart.shape)]
    at = f" en {place}, {axes}," if place else ""
    has, wants = (decimal(x.flatten()[worst].item(), 4) for x in (got, expected))
    return (
        f"no es lo esperado, y no se parece a ningún error habitual. La mayor diferencia está{at} "
        f"donde da {has} y debería dar {wants}."
    )
