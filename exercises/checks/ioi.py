"""Checks of the exercise on the indirect object, on small tensors and on the model itself."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import torch
from torch import Tensor

from exercises.checks.verdict import Mistake, WrongAnswer, compare, right, task

N_PROMPTS, N_POSITIONS, D_VOCAB = 3, 5, 11
IO, SUBJECT, END = torch.tensor([1, 4, 6]), torch.tensor([2, 9, 3]), torch.tensor([4, 2, 3])


def small_logits() -> Tensor:
    """Return logits of three prompts that end at different positions."""
    return torch.randn(N_PROMPTS, N_POSITIONS, D_VOCAB, generator=torch.Generator().manual_seed(0))


def difference_reference(logits: Tensor, io: Tensor, subject: Tensor, end: Tensor) -> Tensor:
    """Return logit(IO) − logit(S) of each prompt at its own end."""
    rows = range(len(logits))
    return torch.stack([logits[n, end[n], io[n]] - logits[n, end[n], subject[n]] for n in rows])


@task
def logit_diff(answer: Callable[..., Any]) -> None:
    """Check task 1."""
    logits = small_logits()
    whole = (logits, IO, SUBJECT)
    expected = difference_reference(*whole, END)
    last, first = torch.full_like(END, N_POSITIONS - 1), torch.zeros_like(END)
    mistakes = [
        Mistake(
            lambda: -expected,
            "el signo está al revés: se pide logit(IO) − logit(S), positivo si el modelo acierta.",
        ),
        Mistake(
            lambda: difference_reference(*whole, last),
            "lees los logits en la última columna (−1). Los prompts tienen longitudes distintas y los cortos llevan "
            "relleno: cada uno termina en su propio end.",
        ),
        Mistake(
            lambda: difference_reference(*whole, END - 1),
            "lees una posición antes del final: el logit de la palabra siguiente a la última está en la última, end.",
        ),
        Mistake(lambda: difference_reference(*whole, first), "lees la posición 0, donde solo está BOS."),
        Mistake(lambda: expected.mean(), "devuelves la media, y se pide un número por prompt."),
        Mistake(lambda: expected.sum(), "devuelves la suma, y se pide un número por prompt."),
        Mistake(
            lambda: difference_reference(logits.softmax(-1), IO, SUBJECT, END),
            "restas probabilidades. Se restan logits, sin softmax: en ellos las contribuciones se suman.",
        ),
        Mistake(
            lambda: logits[:, END][:, :, IO] - logits[:, END][:, :, SUBJECT],
            "has cruzado todos los prompts con todas las posiciones. Indexa con torch.arange(len(logits)) en el primer "
            "eje.",
        ),
    ]
    got = answer(logits.clone(), IO, SUBJECT, END)
    compare("logit_diff", got, expected, "[prompt]", mistakes)


def small_heads() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return z at END, W_O, the direction of each prompt and the final scale, small."""
    draw = torch.Generator().manual_seed(1)
    z, W_O = torch.randn(3, 4, 2, generator=draw), torch.randn(4, 2, 6, generator=draw)
    return z, W_O, torch.randn(3, 6, generator=draw), 1 + torch.rand(3, 1, generator=draw)


def direct_reference(z: Tensor, W_O: Tensor, direction: Tensor, scale: Tensor) -> Tensor:
    """Return what each head writes along each prompt's direction, divided by the final scale."""
    n_prompts, n_heads, d_head = z.shape
    found = torch.zeros(n_prompts, n_heads)
    for prompt in range(n_prompts):
        for head in range(n_heads):
            written = sum(z[prompt, head, i] * W_O[head, i] for i in range(d_head))
            found[prompt, head] = (written @ direction[prompt]) / scale[prompt, 0]  # type: ignore[operator]
    return found


