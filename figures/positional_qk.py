"""From positions alone, a previous-token head prefers the position before its own."""

import torch
from matplotlib.figure import Figure

from figures.style.grids import centred_map
from figures.style.look import CATEGORIES, MUTED, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import attention_patterns, previous_token_score, strongest
from mechinterp.attention.qk_ov import positional_qk_circuit, positional_qk_circuits, previous_preferred
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import random_tokens


def compute(model: Model, n_positions=32, n_prompts=100, seed=1_000_000) -> dict:
    n_prompts = model.affordable(n_prompts, runs=2, n_positions=n_positions)
    tokens = random_tokens(model, n_prompts, n_positions - len(model.start), seed)
    head = strongest(previous_token_score(attention_patterns(model.transformer, tokens)))
    circuits = positional_qk_circuits(model.transformer, n_positions)
    preferred = {of: previous_preferred(circuit) for of, circuit in circuits.items()}
    # As large as in these prompts, where the normalisation divides what queries and keys read by its scale.
    name = f"blocks.{head.layer}.ln1.hook_scale"
    cache = model.transformer.cache(tokens, [name])
    scores = positional_qk_circuit(model.transformer, head, n_positions, cache[name].mean().item())
    by_distance = [scores.diagonal(-distance) for distance in range(12)]
    return {
        "head": str(head),
        "matrix": scores.nan_to_num(neginf=torch.nan),
        "mean": torch.stack([of.mean() for of in by_distance]),
        "spread": torch.stack([of.std() for of in by_distance]),
        "share": preferred.pop(head),
        "others": torch.stack(list(preferred.values())).mean(),
    }


def report(data) -> Report:
    head, share = data["head"], data["share"]
    claim = Claim(f"posiciones en que la cabeza {head} prefiere la anterior", share, at_least=0.5)
    alt = (
        f"Matriz de posiciones de la cabeza {head}: la franja bajo la diagonal es la más alta en el "
        f"{decimal(100 * share, 0)} % de las filas."
    )
    return Report({"head": head, "share": share, "others": data["others"]}, {"previous": claim}, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    grid, curve = figure.subplots(1, 2, width_ratios=(1, 1))
    centred_map(grid, data["matrix"], shrink=0.85)
    titled(grid, f"$W_{{pos}}\\,W_{{QK}}\\,W_{{pos}}^\\top/\\sqrt{{d_{{head}}}}$ de la cabeza {data['head']}")
    grid.set(xlabel="posición a la que atiende", ylabel="posición que atiende")
    distances = range(len(data["mean"]))
    curve.axhline(0, color=MUTED, linewidth=1)
    curve.errorbar(distances, data["mean"], data["spread"], fmt="o-", color=CATEGORIES[0], capsize=3)
    titled(curve, "puntuación antes del softmax, media ± desviación")
    curve.set(xlabel="cuántas posiciones atrás", xticks=distances[::2])
    return figure
