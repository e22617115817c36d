"""Three typical patterns: a head that looks at the token before, one at its own, one at the first."""

import torch
from matplotlib.figure import Figure

from figures.style.look import SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Result
from mechinterp.attention.heads import (
    attention_patterns,
    current_token_score,
    first_token_score,
    of_head,
    of_others,
    previous_token_score,
    strongest,
)
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import ordinary_text, random_tokens

KINDS = {
    "previous": ("previous-token", previous_token_score),
    "current": ("current-token", current_token_score),
    "first": ("first-token", first_token_score),
}
LEAST = {"previous": 0.6, "current": 0.8, "first": 0.6}  # to call a head by the name of the kind
MANY = 12  # tokens of the prompt that is shown


@torch.no_grad()
def compute(model: Model, n_prompts=200, n_tokens=48, seed=1_000_000) -> Result:
    tokens = random_tokens(model, n_prompts, n_tokens, seed)  # scored where no text asks for anything else
    pattern = attention_patterns(model.transformer, tokens)
    text = ordinary_text(model, 1, MANY, seed)  # shown
    in_text = attention_patterns(model.transformer, text)[0]
    panels, values, claims = [], {}, {}
    for kind, (name, score) in KINDS.items():
        scores = score(pattern)
        head = strongest(scores)
        own, others = of_head(scores, head), of_others(scores, head)
        panels.append((name, str(head), own.mean(), own.std(), in_text[head.layer, head.index]))
        values |= {kind: str(head), f"{kind}_score": own.mean(), f"{kind}_spread": own.std()}
        values[f"{kind}_others"] = others.mean()
        claims[kind] = Claim(
            f"atención media de la cabeza {head}, {name}", own.mean().item(), at_least=LEAST[kind]
        )
    return Result(
        data={"panels": panels, "tokens": labels(model.strings(text[0]))},
        values={**values, "n_prompts": n_prompts},
        claims=claims,
        alt="Patrones de atención de tres cabezas sobre una misma frase: "
        + "; ".join(f"{name} {head}, {decimal(mean, 2)} de la atención" for name, head, mean, *_ in panels)
        + ".",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    for axes, (name, head, mean, spread, pattern) in zip(figure.subplots(1, 3), data["panels"], strict=True):
        positions = range(len(data["tokens"]))
        axes.imshow(pattern, cmap=SEQUENTIAL, vmin=0, vmax=1)
        axes.set_xticks(positions, data["tokens"], rotation=90, fontsize=13)
        axes.set_yticks(positions, data["tokens"], fontsize=13)
        axes.tick_params(length=0)
        axes.spines[:].set_visible(False)
        axes.set_title(f"{name}: cabeza {head}\n{decimal(mean, 2)} ± {decimal(spread, 2)}", **STRONG)
    figure.supylabel("atiende…", fontsize=15)
    figure.supxlabel("…a", fontsize=15)
    return figure
