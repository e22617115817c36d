"""The head that copies names best: its OV circuit raises, for each name it attends to, that very name."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, DIVERGING, FAINT, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.heads import all_heads
from mechinterp.attention.qk_ov import copying_score, embedding_at, full_ov_circuit
from mechinterp.model.language_model import Model
from mechinterp.text.lexicon import NAMES

TOP = 5  # copying means: among so many logits raised most


@torch.no_grad()
def compute(model: Model, shown=24) -> Result:
    names = [name for name in NAMES if model.has_token(name)]
    tokens = torch.tensor([model.token(name) for name in names])
    heads = all_heads(model.transformer)
    embeddings = [embedding_at(model, layer) for layer in range(model.config.n_layers)]
    circuits = [full_ov_circuit(model.transformer, head, embeddings[head.layer]) for head in heads]
    scores = torch.tensor([copying_score(circuit, tokens, TOP) for circuit in circuits])
    among_names = [circuit.rows(tokens)[:, tokens] for circuit in circuits]
    gap = torch.stack([_diagonal_gap(matrix) for matrix in among_names])
    best = int((scores + 1e-3 * gap).argmax())
    matrix, head = among_names[best] - among_names[best].mean(1, keepdim=True), heads[best]
    others = torch.cat((scores[:best], scores[best + 1 :]))
    few = torch.arange(0, len(names), max(1, len(names) // shown))[:shown]
    diagonal = matrix.diagonal()
    return Result(
        data={
            "names": [names[i] for i in few],
            "matrix": matrix[few][:, few],
            "head": str(head),
            "heads": [str(head) for head in heads],
            "scores": scores,
            "best": best,
        },
        values={
            "head": str(head),
            "score": scores[best],
            "others": others.mean(),
            "gap": gap[best],
            "diagonal": diagonal.mean(),
            "diagonal_spread": diagonal.std(),
            "rest": (matrix.sum() - diagonal.sum()) / (matrix.numel() - len(matrix)),
            "n_names": len(names),
            "n_vocabulary": model.config.d_vocab,
            "top": TOP,
        },
        claims={"copies": Claim(f"nombres que copia la cabeza {head}", scores[best].item(), at_least=0.9)},
        alt=(
            f"Circuito OV de la cabeza {head} entre nombres: una diagonal fuerte. Copia el "
            f"{decimal(100 * scores[best], 0)} % de los nombres; al lado, la misma medida en todas las cabezas."
        ),
    )


def _diagonal_gap(matrix: torch.Tensor) -> torch.Tensor:
    """Return how many standard deviations the diagonal's mean lies above the rest's."""
    off = matrix[~torch.eye(len(matrix), dtype=torch.bool)]
    return (matrix.diagonal().mean() - off.mean()) / off.std()


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    grid, bars = figure.subplots(1, 2, width_ratios=(1, 0.85))
    names = range(len(data["names"]))
    image = grid.imshow(data["matrix"], cmap=DIVERGING, norm=CenteredNorm())
    grid.set_xticks(names, data["names"], rotation=90, fontsize=10)
    grid.set_yticks(names, data["names"], fontsize=10)
    grid.tick_params(length=0)
    grid.spines[:].set_visible(False)
    grid.set(xlabel="sube el logit de…", ylabel="atender a…")
    grid.set_title(f"$W_E\\,W_{{OV}}\\,W_U$ de la cabeza {data['head']}", **STRONG)
    figure.colorbar(image, ax=grid, shrink=0.8)
    colors = [CATEGORIES[0] if i == data["best"] else FAINT for i in range(len(data["heads"]))]
    bars.bar(data["heads"], data["scores"], color=colors)
    bars.tick_params(axis="x", rotation=90, labelsize=11)
    bars.set(ylim=(0, 1.02), xlabel="cabeza (capa.índice)")
    bars.set_title("parte de los nombres que copia", **STRONG)
    return figure
