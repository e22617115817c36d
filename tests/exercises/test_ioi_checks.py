"""Each usual mistake of the exercise on the indirect object is told for what it is."""

from collections.abc import Callable
from typing import Any

import pytest
import torch

from exercises.checks import ioi as checks
from exercises.checks.verdict import WrongAnswer
from mechinterp.model.checkpoints import folder_of
from tests.exercises.answers import accepts, solutions, tells

RIGHT = solutions("ioi")
TASKS = ("logit_diff", "head_contributions", "recovered", "mean_z")


def at(logits: torch.Tensor, io: torch.Tensor, subject: torch.Tensor, end: Any) -> torch.Tensor:
    rows = torch.arange(len(logits))
    return logits[rows, end, io] - logits[rows, end, subject]


def written(z: torch.Tensor, W_O: torch.Tensor, direction: torch.Tensor) -> torch.Tensor:
    return torch.einsum("nhk,hkd,nd->nh", z, W_O, direction)


WRONG: list[tuple[str, Callable[..., Any], str]] = [
    ("logit_diff", lambda x, io, s, end: at(x, s, io, end), "el signo está al revés"),
    ("logit_diff", lambda x, io, s, end: at(x, io, s, -1), "en la última columna"),
    ("logit_diff", lambda x, io, s, end: at(x, io, s, end - 1), "una posición antes"),
    ("logit_diff", lambda x, io, s, end: at(x, io, s, 0), "la posición 0"),
    ("logit_diff", lambda x, io, s, end: at(x, io, s, end).mean(), "devuelves la media"),
    ("logit_diff", lambda x, io, s, end: at(x, io, s, end).sum(), "devuelves la suma"),
    ("logit_diff", lambda x, io, s, end: at(x.softmax(-1), io, s, end), "restas probabilidades"),
    ("logit_diff", lambda x, io, s, end: x[:, end][:, :, io] - x[:, end][:, :, s], "has cruzado"),
    ("logit_diff", lambda x, io, s, end: 2 * at(x, io, s, end), "no es lo esperado"),
    ("head_contributions", lambda z, W, d, scale: written(z, W, d), "falta la normalización final"),
    ("head_contributions", lambda z, W, d, scale: written(z, W, d) * scale, "la normalización divide"),
    ("head_contributions", lambda z, W, d, scale: -written(z, W, d) / scale, "el signo está al revés"),
    ("head_contributions", lambda z, W, d, scale: (written(z, W, d) / scale).mean(0), "sobre los prompts"),
    (
        "head_contributions",
        lambda z, W, d, scale: (written(z, W, d) / scale).sum(1),
        "has sumado las cabezas",
    ),
    ("head_contributions", lambda z, W, d, scale: (written(z, W, d) / scale).T, "los ejes están al revés"),
    (
        "head_contributions",
        lambda z, W, d, scale: written(z, W, d.mean(0).expand_as(d)) / scale,
        "la misma dirección",
    ),
    ("head_contributions", lambda z, W, d, scale: written(z, W, d) / scale**2, "no es lo esperado"),
    ("recovered", lambda p, c, k: (c - p).mean() / (c - k).mean(), "cuánto falta"),
    ("recovered", lambda p, c, k: (k - p).mean() / (c - k).mean(), "el signo está al revés"),
    ("recovered", lambda p, c, k: (c - k).mean() / (p - k).mean(), "la fracción está al revés"),
    ("recovered", lambda p, c, k: (p - c).mean() / (c - k).mean(), "el punto de partida"),
    ("recovered", lambda p, c, k: p.mean() / c.mean(), "falta restar la corrupta"),
    ("recovered", lambda p, c, k: (p - k).mean(), "falta dividir"),
    ("recovered", lambda p, c, k: (p - k) / (c - k).mean(), "falta promediar"),
    ("recovered", lambda p, c, k: ((p - k) / (c - k)).mean(), "promedias los cocientes"),
    ("recovered", lambda p, c, k: p.mean() / (c - k).mean(), "no es lo esperado"),
    ("mean_z", lambda v: sum(v), "sumas las versiones"),
    ("mean_z", lambda v: torch.stack(v).mean((0, 1)), "también sobre los prompts"),
    ("mean_z", lambda v: torch.stack(v).mean((0, 2)), "también sobre las posiciones"),
    ("mean_z", lambda v: torch.stack(v).mean((0, 1, 2)), "promedias sobre todo"),
    ("mean_z", lambda v: torch.stack(v).mean(1), "el eje de las versiones"),
    ("mean_z", lambda v: v[0], "solo la primera"),
    ("mean_z", lambda v: torch.stack(v).median(0).values, "no es lo esperado"),
]


