"""On a random sequence that repeats, an induction head shows a stripe, and the second half is predicted."""

import torch
from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.heads import induction_score, of_head, of_others, pattern_names, patterns, strongest
from mechinterp.model import Model
from mechinterp.prompts import random_tokens, repeated_random_tokens


@torch.no_grad()
def compute(model: Model, n_prompts=200, period=25, seed=1_000_000) -> Result:
    n_layers = model.config.n_layers
    tokens = repeated_random_tokens(model, n_prompts, period, seed)
    logits, cache = model.run_with_cache(tokens, pattern_names(n_layers))
    pattern = patterns(cache, n_layers)
    scores = induction_score(pattern, period)
    head = strongest(scores)
    own, others = of_head(scores, head), of_others(scores, head)

    log_prob = model.log_probs_of_next(tokens, logits)
    fresh = random_tokens(model, n_prompts, 2 * period, seed)  # control: as long, and nothing repeats
    control = model.log_probs_of_next(fresh, model(fresh))
    second, first = log_prob[:, 1 - period :].mean(1), log_prob[:, : period - 1].mean(1)
    jump = second - first
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
            "second_spread": second.std(),
            "control": control[:, 1 - period :].mean(),
            "period": period,
            "n_prompts": n_prompts,
        },
        claims={
            "stripe": Claim(
                f"atención media de la cabeza {head}, de inducción", own.mean().item(), at_least=0.85
            ),
            "jump": Claim("salto medio de la log-probabilidad", jump.mean().item(), at_least=3, unit=" nats"),
        },
        alt=(
            f"Secuencias de {period} tokens al azar, repetidas. A la izquierda, la atención de la cabeza {head}, "
            f"con una franja en la segunda mitad ({decimal(own.mean(), 2)}). A la derecha, la log-probabilidad del "
            f"token correcto: {decimal(first.mean(), 1)} en la primera mitad y {decimal(second.mean(), 2)} después."
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
