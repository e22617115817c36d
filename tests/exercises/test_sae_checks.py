"""Each usual mistake of the exercise on sparse autoencoders is told for what it is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from exercises.checks import sae as checks
from mechinterp.sae import metrics
from mechinterp.sae.autoencoder import TopKSAE
from tests.exercises.answers import accepts, solutions, tells

RIGHT = solutions("sae")
TASKS = ("top_k", "reconstruct", "fvu", "training_step", "precision_and_recall")


def kept(pre: torch.Tensor, k: int, value: Callable[[torch.Tensor], torch.Tensor]) -> torch.Tensor:
    found = pre.topk(k, -1)
    return torch.zeros_like(pre).scatter(-1, found.indices, value(found.values))


def by_size(pre: torch.Tensor, k: int) -> torch.Tensor:
    indices = pre.abs().topk(k, -1).indices
    return torch.zeros_like(pre).scatter(-1, indices, pre.gather(-1, indices))


def rebuilt(x: torch.Tensor, p: dict[str, torch.Tensor], k: int, **changed: torch.Tensor) -> torch.Tensor:
    p = p | changed
    return RIGHT["top_k"]((x - p["b_dec"]) @ p["W_enc"] + p["b_enc"], k) @ p["W_dec"] + p["b_dec"]


def squared(x: torch.Tensor, x_hat: torch.Tensor) -> torch.Tensor:
    return (x - x_hat).square()


def variance(x: torch.Tensor, mean: torch.Tensor) -> torch.Tensor:
    return (x - mean).square()


def step(
    loss: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = lambda x, x_hat: (
        squared(x, x_hat).sum(-1).mean()
    ),
    forget: bool = True,
    move: bool = True,
    unit: int | None = -1,
) -> Callable[..., Any]:
    def training_step(x: Any, p: Any, optimizer: Any, k: int) -> torch.Tensor:
        if forget:
            optimizer.zero_grad()
        found = loss(x, rebuilt(x, p, k))
        found.backward()
        if move:
            optimizer.step()
        if unit is not None:
            with torch.no_grad():
                p["W_dec"] /= p["W_dec"].norm(dim=unit, keepdim=True)
        return found

    return training_step


def ratio(count: torch.Tensor, of: torch.Tensor) -> torch.Tensor:
    return count.sum() / of.sum()


EVERY = torch.ones(12)
ZERO = torch.zeros(())
WRONG: list[tuple[str, Callable[..., Any], str]] = [
    ("top_k", lambda pre, k: kept(pre, k, lambda v: v), "valores negativos"),
    ("top_k", lambda pre, k: pre.relu(), "solo la ReLU"),
    ("top_k", lambda pre, k: kept(pre.T, k, torch.relu).T, "cada columna"),
    ("top_k", lambda pre, k: pre.topk(k, -1).values, "los k valores"),
    ("top_k", lambda pre, k: pre.topk(k, -1).values.relu(), "los k valores"),
    ("top_k", lambda pre, k: pre.topk(k, -1).indices, "los índices"),
    ("top_k", lambda pre, k: kept(pre, k, torch.ones_like), "pones unos"),
    ("top_k", by_size, "por valor absoluto"),
    ("top_k", lambda pre, k: kept(pre, k + 1, torch.relu), "dejas k + 1"),
    ("top_k", lambda pre, k: kept(pre, k - 1, torch.relu), "dejas k − 1"),
    ("top_k", lambda pre, k: 2 * kept(pre, k, torch.relu), "no es lo esperado"),
    ("reconstruct", lambda x, p, k: rebuilt(x, p, k) - p["b_dec"], "falta sumar b_dec"),
    ("reconstruct", lambda x, p, k: rebuilt(x + p["b_dec"], p, k), "falta restar b_dec"),
    ("reconstruct", lambda x, p, k: rebuilt(x, p, k, b_dec=ZERO), "falta b_dec"),
    ("reconstruct", lambda x, p, k: rebuilt(x, p, k, b_enc=ZERO), "falta b_enc"),
    ("reconstruct", lambda x, p, k: rebuilt(x, p, 4), "falta dejar solo las k"),
    (
        "reconstruct",
        lambda x, p, k: ((x - p["b_dec"]) @ p["W_enc"] + p["b_enc"]) @ p["W_dec"] + p["b_dec"],
        "falta top_k",
    ),
    ("reconstruct", lambda x, p, k: RIGHT["encode"](x, p, k), "falta el decodificador"),
    ("reconstruct", lambda x, p, k: rebuilt(x, p, k).flip(0), "no es lo esperado"),
    ("fvu", lambda x, y: 1 - RIGHT["fvu"](x, y), "1 − FVU"),
    ("fvu", lambda x, y: squared(x, y).sum() / x.square().sum(), "falta restar a x su media"),
    ("fvu", lambda x, y: squared(x, y).sum() / variance(x, x.mean()).sum(), "una sola media"),
    ("fvu", lambda x, y: squared(x, y).sum() / variance(x, x.mean(-1, keepdim=True)).sum(), "de sus números"),
    ("fvu", lambda x, y: squared(x, y).mean(), "error cuadrático medio"),
    ("fvu", lambda x, y: squared(x, y).sum(), "error total"),
    ("fvu", lambda x, y: squared(x, y).sum(-1).mean(), "el error de cada vector"),
    ("fvu", lambda x, y: (squared(x, y).sum(0) / variance(x, x.mean(0)).sum(0)).mean(), "cada dimensión"),
    ("fvu", lambda x, y: RIGHT["fvu"](x, y).sqrt(), "una raíz de más"),
    ("fvu", lambda x, y: squared(x, y).mean() / variance(x, x.mean(0)).sum(), "arriba promedias"),
    ("fvu", lambda x, y: squared(x, y).sum() / variance(x, x.mean(0)).mean(), "arriba sumas"),
    ("fvu", lambda x, y: (x - y).abs().sum() / (x - x.mean(0)).abs().sum(), "no es lo esperado"),
    ("training_step", step(lambda x, y: squared(x, y).sum()), "suma sobre el lote"),
    ("training_step", step(lambda x, y: squared(x, y).mean()), "también sobre las dimensiones"),
    ("training_step", step(lambda x, y: squared(x, y).sum(-1).sqrt().mean()), "la pérdida es la norma"),
    ("training_step", step(lambda x, y: -squared(x, y).sum(-1).mean()), "el signo al revés"),
    ("training_step", step(lambda x, y: (x - y).abs().sum()), "no es lo esperado"),
    ("training_step", step(move=False), "los parámetros no cambian"),
    ("training_step", step(forget=False), "falta optimizer.zero_grad"),
    ("training_step", step(forget=False, unit=None), "Y además falta normalizar"),
    ("training_step", step(unit=None), "falta normalizar las filas"),
    ("training_step", step(unit=0), "normalizas las columnas"),
    ("precision_and_recall", lambda f, t: (ratio(f & t, t), ratio(f & t, f)), "están cambiadas"),
    ("precision_and_recall", lambda f, t: (ratio(f & t, EVERY), ratio(f & t, EVERY)), "todos los tokens"),
    ("precision_and_recall", lambda f, t: (ratio(f == t, EVERY), ratio(f & t, t)), "accuracy"),
    ("precision_and_recall", lambda f, t: (ratio(f, EVERY), ratio(t, EVERY)), "con qué frecuencia"),
    ("precision_and_recall", lambda f, t: (ratio(f & t, f), ratio(f & t, f)), "no es lo esperado"),
    ("precision_and_recall", lambda f, t: ratio(f & t, f), "tiene la forma"),
]


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_is_right(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    accepts(getattr(checks, task), RIGHT[task], capsys)


@pytest.mark.parametrize(("task", "wrong", "said"), WRONG)
def test_a_mistake_is_told(task: str, wrong: Callable[..., Any], said: str) -> None:
    tells(getattr(checks, task), wrong, said, part=".*")


def test_the_references_are_those_of_the_lecture() -> None:
    x, p = checks.vectors(), checks.small_parameters()
    sae = TopKSAE(**p, k=checks.K)
    torch.testing.assert_close(checks.reconstruct_reference(x, p, checks.K), sae.reconstruct(x))
    assert RIGHT["fvu"](x, sae.reconstruct(x)).item() == pytest.approx(metrics.fvu(x, sae.reconstruct(x)))