@pytest.mark.parametrize("task", TASKS)
def test_the_solution_is_right(task: str, capsys: pytest.CaptureFixture[str]) -> None:
    accepts(getattr(checks, task), RIGHT[task], capsys)


@pytest.mark.parametrize(("task", "wrong", "said"), WRONG)
def test_a_mistake_is_told(task: str, wrong: Callable[..., Any], said: str) -> None:
    tells(getattr(checks, task), wrong, said)


LEFT = torch.tensor([[9.0, -1.0], [2.0, 9.5], [6.5, 9.0]])
DIRECT = torch.tensor([[0.0, 0.1], [0.2, 0.0], [4.0, 0.5]])


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ([(0, 1), (1, 0), (2, 0)], "L2H0 es la que más escribe"),
        ([(1, 0), (0, 1)], "✓"),
        ([(0, 1)], "falta 1"),
        ([], "faltan 2"),
        ([(0, 1), (1, 0), (2, 1)], "sobra 1"),
        ([(0, 0), (1, 1), (2, 1)], "faltan 2"),
    ],
)
def test_heads_that_are_needed(
    answer: list[tuple[int, int]], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        checks.needed_heads(answer, LEFT, DIRECT, torch.tensor(10.0), 0.6)
    except WrongAnswer as error:
        print(error)
    assert said in capsys.readouterr().out


def test_needed_heads_written_the_other_way_round() -> None:
    left = torch.tensor([[9.0, 9.0, -1.0], [9.0, 9.0, 9.0], [9.0, 9.0, 9.0]])
    with pytest.raises(WrongAnswer, match="has cambiado el orden"):
        checks.needed_heads([(2, 0)], left, torch.zeros(3, 3), torch.tensor(10.0), 0.6)


def test_the_heads_that_are_not_needed() -> None:
    left, direct = torch.tensor([[9.0, -1.0], [9.0, 9.0]]), torch.tensor([[0.0, 1.0], [0.0, 0.0]])
    with pytest.raises(WrongAnswer, match="justo las que no hacen falta"):
        checks.needed_heads([(0, 0), (1, 0), (1, 1)], left, direct, torch.tensor(10.0), 0.6)


@pytest.fixture(scope="module")
def model() -> Any:
    from mechinterp.model.bridge import open_bridge

    return open_bridge(folder_of("bundled"))


CLEAN = torch.arange(1, 25).view(2, 12)
CORRUPTED = CLEAN.roll(1, 0)


def run(model: Any, tokens: torch.Tensor, layer: int, change: Callable[..., Any]) -> torch.Tensor:
    return model.run_with_hooks(tokens, fwd_hooks=[(f"blocks.{layer}.attn.hook_z", change)])


def put(where: tuple[Any, ...], cache: Any) -> Callable[..., Any]:
    def change(z: torch.Tensor, hook: Any) -> torch.Tensor:
        z[where] = cache[hook.name][where]
        return z

    return change


def noising(model: Any, tokens: torch.Tensor, cache: Any, layer: int, head: int) -> torch.Tensor:
    own = model.run_with_cache(CORRUPTED)[1]
    return run(model, CLEAN, layer, put((slice(None), slice(None), head), own))


ALL = slice(None)
WRONG_PATCHES = {
    "no cambia nada": lambda m, t, c, layer, head: run(m, t, layer, lambda z, hook: None),
    "los prompts limpios": lambda m, t, c, layer, head: m(CLEAN),
    "la dirección contraria": noising,
    "toda la capa": lambda m, t, c, layer, head: run(m, t, layer, put((ALL,), c)),
    "una posición": lambda m, t, c, layer, head: run(m, t, layer, put((ALL, head), c)),
    "la última columna": lambda m, t, c, layer, head: run(m, t, layer, put((ALL, -1, head), c)),
    "pones la cabeza a cero": lambda m, t, c, layer, head: run(
        m, t, layer, lambda z, hook: z.index_fill(2, torch.tensor(head), 0.0)
    ),
    "no es lo esperado": lambda m, t, c, layer, head: run(m, t, layer, put((ALL, ALL, head + 1), c)),
}


@pytest.mark.heavy
@torch.no_grad()
def test_patching_a_head_is_right(model: Any, capsys: pytest.CaptureFixture[str]) -> None:
    checks.patch_head(RIGHT["patch_head"], model, CLEAN)
    assert capsys.readouterr().out == "✓ patch_head: correcto\n"


@pytest.mark.heavy
@pytest.mark.parametrize("said", WRONG_PATCHES)
@torch.no_grad()
def test_a_mistake_in_patching_is_told(said: str, model: Any) -> None:
    with pytest.raises(WrongAnswer, match=said):
        checks.patch_head(WRONG_PATCHES[said], model, CLEAN)
