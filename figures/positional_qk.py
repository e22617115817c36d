"""From positions alone, a previous-token head prefers the position before its own."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, DIVERGING, MUTED, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.heads import (
    Head,
    all_heads,
    pattern_names,
    patterns,
    previous_token_score,
    strongest,
)
from mechinterp.attention.qk_ov import positional_qk_circuit
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import random_tokens

FARTHEST = 12  # distances that the curve shows


@torch.no_grad()
def compute(model: Model, n_positions=32, n_prompts=100, seed=1_000_000) -> Result:
    n_layers = model.config.n_layers
    tokens = random_tokens(model, n_prompts, n_positions - len(model.start), seed)
    scales = [f"blocks.{layer}.ln1.hook_scale" for layer in range(n_layers)]
    _, cache = model.run_with_cache(tokens, pattern_names(n_layers) + scales)
    scores = previous_token_score(patterns(cache, n_layers))
    head = strongest(scores)
    matrix = positional_qk_circuit(
        model.transformer, head, n_positions, cache[scales[head.layer]].mean().item()
    )
    share = _prefers_previous(model, head, n_positions)
    others = torch.stack(
        [_prefers_previous(model, h, n_positions) for h in all_heads(model.transformer) if h != head]
    )
    by_distance = torch.stack([matrix.diagonal(-distance).mean() for distance in range(FARTHEST)])
    spread = torch.stack([matrix.diagonal(-distance).std() for distance in range(FARTHEST)])
    return Result(
        data={
            "head": str(head),
            "matrix": matrix.nan_to_num(neginf=torch.nan),
            "by_distance": by_distance,
            "spread": spread,
        },
        values={
            "head": str(head),
            "share": share,
            "others": others.mean(),
            "previous": by_distance[1],
            "own": by_distance[0],
            "attention": scores[:, head.layer, head.index].mean(),
            "n_positions": n_positions,
        },
        claims={
            "previous": Claim(
                f"posiciones en que la cabeza {head} prefiere la anterior", share.item(), at_least=0.9
            )
        },
        alt=(
            f"Matriz de posiciones de la cabeza {head}: la franja bajo la diagonal es la más alta en el "
            f"{decimal(100 * share, 0)} % de las filas."
        ),
    )


def _prefers_previous(model: Model, head: Head, n_positions: int) -> torch.Tensor:
    """Return the share of positions, from the third on, for which the one before scores highest."""
    best = positional_qk_circuit(model.transformer, head, n_positions).argmax(-1)
    return (best == torch.arange(n_positions) - 1)[2:].float().mean()


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    grid, curve = figure.subplots(1, 2, width_ratios=(1, 1))
    image = grid.imshow(data["matrix"], cmap=DIVERGING, norm=CenteredNorm())
    grid.set(xlabel="posición a la que atiende", ylabel="posición que atiende")
    grid.set_title(
        f"$W_{{pos}}\\,W_{{QK}}\\,W_{{pos}}^\\top/\\sqrt{{d_{{head}}}}$ de la cabeza {data['head']}", **STRONG
    )
    figure.colorbar(image, ax=grid, shrink=0.85)
    distances = range(len(data["by_distance"]))
    curve.axhline(0, color=MUTED, linewidth=1)
    curve.errorbar(distances, data["by_distance"], data["spread"], fmt="o-", color=CATEGORIES[0], capsize=3)
    curve.set(xlabel="cuántas posiciones atrás", xticks=distances[::2])
    curve.set_title("media ± desviación, en unidades de atención", **STRONG)
    return figure
