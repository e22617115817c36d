"""On a random sequence that repeats, an induction head shows a stripe, and the second half is predicted."""

import torch
from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.composition import Input, composition_score, random_baseline
from mechinterp.attention.heads import (
    attention_patterns,
    induction_score,
    of_head,
    of_others,
    previous_token_score,
    strongest,
)
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import random_tokens, repeated_random_tokens


@torch.no_grad()
def compute(model: Model, n_prompts=200, period=25, seed=1_000_000) -> Result:
    tokens = repeated_random_tokens(model, n_prompts, period, seed)
    pattern = attention_patterns(model.transformer, tokens)
    scores = induction_score(pattern, period)
    head = strongest(scores)
    own, others = of_head(scores, head), of_others(scores, head)

    # Does its key read what a previous-token head wrote? Control: random matrices of the same shapes.
    previous = strongest(previous_token_score(pattern)[:, : max(1, head.layer)])
    composed = composition_score(model.transformer, previous, head, Input.K) if head.layer else 0.0
    baseline = random_baseline(model.config)

    log_prob = model.log_probs_of_next(tokens, model(tokens))
    fresh = random_tokens(model, n_prompts, 2 * period, seed)  # control: as long, and nothing repeats
    control = model.log_probs_of_next(fresh, model(fresh))
    second, first = log_prob[:, 1 - period :].mean(1), log_prob[:, : period - 1].mean(1)
    return Result(
        data={
            "head": str(head),
            "score": (own.mean(), own.std()),
            "pattern": pattern[:, head.layer, head.index].mean(0),
            "start": len(model.start) + period,
            "log_prob": (log_prob.mean(0), log_prob.std(0)),
            "control": control.mean(0),
            "n_prompts": n_prompts,
        },
        values={
            "head": str(head),
            "score": own.mean(),
            "spread": own.std(),
            "others": others.mean(),
            "first": first.mean(),
            "second": second.mean(),
            "control": control[:, 1 - period :].mean(),
            "period": period,
            "n_prompts": n_prompts,
            "previous": str(previous),
            "composition": composed,
            "random": baseline.mean,
            "random_spread": baseline.spread,
        },
        claims={
            "composition": Claim(
                f"K-composition de {previous} a {head}, en desviaciones sobre el azar",
                (composed - baseline.mean) / baseline.spread,
                at_least=3,
            ),
            "stripe": Claim(
                f"atención media de la cabeza {head}, de inducción", own.mean().item(), at_least=0.85
            ),
            "jump": Claim(
                "salto medio de la log-probabilidad", (second - first).mean().item(), at_least=3, unit=" nats"
            ),
        },
        alt=(
            f"A la izquierda, atención de la cabeza {head}, con una franja en la segunda mitad; a la derecha, "
            f"log-probabilidad del token correcto: de {decimal(first.mean(), 1)} a {decimal(second.mean(), 2)} nats."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    stripe, curve = figure.subplots(1, 2, width_ratios=(1, 1.45))
    stripe.imshow(data["pattern"], cmap=SEQUENTIAL, vmin=0, vmax=1)
    for line in (stripe.axhline, stripe.axvline):
        line(data["start"] - 0.5, color=ACCENT, linewidth=1.5)
    mean, spread = data["score"]
    stripe.set_title(f"cabeza {data['head']}: {decimal(mean, 2)} ± {decimal(spread, 2)}", **STRONG)
    stripe.set(xlabel="posición a la que atiende", ylabel="posición que atiende")

    mean, spread = data["log_prob"]
    positions = range(1, len(mean) + 1)
    curve.axvline(data["start"], color=ACCENT, linewidth=1.5)
    curve.plot(positions, mean, color=CATEGORIES[0], label="la secuencia se repite")
    curve.fill_between(positions, mean - spread, mean + spread, color=CATEGORIES[0], alpha=0.2, linewidth=0)
    curve.plot(positions, data["control"], color=MUTED, linestyle="--", label="control: nada se repite")
    curve.annotate(
        "empieza la repetición",
        (data["start"], 0.35),
        xytext=(-8, 0),
        textcoords="offset points",
        ha="right",
        color=ACCENT,
    )
    curve.set(xlabel="posición", ylabel="log-probabilidad (nats)", ylim=(None, 0.9))
    curve.set_title(f"del token correcto, media ± desviación ({data['n_prompts']} secuencias)", **STRONG)
    curve.legend(loc="upper left", bbox_to_anchor=(0, 0.78))
    return figure
