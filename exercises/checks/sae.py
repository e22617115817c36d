"""Checks of the exercise on sparse autoencoders, each against a reference written with loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from exercises.checks.verdict import Mistake, compare, task

K = 2
PRE = torch.tensor([[3.0, -4.0, 1.0, 0.5, 2.0], [-1.0, -2.0, -5.0, -3.0, 0.5], [0.1, 0.2, 2.5, 4.0, 3.0]])


def top_k_reference(pre: Tensor, k: int) -> Tensor:
    """Return the k largest of each row where they are positive, the others zero."""
    found = torch.zeros_like(pre)
    for i, row in enumerate(pre.tolist()):
        for j in sorted(range(len(row)), key=lambda j: -row[j])[:k]:
            found[i, j] = max(0.0, row[j])
    return found


@task
def top_k(answer: Callable[..., Any]) -> None:
    """Check task 1."""
    expected = top_k_reference(PRE, K)
    values, indices = PRE.topk(K, -1)
    narrow = "devuelves los k valores, y se pide un vector del ancho de pre con ceros en lo demás."
    mistakes = [
        Mistake(
            lambda: torch.zeros_like(PRE).scatter(-1, indices, values),
            "dejas pasar valores negativos: cuando en una fila hay menos de k positivos, los demás se quedan en cero. "
            "Falta una ReLU.",
        ),
        Mistake(
            lambda: PRE.relu(), "es solo la ReLU: se quedan encendidas más de k características por fila."
        ),
        Mistake(
            lambda: top_k_reference(PRE.T, K).T,
            "eliges los k mayores de cada columna, y no de cada fila.",
        ),
        Mistake(lambda: values.relu(), narrow),
        Mistake(lambda: values, narrow),
        Mistake(lambda: indices, "devuelves los índices, y se piden los valores en su sitio."),
        Mistake(
            lambda: torch.zeros_like(PRE).scatter(-1, indices, 1.0),
            "pones unos: se conserva el valor de las k mayores, que dice con cuánta fuerza se activan.",
        ),
        Mistake(
            lambda: top_k_reference(PRE.abs(), K) * PRE.sign(),
            "eliges por valor absoluto: una preactivación muy negativa no enciende nada.",
        ),
        Mistake(lambda: top_k_reference(PRE, K + 1), "dejas k + 1 características: ¿comparas con > o con ≥?"),
        Mistake(lambda: top_k_reference(PRE, K - 1), "dejas k − 1 características: ¿comparas con > o con ≥?"),
    ]
    compare("top_k", answer(PRE.clone(), K), expected, "[batch d_sae]", mistakes)


def small_parameters(seed: int = 0) -> dict[str, Tensor]:
    """Return the parameters of an SAE of 4 features on vectors of 3 numbers; directions have length 1."""
    draw = torch.Generator().manual_seed(seed)
    W_dec = torch.nn.functional.normalize(torch.randn(4, 3, generator=draw), dim=-1)
    return {
        "W_enc": W_dec.T + 0.1 * torch.randn(3, 4, generator=draw),
        "b_enc": 0.1 * torch.randn(4, generator=draw),
        "W_dec": W_dec,
        "b_dec": torch.randn(3, generator=draw),
    }


def vectors() -> Tensor:
    """Return eight vectors that are not centred, and of which each number varies on another scale."""
    draw = torch.Generator().manual_seed(5)
    return torch.randn(8, 3, generator=draw) * torch.tensor([1.0, 2.0, 0.5]) + torch.tensor([3.0, -1.0, 0.0])


def reconstruct_reference(x: Tensor, p: dict[str, Tensor], k: int) -> Tensor:
    """Return each vector's reconstruction: the sum of its features' directions, and b_dec."""
    found = []
    for vector in x:
        pre = torch.stack(
            [(vector - p["b_dec"]) @ p["W_enc"][:, j] + p["b_enc"][j] for j in range(len(p["b_enc"]))]
        )
        f = top_k_reference(pre[None], k)[0]
        found.append(sum((f[j] * p["W_dec"][j] for j in range(len(f))), p["b_dec"]))
    return torch.stack(found)


@task
def reconstruct(answer: Callable[..., Any]) -> None:
    """Check task 2."""
    x, p = vectors(), small_parameters()
    expected = reconstruct_reference(x, p, K)
    without = p | {"b_dec": torch.zeros(3)}
    mistakes = [
        Mistake(
            lambda: expected - p["b_dec"],
            "falta sumar b_dec al final: se resta al entrar y se suma al salir.",
        ),
        Mistake(
            lambda: reconstruct_reference(x, without, K) + p["b_dec"],
            "falta restar b_dec a x antes del codificador.",
        ),
        Mistake(
            lambda: reconstruct_reference(x, without, K),
            "falta b_dec: se resta a x al entrar y se suma al salir.",
        ),
        Mistake(
            lambda: reconstruct_reference(x, p | {"b_enc": torch.zeros(4)}, K),
            "falta b_enc en el codificador.",
        ),
        Mistake(
            lambda: reconstruct_reference(x, p, 4),
            "falta dejar solo las k mayores: reconstruyes con todas las positivas.",
        ),
        Mistake(
            lambda: ((x - p["b_dec"]) @ p["W_enc"] + p["b_enc"]) @ p["W_dec"] + p["b_dec"],
            "falta top_k entre el codificador y el decodificador: sin él todo es lineal y nada es disperso.",
        ),
        Mistake(
            lambda: top_k_reference((x - p["b_dec"]) @ p["W_enc"] + p["b_enc"], K),
            "devuelves las características f: falta el decodificador.",
        ),
    ]
    got = answer(x.clone(), {name: tensor.clone() for name, tensor in p.items()}, K)
    compare("reconstruct", got, expected, "[batch d_model]", mistakes)


@task
def fvu(answer: Callable[..., Any]) -> None:
    """Check task 3."""
    x, p = vectors(), small_parameters()
    x_hat = reconstruct_reference(x, p, K)
    n, width = x.shape
    mean = [sum(x[i, j].item() for i in range(n)) / n for j in range(width)]
    error = sum((x[i, j] - x_hat[i, j]).item() ** 2 for i in range(n) for j in range(width))
    total = sum((x[i, j].item() - mean[j]) ** 2 for i in range(n) for j in range(width))
    expected = torch.tensor(error / total)
    squared, norm = (x - x_hat).square(), x.square().sum()
    mistakes = [
        Mistake(
            lambda: 1 - expected, "es la varianza explicada, 1 − FVU: se pide la que queda sin explicar."
        ),
        Mistake(
            lambda: error / norm,
            "divides entre ‖x‖²: falta restar a x su media. Así, dar siempre la media parecería un buen SAE.",
        ),
        Mistake(
            lambda: error / (x - x.mean()).square().sum(),
            "restas una sola media de todos los números: hay una para cada dimensión, la media sobre el lote (eje 0).",
        ),
        Mistake(
            lambda: error / (x - x.mean(-1, keepdim=True)).square().sum(),
            "restas a cada vector la media de sus números: la media es la de los vectores, sobre el lote (eje 0).",
        ),
        Mistake(lambda: squared.mean(), "es el error cuadrático medio: falta dividir entre la varianza."),
        Mistake(lambda: error, "es el error total: falta dividir entre la varianza."),
        Mistake(
            lambda: squared.sum(-1).mean(), "es el error de cada vector: falta dividir entre la varianza."
        ),
        Mistake(
            lambda: (squared.sum(0) / (x - x.mean(0)).square().sum(0)).mean(),
            "promedias el cociente de cada dimensión: suma arriba y abajo antes de dividir, para que cada una cuente "
            "según lo que varía.",
        ),
        Mistake(
            lambda: (error / total) ** 0.5, "hay una raíz de más: la varianza va al cuadrado, arriba y abajo."
        ),
        Mistake(
            lambda: squared.mean() / total, "arriba promedias y abajo sumas: lo mismo en los dos sitios."
        ),
        Mistake(
            lambda: error / (total / (n * width)),
            "arriba sumas y abajo promedias: lo mismo en los dos sitios.",
        ),
    ]
    compare("fvu", answer(x.clone(), x_hat.clone()), expected, "", mistakes)


RATE, STEPS = 0.05, 3


def train_reference(x: Tensor, k: int, forget: bool = True, unit: int | None = -1) -> Tensor:
    """Return all parameters after STEPS steps of Adam, as one vector.

    With gradients forgotten before each step or not, and W_dec normalised along an axis after it or not.
    """
    p = {name: tensor.requires_grad_() for name, tensor in small_parameters().items()}
    optimizer = torch.optim.Adam(p.values(), lr=RATE)
    with torch.enable_grad():
        for _ in range(STEPS):
            pre = (x - p["b_dec"]) @ p["W_enc"] + p["b_enc"]
            kept = torch.zeros_like(pre).scatter(-1, pre.topk(k, -1).indices, 1.0)
            x_hat = (kept * pre).relu() @ p["W_dec"] + p["b_dec"]
            if forget:
                optimizer.zero_grad()
            (x - x_hat).square().sum(-1).mean().backward()
            optimizer.step()
            if unit is not None:
                p["W_dec"].data /= p["W_dec"].data.norm(dim=unit, keepdim=True)
    return flat(p)


def flat(p: dict[str, Tensor]) -> Tensor:
    """Return all parameters as one vector."""
    return torch.cat([tensor.detach().flatten() for tensor in p.values()])


@task
def training_step(answer: Callable[..., Any]) -> None:
    """Check task 4: some steps from the same parameters, and the loss before the first."""
    x = vectors()
    p = {name: tensor.requires_grad_() for name, tensor in small_parameters().items()}
    optimizer = torch.optim.Adam(p.values(), lr=RATE)
    with torch.enable_grad():
        losses = [answer(x.clone(), p, optimizer, K) for _ in range(STEPS)]
    squared = (x - reconstruct_reference(x, small_parameters(), K)).square()
    wrong_losses = [
        Mistake(lambda: squared.sum(), "la pérdida suma sobre el lote: promedia sobre los vectores."),
        Mistake(
            lambda: squared.mean(),
            "la pérdida promedia también sobre las dimensiones: suma sobre ellas, ‖x − x̂‖², y promedia sobre el lote.",
        ),
        Mistake(lambda: squared.sum(-1).sqrt().mean(), "la pérdida es la norma: va al cuadrado, ‖x − x̂‖²."),
        Mistake(lambda: -squared.sum(-1).mean(), "la pérdida tiene el signo al revés: se minimiza el error."),
    ]
    without = "falta optimizer.zero_grad(): los gradientes de cada paso se suman a los de los anteriores."
    growing = "falta normalizar las filas de W_dec después del paso: si no, el SAE encoge f y alarga las direcciones."
    wrong_steps = [
        Mistake(
            lambda: flat(small_parameters()),
            "los parámetros no cambian: falta loss.backward() u optimizer.step().",
        ),
        Mistake(lambda: train_reference(x, K, forget=False), without),
        Mistake(lambda: train_reference(x, K, forget=False, unit=None), f"{without} Y además {growing}"),
        Mistake(lambda: train_reference(x, K, unit=None), growing),
        Mistake(
            lambda: train_reference(x, K, unit=0),
            "normalizas las columnas de W_dec: cada fila es la dirección de una característica, así que el eje es −1.",
        ),
    ]
    compare("training_step, la pérdida", losses[0], squared.sum(-1).mean(), "", wrong_losses)
    expected = train_reference(x, K)
    compare("training_step, los parámetros", flat(p), expected, "[parámetro]", wrong_steps)


# Of twelve tokens a feature fires on four and the label is true of five; both on two.
FIRES = torch.tensor([1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0], dtype=torch.bool)
TRUE = torch.tensor([0, 0, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0], dtype=torch.bool)


@task
def precision_and_recall(answer: Callable[..., Any]) -> None:
    """Check task 5."""
    pairs = list(zip(FIRES.tolist(), TRUE.tolist(), strict=True))
    both = sum(fires and true for fires, true in pairs)
    n_fires, n_true = sum(FIRES.tolist()), sum(TRUE.tolist())
    expected = torch.tensor([both / n_fires, both / n_true])
    n, agree = len(pairs), sum(fires == true for fires, true in pairs)
    mistakes = [
        Mistake(
            lambda: expected.flip(0),
            "están cambiadas: la precisión se divide entre las veces que se activa, y la cobertura (recall), entre las "
            "veces que la etiqueta es cierta.",
        ),
        Mistake(
            lambda: torch.tensor([both / n, both / n]),
            "divides entre todos los tokens, y no entre los que cuentan.",
        ),
        Mistake(
            lambda: torch.tensor([agree / n, both / n_true]),
            "la primera es la exactitud (accuracy): con etiquetas raras, no activarse nunca ya la da alta. Divide los "
            "aciertos entre las veces que se activa.",
        ),
        Mistake(
            lambda: torch.tensor([n_fires / n, n_true / n]),
            "das con qué frecuencia ocurre cada cosa: falta contar cuándo ocurren las dos a la vez.",
        ),
    ]
    got = answer(FIRES.clone(), TRUE.clone())
    if isinstance(got, tuple | list) and len(got) == 2:
        got = torch.stack([torch.as_tensor(part).float() for part in got])
    compare("precision_and_recall", got, expected, "[precisión recall]", mistakes)
