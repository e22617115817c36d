"""Checks of the exercise on induction heads, each against a reference written with loops."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from exercises.checks.verdict import Mistake, WrongAnswer, compare, right, task

PERIOD = 4
BLOCK = torch.tensor([[5, 7, 9, 8], [8, 6, 4, 3]])
BOS = 0


def causal_pattern() -> Tensor:
    """Return a pattern of two prompts and three heads on a block of PERIOD tokens repeated after BOS."""
    n = 1 + 2 * PERIOD
    scores = 2 * torch.randn(2, 3, n, n, generator=torch.Generator().manual_seed(0))
    return scores.masked_fill(~torch.ones(n, n, dtype=torch.bool).tril(), -torch.inf).softmax(-1)


@task
def repeat_after_bos(answer: Callable[..., Any]) -> None:
    """Check task 1."""
    rows = [[BOS, *block, *block] for block in BLOCK.tolist()]
    bos = torch.full((2, 1), BOS)
    mistakes = [
        Mistake(
            lambda: BLOCK.repeat(1, 2),
            "falta BOS al principio. El modelo siempre lo vio en su entrenamiento, y muchas cabezas descansan en él.",
        ),
        Mistake(
            lambda: torch.cat((bos, BLOCK, bos, BLOCK), 1),
            "hay un BOS en medio: solo va al principio. Si no, la segunda mitad ya no sigue sin más a la primera.",
        ),
        Mistake(
            lambda: torch.cat((BLOCK, BLOCK, bos), 1),
            "BOS está al final, y va al principio: el orden de cat.",
        ),
        Mistake(
            lambda: torch.cat((bos, BLOCK), 1),
            "el bloque aparece una sola vez: sin repetición no hay nada que inducir.",
        ),
        Mistake(
            lambda: torch.cat((bos, BLOCK.repeat_interleave(2, 1)), 1),
            "se repite cada token (5 5 7 7 …) y no el bloque entero (5 7 … 5 7 …): repeat_interleave no es lo mismo "
            "que repeat.",
        ),
        Mistake(
            lambda: torch.cat((torch.full((4, 1), BOS), BLOCK.repeat(2, 1)), 1),
            "se repiten los prompts (más filas) y no los tokens (más columnas): mira el eje de cat o de repeat.",
        ),
    ]
    compare("repeat_after_bos", answer(BLOCK.clone(), BOS), torch.tensor(rows), "[prompt pos]", mistakes)


def induction_reference(pattern: Tensor, period: int, back: int) -> Tensor:
    """Return, for each head, the mean attention `back` positions before, over the second block but its last token."""
    n_prompts, n_heads, n, _ = pattern.shape
    found = torch.zeros(n_heads)
    for head in range(n_heads):
        seen = []
        for prompt in range(n_prompts):
            for dest in range(n - period, n - 1):
                seen.append(pattern[prompt, head, dest, dest - back].item())
        found[head] = sum(seen) / len(seen)
    return found


@task
def induction_score(answer: Callable[..., Any]) -> None:
    """Check task 2."""
    pattern, p = causal_pattern(), PERIOD
    expected = induction_reference(pattern, p, back=p - 1)
    stripe = pattern.diagonal(1 - p, -2, -1)[..., -p:-1]
    turned = pattern.transpose(-2, -1)
    duplicate = (
        "mides la atención al mismo token en el primer bloque, period posiciones atrás: eso es una duplicate token "
        "head. La de inducción mira al token siguiente, period − 1 atrás."
    )
    transposed = (
        "el patrón está traspuesto: sus ejes son [… dest src], y la diagonal que tomas está sobre la principal, en el "
        "futuro, donde la atención es cero. Prueba con el signo contrario del desplazamiento."
    )
    mistakes = [
        Mistake(
            lambda: induction_reference(pattern, p, back=p),
            duplicate,
        ),
        Mistake(
            lambda: pattern.diagonal(-p, -2, -1)[..., -p:].mean((0, -1)),
            duplicate,
        ),
        Mistake(
            lambda: induction_reference(pattern, p, back=p + 1),
            "mides un token de más hacia atrás (period + 1): el anterior al de la primera aparición, y hay que mirar "
            "el siguiente, period − 1 atrás.",
        ),
        Mistake(
            lambda: induction_reference(turned, p, back=p - 1),
            transposed,
        ),
        Mistake(
            lambda: pattern.diagonal(p - 1, -2, -1).mean((0, -1)),
            transposed,
        ),
        Mistake(
            lambda: stripe.sum((0, -1)),
            "sumas donde habría que promediar: la puntuación es una atención media, entre 0 y 1.",
        ),
        Mistake(
            lambda: stripe.mean(0).sum(-1),
            "promedias sobre los prompts y sumas sobre las posiciones: hay que promediar sobre ambas.",
        ),
        Mistake(
            lambda: stripe.mean(-1),
            "falta promediar sobre los prompts: hay que devolver un número por cabeza.",
        ),
        Mistake(
            lambda: stripe.mean((0, 1, 2)),
            "has promediado también sobre las cabezas: hay que devolver un número por cabeza.",
        ),
        Mistake(
            lambda: pattern.diagonal(1 - p, -2, -1).mean((0, -1)),
            "promedias toda la diagonal, también donde todavía no se repite nada: solo cuentan las consultas del "
            "segundo bloque.",
        ),
        Mistake(
            lambda: pattern.diagonal(1 - p, -2, -1)[..., -p:].mean((0, -1)),
            "cuentas también el último token: su siguiente en el primer bloque es ya el principio del segundo. "
            "Déjalo fuera.",
        ),
    ]
    compare("induction_score", answer(pattern.clone(), p), expected, "[head]", mistakes)


def previous_reference(pattern: Tensor) -> Tensor:
    """Return, for each head, the mean attention to the position before, over all queries but the first two."""
    n_prompts, n_heads, n, _ = pattern.shape
    found = torch.zeros(n_heads)
    for head in range(n_heads):
        for prompt in range(n_prompts):
            for dest in range(2, n):
                found[head] += pattern[prompt, head, dest, dest - 1] / (n_prompts * (n - 2))
    return found


@task
def previous_token_score(answer: Callable[..., Any]) -> None:
    """Check task 3."""
    pattern = causal_pattern()
    below = pattern.diagonal(-1, -2, -1)
    own = "mides la diagonal principal: la atención de cada token a sí mismo. La anterior está una más abajo."
    mistakes = [
        Mistake(
            lambda: below.mean((0, -1)),
            "cuentas también la consulta 1, cuya anterior es BOS: no se puede saber si mira a la anterior o a la "
            "primera. Empieza en la consulta 2.",
        ),
        Mistake(
            lambda: pattern.diagonal(0, -2, -1)[..., 2:].mean((0, -1)),
            own,
        ),
        Mistake(
            lambda: pattern.diagonal(0, -2, -1).mean((0, -1)),
            own,
        ),
        Mistake(
            lambda: torch.zeros(3),
            "da cero en todas las cabezas: miras al token siguiente, que está tapado. El patrón es [… dest src]; "
            "¿lo has traspuesto, o has tomado el signo contrario?",
        ),
        Mistake(lambda: below[..., 1:].sum((0, -1)), "sumas donde habría que promediar."),
        Mistake(
            lambda: below[..., 1:].mean(-1),
            "falta promediar sobre los prompts: hay que devolver un número por cabeza.",
        ),
    ]
    expected = previous_reference(pattern)
    compare("previous_token_score", answer(pattern.clone()), expected, "[head]", mistakes)


def positional_weights() -> tuple[Tensor, Tensor, Tensor]:
    """Return small W_pos, W_Q and W_K."""
    draw = torch.Generator().manual_seed(1)
    shapes = ((7, 5), (5, 3), (5, 3))
    W_pos, W_Q, W_K = (torch.randn(*shape, generator=draw) for shape in shapes)
    return W_pos, W_Q, W_K


def positional_reference(W_pos: Tensor, W_Q: Tensor, W_K: Tensor) -> Tensor:
    """Return the score of each pair of positions: the query of one times the key of the other, over √d_head."""
    n, d_head = len(W_pos), W_Q.shape[1]
    found = torch.zeros(n, n)
    for dest in range(n):
        for src in range(n):
            q, k = W_pos[dest] @ W_Q, W_pos[src] @ W_K
            found[dest, src] = sum(a * b for a, b in zip(q, k, strict=True)) / math.sqrt(d_head)
    return found


@task
def positional_qk(answer: Callable[..., Any]) -> None:
    """Check task 4."""
    W_pos, W_Q, W_K = positional_weights()
    expected = positional_reference(W_pos, W_Q, W_K)
    d_model, d_head = W_Q.shape
    mistakes = [
        Mistake(
            lambda: expected.T,
            "la matriz está traspuesta: filas y columnas, cambiadas. La consulta (W_Q) es de la fila, la que atiende, "
            "y la clave (W_K), de la columna.",
        ),
        Mistake(
            lambda: expected * d_head**0.5,
            "falta dividir entre √d_head, como hace la atención antes del softmax.",
        ),
        Mistake(
            lambda: expected / d_head**0.5,
            "divides entre d_head, y la atención divide entre su raíz cuadrada.",
        ),
        Mistake(
            lambda: expected * (d_head / d_model) ** 0.5,
            "divides entre √d_model. Se divide entre √d_head: la longitud de una consulta, no la del residual stream.",
        ),
        Mistake(
            lambda: W_Q @ W_K.T / d_head**0.5,
            "eso es W_QK, de d_model × d_model: falta W_pos a cada lado para pasar de posición a posición.",
        ),
        Mistake(
            lambda: expected.softmax(-1),
            "hay un softmax de más: se piden las puntuaciones, antes del softmax.",
        ),
    ]
    got = answer(W_pos.clone(), W_Q.clone(), W_K.clone())
    compare("positional_qk", got, expected, "[dest src]", mistakes)


# Rows that prefer the position before, and rows that do not; some look ahead, or have no positive score they can see.
SCORES = torch.tensor(
    [
        [1, 9, 0, 0, 0, 0, 0],
        [3, 1, 9, 0, 0, 0, 0],
        [1, 2, 0, 5, 0, 0, 0],
        [0, 1, 4, 2, 0, 0, 0],
        [-5, -4, -3, -1, -2, -9, -9],
        [0, 0, 0, 0, 4, 1, 9],
        [9, 0, 0, 0, 0, 4, 1],
    ]
).float()


def prefers_reference(scores: Tensor, first: int = 2, masked: bool = True) -> Tensor:
    """Return the share of rows, from `first` on, whose highest visible score is that of the position before."""
    n = len(scores)
    hits = 0
    for dest in range(first, n):
        row = scores[dest, : dest + 1] if masked else scores[dest]
        hits += int(max(range(len(row)), key=lambda src: row[src].item()) == dest - 1)
    return torch.tensor(hits / (n - first))


@task
def prefers_previous(answer: Callable[..., Any]) -> None:
    """Check task 5."""
    scores, n = SCORES, len(SCORES)
    zeroed = scores.tril()
    mistakes = [
        Mistake(
            lambda: prefers_reference(scores, masked=False),
            "falta la máscara causal: algunas filas prefieren una posición posterior, que no pueden ver.",
        ),
        Mistake(
            lambda: prefers_reference(zeroed, masked=False),
            "pones a cero lo que está tapado, y cero puede ganar a puntuaciones negativas: ponlo a −∞, como hace la "
            "atención.",
        ),
        Mistake(
            lambda: prefers_reference(scores) * (n - 2) / n,
            "divides entre todas las filas, y las dos primeras no cuentan.",
        ),
        Mistake(
            lambda: prefers_reference(scores, 1),
            "cuentas la fila 1, para la que la anterior es también la primera: empieza en la 2.",
        ),
        Mistake(
            lambda: prefers_reference(scores, 0),
            "cuentas las dos primeras filas: la 0 no tiene anterior, y para la 1 es también la primera.",
        ),
        Mistake(
            lambda: prefers_reference(scores) * (n - 2),
            "devuelves cuántas filas son, y se pide qué proporción.",
        ),
    ]
    compare("prefers_previous", answer(scores.clone()), prefers_reference(scores), "", mistakes)


@task
def silence_head(answer: Callable[..., Any]) -> None:
    """Check task 6."""
    z = 1 + torch.rand(2, 5, 4, 3, generator=torch.Generator().manual_seed(3))
    head = 2
    mistakes = [
        Mistake(lambda: z, "z vuelve sin cambios: la cabeza sigue escribiendo lo mismo."),
        Mistake(
            lambda: z.index_fill(1, torch.tensor(head), 0.0),
            "pones a cero una posición y no una cabeza: los ejes de hook_z son [prompt pos head d_head].",
        ),
        Mistake(
            lambda: z.index_fill(3, torch.tensor(head), 0.0),
            "pones a cero una dimensión de todas las cabezas: los ejes de hook_z son [prompt pos head d_head].",
        ),
        Mistake(lambda: torch.zeros_like(z), "callas toda la capa, y se pide una sola cabeza."),
        Mistake(
            lambda: z * torch.eye(4)[head][:, None],
            "has callado a todas las demás y dejado esa cabeza: es al revés.",
        ),
    ]
    expected = torch.stack([z[:, :, h] * (h != head) for h in range(4)], dim=2)
    compare("silence_head", answer(z.clone(), None, head), expected, "[prompt pos head d_head]", mistakes)


def found_head(name: str, answer: Any, scores: Tensor, others: dict[str, Tensor]) -> None:
    """Check that (layer, head) is the strongest of `scores`; `others` are what it may have been taken from."""
    layer, head = divmod(int(scores.argmax()), scores.shape[1])
    if answer == (layer, head):
        right(f"{name}: L{layer}H{head}")
        return
    if not (isinstance(answer, tuple) and len(answer) == 2):
        raise WrongAnswer(f"{name}: escribe un par (capa, cabeza), como (0, 5).")
    if answer == (head, layer):
        raise WrongAnswer(
            f"{name}: has cambiado el orden. Primero va la capa (filas) y después la cabeza (columnas)."
        )
    if answer == (layer + 1, head + 1):
        raise WrongAnswer(f"{name}: capas y cabezas se cuentan desde 0, no desde 1.")
    for which, other in others.items():
        if answer == divmod(int(other.argmax()), other.shape[1]):
            raise WrongAnswer(f"{name}: esa es {which}. Mira el otro mapa.")
    raise WrongAnswer(f"{name}: hay otra con una puntuación más alta. Usa argmax, o mira el mapa otra vez.")
