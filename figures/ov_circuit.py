"""The head that copies names best: its OV circuit raises, for each name it attends to, that very name."""

import torch
from matplotlib.figure import Figure

from figures.style.grids import centred_map, words_on_both_sides
from figures.style.look import CATEGORIES, PALE, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.qk_ov import copying_score, full_ov_circuits
from mechinterp.ioi.prompts import language_of
from mechinterp.model.language_model import Model

SHOWN = 6  # heads
COPIES = 0.5  # of the names: a head that copies more counts as one that copies


def compute(model: Model, shown=14, top=5) -> dict:
    """Count a name as copied where it is among the `top` logits that attending to it raises most."""
    names = language_of(model).names_of(model)
    tokens = torch.tensor([model.token(name) for name in names], device=model.device)
    rows, scores, matrix = torch.arange(len(tokens)), {}, torch.empty(0)
    for head, circuit in full_ov_circuits(model, tokens):
        score = copying_score(circuit, tokens, top, rows)
        if score > max(scores.values(), default=-1):
            matrix = circuit.rows(rows)[:, tokens]
        scores[head] = score
    few = range(0, len(names), max(1, len(names) // shown))[:shown]
    return {
        "n_names": len(names),
        "n_vocabulary": model.config.d_vocab,
        "names": [names[i] for i in few],
        "matrix": (matrix - matrix.mean(1, keepdim=True))[few][:, few],
        "heads": [str(head) for head in scores],
        "scores": torch.stack(list(scores.values())),
    }


def report(data) -> Report:
    best = data["scores"].argmax()
    head, score = data["heads"][best], data["scores"][best]
    copying = data["scores"] >= COPIES
    values = {name: data[name] for name in ("n_names", "n_vocabulary")} | {"head": head}
    values |= {"n_copying": copying.sum(), "others": data["scores"][~copying].mean()}
    alt = (
        f"Circuito OV de la cabeza {head} entre nombres: una diagonal fuerte. Copia el {decimal(100 * score, 0)} % "
        "de los nombres; al lado, la misma medida en todas las cabezas."
    )
    return Report(
        values, {"copies": Claim(f"nombres que copia la cabeza {head}", score, at_least=COPIES)}, alt
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    grid, bars = figure.subplots(1, 2, width_ratios=(1, 0.9))
    best = data["scores"].argmax()
    centred_map(grid, data["matrix"], shrink=0.8)
    words_on_both_sides(grid, data["names"], fontsize=14)
    titled(grid, f"$W_E\\,W_{{OV}}\\,W_U$ de la cabeza {data['heads'][best]}")
    grid.set(xlabel="sube el logit de…", ylabel="atender a…")
    order = data["scores"].argsort()[::-1][:SHOWN]
    colors = [CATEGORIES[0] if data["scores"][i] >= COPIES else PALE for i in order]
    bars.bar([data["heads"][i] for i in order], data["scores"][order], color=colors)
    titled(
        bars, "parte de los nombres que copia", ylim=(0, 1.02), xlabel=f"las {SHOWN} cabezas que más copian"
    )
    return figure