@task
def head_contributions(answer: Callable[..., Any]) -> None:
    """Check task 2."""
    z, W_O, direction, scale = small_heads()
    expected = direct_reference(z, W_O, direction, scale)
    mistakes = [
        Mistake(
            lambda: expected * scale,
            "falta la normalización final: divide entre scale. Sin ella las contribuciones no suman la diferencia.",
        ),
        Mistake(
            lambda: expected * scale**2,
            "multiplicas por scale, y la normalización divide.",
        ),
        Mistake(lambda: -expected, "el signo está al revés: la dirección apunta de S a IO."),
        Mistake(
            lambda: expected.mean(0),
            "has promediado sobre los prompts: se pide un número por prompt y por cabeza.",
        ),
        Mistake(lambda: expected.sum(-1), "has sumado las cabezas: se pide la contribución de cada una."),
        Mistake(lambda: expected.T, "los ejes están al revés: se pide [prompt head]."),
        Mistake(
            lambda: direct_reference(z, W_O, direction.mean(0).expand(3, -1), scale),
            "usas la misma dirección para todos los prompts: cada uno tiene sus dos nombres.",
        ),
    ]
    got = answer(z.clone(), W_O.clone(), direction.clone(), scale.clone())
    compare("head_contributions", got, expected, "[prompt head]", mistakes)


# logit(IO) − logit(S) of three prompts: clean, corrupted, and patched, which has come back a part of the way.
CLEAN, CORRUPTED, PATCHED = (
    torch.tensor([8.0, 12.0, 10.0]),
    torch.tensor([-9.0, -7.0, -14.0]),
    torch.tensor([3.0, -2.0, -5.0]),
)


@task
def recovered(answer: Callable[..., Any]) -> None:
    """Check task 3."""
    back = PATCHED - CORRUPTED
    distance = (CLEAN - CORRUPTED).mean()
    expected = sum(back.tolist()) / len(back) / distance
    mistakes = [
        Mistake(
            lambda: 1 - expected,
            "mides cuánto falta para llegar a la limpia; se pide cuánto ha vuelto desde la corrupta (0 si sigue "
            "corrupta, 1 si es la limpia).",
        ),
        Mistake(
            lambda: -expected,
            "el signo está al revés: parcheada − corrupta arriba y limpia − corrupta abajo.",
        ),
        Mistake(lambda: 1 / expected, "la fracción está al revés: la distancia entera va abajo."),
        Mistake(lambda: expected - 1, "restas la limpia; el punto de partida, que vale 0, es la corrupta."),
        Mistake(
            lambda: PATCHED.mean() / CLEAN.mean(),
            "divides la parcheada entre la limpia: falta restar la corrupta arriba y abajo.",
        ),
        Mistake(lambda: back.mean(), "falta dividir entre la distancia de la limpia a la corrupta."),
        Mistake(lambda: back / distance, "falta promediar sobre los prompts: se pide un número."),
        Mistake(
            lambda: (back / (CLEAN - CORRUPTED)).mean(),
            "promedias los cocientes de cada prompt, y uno con poca distancia pesaría demasiado: divide la media entre "
            "la media.",
        ),
    ]
    got = answer(PATCHED.clone(), CLEAN.clone(), CORRUPTED.clone())
    compare("recovered", got, torch.as_tensor(expected), "", mistakes)


def logits_with(model: Any, tokens: Tensor, name: str, patch: Callable[[Tensor], Tensor]) -> Tensor:
    """Return the logits of a run in which an activation is replaced."""
    return model.run_with_hooks(tokens, fwd_hooks=[(name, lambda x, hook: patch(x.clone()))])


