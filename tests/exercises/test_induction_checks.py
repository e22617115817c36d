"""Each usual mistake of the exercise on induction heads is told for what it is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from exercises.checks import induction as checks
from tests.exercises.answers import accepts, solutions, tells

RIGHT = solutions("induccion")
TASKS = (
    "repeat_after_bos",
    "induction_score",
    "previous_token_score",
    "positional_qk",
    "prefers_previous",
    "silence_head",
)


def bos_column(block: torch.Tensor, bos: int) -> torch.Tensor:
    return torch.full((len(block), 1), bos)


def zeroed(scores: torch.Tensor) -> torch.Tensor:
    best = scores.tril().argmax(-1)
    return (best == torch.arange(len(scores)) - 1)[2:].float().mean()


def share(scores: torch.Tensor, first: int, over: int | None = None) -> torch.Tensor:
    future = torch.ones(len(scores), len(scores)).triu(1).bool()
    best = scores.masked_fill(future, -torch.inf).argmax(-1)
    hits = (best == torch.arange(len(scores)) - 1)[first:]
    return hits.sum() / (len(hits) if over is None else over)


def in_place(z: torch.Tensor, at: tuple[Any, ...]) -> torch.Tensor:
    z[at] = 0
    return z


ALL = slice(None)
WRONG: list[tuple[str, Callable[..., Any], str]] = [
    ("repeat_after_bos", lambda b, bos: torch.cat([b, b], 1), "falta BOS"),
    ("repeat_after_bos", lambda b, bos: torch.cat([bos_column(b, bos), b] * 2, 1), "un BOS en medio"),
    ("repeat_after_bos", lambda b, bos: torch.cat([b, b, bos_column(b, bos)], 1), "BOS está al final"),
    ("repeat_after_bos", lambda b, bos: torch.cat([bos_column(b, bos), b], 1), "una sola vez"),
    (
        "repeat_after_bos",
        lambda b, bos: torch.cat([bos_column(b, bos), b.repeat_interleave(2, 1)], 1),
        "se repite cada token",
    ),
    (
        "repeat_after_bos",
        lambda b, bos: torch.cat([torch.full((2 * len(b), 1), bos), torch.cat([b, b])], 1),
        "se repiten los prompts",
    ),
    (
        "repeat_after_bos",
        lambda b, bos: torch.cat([bos_column(b, bos), b, b.flip(1)], 1),
        "no es lo esperado",
    ),
    ("induction_score", lambda p, t: p.diagonal(-t, -2, -1)[..., -t:].mean((0, -1)), "duplicate token"),
    ("induction_score", lambda p, t: p.diagonal(-t, -2, -1)[..., -t:-1].mean((0, -1)), "duplicate token"),
    ("induction_score", lambda p, t: p.diagonal(-t - 1, -2, -1)[..., -t:-1].mean((0, -1)), "period + 1"),
    ("induction_score", lambda p, t: p.diagonal(t - 1, -2, -1).mean((0, -1)), "traspuesto"),
    ("induction_score", lambda p, t: p.mT.diagonal(1 - t, -2, -1)[..., -t:-1].mean((0, -1)), "traspuesto"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:-1].sum((0, -1)), "sumas donde"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:-1].mean(0).sum(-1), "sumas sobre"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:-1].mean(-1), "sobre los prompts"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:-1].mean(), "sobre las cabezas"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1).mean((0, -1)), "toda la diagonal"),
    ("induction_score", lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:].mean((0, -1)), "el último token"),
    (
        "induction_score",
        lambda p, t: p.diagonal(1 - t, -2, -1)[..., -t:-1].amax((0, -1)),
        "no es lo esperado",
    ),
    ("previous_token_score", lambda p: p.diagonal(-1, -2, -1).mean((0, -1)), "la consulta 1"),
    ("previous_token_score", lambda p: p.diagonal(0, -2, -1).mean((0, -1)), "diagonal principal"),
    ("previous_token_score", lambda p: p.diagonal(0, -2, -1)[..., 2:].mean((0, -1)), "diagonal principal"),
    ("previous_token_score", lambda p: p.diagonal(1, -2, -1)[..., 1:].mean((0, -1)), "el signo contrario"),
    ("previous_token_score", lambda p: p.diagonal(-1, -2, -1)[..., 1:].sum((0, -1)), "sumas"),
    ("previous_token_score", lambda p: p.diagonal(-1, -2, -1)[..., 1:].mean(-1), "sobre los prompts"),
    ("previous_token_score", lambda p: p.diagonal(-2, -2, -1).mean((0, -1)), "no es lo esperado"),
    ("positional_qk", lambda P, Q, K: P @ K @ (P @ Q).T / Q.shape[1] ** 0.5, "traspuesta"),
    ("positional_qk", lambda P, Q, K: P @ Q @ (P @ K).T, "falta dividir"),
    ("positional_qk", lambda P, Q, K: P @ Q @ (P @ K).T / Q.shape[1], "divides entre d_head"),
    ("positional_qk", lambda P, Q, K: P @ Q @ (P @ K).T / Q.shape[0] ** 0.5, "√d_model"),
    ("positional_qk", lambda P, Q, K: Q @ K.T / Q.shape[1] ** 0.5, "falta W_pos"),
    ("positional_qk", lambda P, Q, K: (P @ Q @ (P @ K).T / Q.shape[1] ** 0.5).softmax(-1), "softmax"),
    ("positional_qk", lambda P, Q, K: P @ Q @ (P @ Q).T / Q.shape[1] ** 0.5, "no es lo esperado"),
    (
        "prefers_previous",
        lambda s: (s.argmax(-1) == torch.arange(len(s)) - 1)[2:].float().mean(),
        "falta la máscara causal",
    ),
    ("prefers_previous", zeroed, "pones a cero"),
    ("prefers_previous", lambda s: share(s, 2, over=len(s)), "divides entre todas"),
    ("prefers_previous", lambda s: share(s, 1), "cuentas la fila 1"),
    ("prefers_previous", lambda s: share(s, 0), "las dos primeras filas"),
    ("prefers_previous", lambda s: share(s, 2, over=1), "cuántas filas"),
    ("prefers_previous", lambda s: share(s, 2) / 3, "no es lo esperado"),
    ("silence_head", lambda z, hook, head: None, "¿Falta el return?"),
    ("silence_head", lambda z, hook, head: z, "sin cambios"),
    ("silence_head", lambda z, hook, head: in_place(z, (ALL, head)), "una posición"),
    ("silence_head", lambda z, hook, head: in_place(z, (..., head)), "una dimensión"),
    ("silence_head", lambda z, hook, head: 0 * z, "toda la capa"),
    ("silence_head", lambda z, hook, head: z * (torch.arange(4) == head)[:, None], "es al revés"),
    ("silence_head", lambda z, hook, head: in_place(z, (ALL, ALL, head - 1)), "no es lo esperado"),
]


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_is_right(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    accepts(getattr(checks, task), RIGHT[task], capsys)


@pytest.mark.parametrize(("task", "wrong", "said"), WRONG)
def test_a_mistake_is_told(task: str, wrong: Callable[..., Any], said: str) -> None:
    tells(getattr(checks, task), wrong, said)
