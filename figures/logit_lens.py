"""The logit lens: the answer can be read from the residual stream only after the last layers."""

import torch
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, INK, MUTED, SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from figures.style.tokens import label, labels
from lectern.figure import Claim, Result
from mechinterp.ioi.prompts import prompts
from mechinterp.logits.logit_lens import logit_lens
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval

MANY = 7  # last positions of the prompt that is shown


@torch.no_grad()
def compute(model: Model, n_prompts=200, seed=1_000_000) -> Result:
    asked = prompts(model, n_prompts, seed)
    stages = logit_lens(model, asked.tokens)
    difference = torch.stack([asked.logit_diff(logits) for logits in stages])
    low, high = bootstrap_interval(difference.T)

    end = int(asked.positions["END"][0]) + 1
    shown = stages[:, 0, end - MANY : end].softmax(-1).max(-1)
    right = (difference[-1] > 0).float().mean()
    return Result(
        data={
            "tokens": labels(model.strings(asked.tokens[0, end - MANY : end])),
            "best": [[label(model.string(int(t))) for t in row] for row in shown.indices],
            "probability": shown.values,
            "mean": difference.mean(1),
            "interval": (low, high),
            "n_prompts": n_prompts,
        },
        values={
            "text": asked.texts[0],
            "answer": label(model.string(int(asked.io[0]))),
            "start": difference[0].mean(),
            "before_last": difference[-2].mean(),
            "end": difference[-1].mean(),
            "end_low": low[-1],
            "end_high": high[-1],
            "right": right,
            "n_prompts": n_prompts,
        },
        claims={
            "start": Claim(
                "|diferencia de logits| media leída antes de la primera capa",
                difference[0].mean().abs().item(),
                at_most=0.5,
            ),
            "end": Claim(
                "diferencia de logits media leída tras la última capa",
                difference[-1].mean().item(),
                at_least=2,
            ),
        },
        alt=(
            f"Token más probable leído tras cada capa en «{asked.texts[0]}», y diferencia de logits media por "
            f"capa: de {decimal(difference[0].mean(), 1)} a {decimal(difference[-1].mean(), 1)}."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    table, curve = figure.subplots(1, 2, width_ratios=(2.2, 1), sharey=True)
    stages = range(len(data["best"]))
    table.imshow(data["probability"], cmap=SEQUENTIAL, vmin=0, vmax=1, aspect="auto")
    for stage in stages:
        for position, (token, probability) in enumerate(
            zip(data["best"][stage], data["probability"][stage], strict=True)
        ):
            color = "white" if probability > 0.6 else INK
            table.text(position, stage, token, ha="center", va="center", color=color, fontsize=15)
    table.set_xticks(range(len(data["tokens"])), data["tokens"])
    table.set_yticks(stages, ["antes"] + [f"capa {layer}" for layer in stages[:-1]])
    table.tick_params(length=0)
    table.spines[:].set_visible(False)
    table.set_title("lo más probable que sigue a cada token, leído tras cada capa", **STRONG)
    table.invert_yaxis()

    low, high = data["interval"]
    curve.axvline(0, color=MUTED, linewidth=1)
    curve.plot(data["mean"], stages, "o-", color=CATEGORIES[0], markersize=9)
    curve.fill_betweenx(stages, low, high, color=CATEGORIES[0], alpha=0.25, linewidth=0)
    curve.set_title("logit(IO) − logit(S)", **STRONG)
    curve.set_xlabel(f"media de {data['n_prompts']} prompts, IC del 95 %")
    curve.tick_params(axis="y", length=0)
    return figure