@task
def patch_head(answer: Callable[..., Any], model: Any, clean: Tensor) -> None:
    """Check task 4 on a few prompts of the model; the corrupted ones are others, which differ at all positions."""
    layer, head, corrupted = 1, 1, clean.roll(1, 0)
    name = f"blocks.{layer}.attn.hook_z"
    _, clean_cache = model.run_with_cache(clean)
    z, own = clean_cache[name].clone(), model.run_with_cache(corrupted)[1][name].clone()

    def one(index: int, source: Tensor) -> Callable[[Tensor], Tensor]:
        def patch(x: Tensor) -> Tensor:
            for prompt in range(len(x)):
                for pos in range(x.shape[1]):
                    x[prompt, pos, index] = source[prompt, pos, index]
            return x

        return patch

    def position(x: Tensor) -> Tensor:
        x[:, head] = z[:, head]
        return x

    def end(x: Tensor) -> Tensor:
        x[:, -1, head] = z[:, -1, head]
        return x

    expected = logits_with(model, corrupted, name, one(head, z))
    mistakes = [
        Mistake(
            lambda: model(corrupted),
            "no cambia nada: son los logits de los prompts corruptos tal cual. ¿Pasas el hook a run_with_hooks, y "
            "devuelve z? ¿Copias de la pasada limpia?",
        ),
        Mistake(
            lambda: model(clean),
            "son los logits de los prompts limpios: se corre el modelo sobre los corruptos.",
        ),
        Mistake(
            lambda: logits_with(model, clean, name, one(head, own)),
            "es la dirección contraria (noising): metes lo corrupto en lo limpio. Aquí se corre lo corrupto y se mete "
            "lo limpio (denoising).",
        ),
        Mistake(
            lambda: logits_with(model, corrupted, name, lambda _: z),
            "parcheas toda la capa, y se pide una sola cabeza.",
        ),
        Mistake(
            lambda: logits_with(model, corrupted, name, position),
            "parcheas una posición y no una cabeza: los ejes de hook_z son [prompt pos head d_head].",
        ),
        Mistake(
            lambda: logits_with(model, corrupted, name, end),
            "parcheas la cabeza solo en la última columna: se pide en todas las posiciones.",
        ),
        Mistake(
            lambda: logits_with(model, corrupted, name, lambda x: x.index_fill(2, torch.tensor(head), 0.0)),
            "pones la cabeza a cero, y se pide darle el valor que tiene en la pasada limpia.",
        ),
    ]
    got = answer(model, corrupted, clean_cache, layer, head)
    compare("patch_head", got, expected, "[prompt pos d_vocab]", mistakes)


@task
def mean_z(answer: Callable[..., Any]) -> None:
    """Check task 5."""
    versions = torch.randn(4, 2, 3, 2, 2, generator=torch.Generator().manual_seed(2))
    expected = torch.zeros(2, 3, 2, 2)
    for version in versions:
        expected += version / len(versions)
    mistakes = [
        Mistake(lambda: expected * len(versions), "sumas las versiones, y hay que promediarlas."),
        Mistake(
            lambda: versions.mean((0, 1)),
            "promedias también sobre los prompts: cada uno conserva la media de sus versiones, posición a posición.",
        ),
        Mistake(
            lambda: versions.mean((0, 2)),
            "promedias también sobre las posiciones: se pide la media posición a posición, para conservar la frase.",
        ),
        Mistake(
            lambda: versions.mean((0, 1, 2)),
            "promedias sobre todo: cada prompt conserva la media de sus versiones, posición a posición.",
        ),
        Mistake(
            lambda: versions.mean(1), "promedias sobre los prompts: el eje de las versiones es el primero."
        ),
        Mistake(lambda: versions[0], "devuelves solo la primera versión."),
    ]
    got = answer([version.clone() for version in versions])
    compare("mean_z", got, expected, "[prompt pos head d_head]", mistakes)


def needed_heads(
    answer: Collection[tuple[int, int]], left: Tensor, direct: Tensor, whole: Tensor, share: float
) -> None:
    """Check task 6: the heads without which less than a share of the whole difference is left.

    `left` is the difference without each head, `direct` what each adds to it directly, both [layer head].
    """
    needed = {(i, j) for i, j in (left < share * whole).nonzero().tolist()}
    given = {tuple(head) for head in answer}
    if given == needed:
        right("needed_heads: " + ", ".join(f"L{i}H{j}" for i, j in sorted(needed)))
        return
    writer = divmod(int(direct.argmax()), direct.shape[1])
    if writer in given - needed:
        raise WrongAnswer(
            f"needed_heads: L{writer[0]}H{writer[1]} es la que más escribe, pero sin ella queda más de la mitad: otras "
            "escriben lo mismo. Necesaria es aquella sin la que la diferencia se pierde."
        )
    if given == {(j, i) for i, j in needed}:
        raise WrongAnswer("needed_heads: has cambiado el orden de cada par: (capa, cabeza).")
    if given == {(i, j) for i, j in (left >= share * whole).nonzero().tolist()}:
        raise WrongAnswer(
            "needed_heads: son justo las que no hacen falta. Busca aquellas sin las que queda poco."
        )
    if missing := needed - given:
        raise WrongAnswer(
            f"needed_heads: falta{'n' * (len(missing) > 1)} {len(missing)}. Mira dónde queda poco."
        )
    raise WrongAnswer(f"needed_heads: sobra{'n' * (len(given - needed) > 1)} {len(given - needed)}.")
