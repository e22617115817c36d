"""Induction heads stand in for one another: what is lost when they are removed one after another."""

import random

from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, PALE, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report, either
from mechinterp.attention import heads as kinds
from mechinterp.interventions.ablation import Ablation, instead_of, without_of
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import repeated_random_tokens

LEAST = 0.2  # of the attention, for a head to be called an induction head
REDUNDANT = 0.5  # nats: less is lost without a head for which others stand in


def compute(model: Model, n_prompts=30, period=25, most=6, n_draws=5, seed=1_000_000) -> dict:
    """Remove heads by induction score, and others of their layers at random; each writes its mean at each position."""
    n_prompts = model.affordable(n_prompts, runs=2 * (n_draws + 1) * most, n_positions=2 * period)
    tokens = repeated_random_tokens(model, n_prompts, period, seed)
    pattern = kinds.attention_patterns(model.transformer, tokens)
    scores = kinds.induction_score(pattern, period).mean(0)
    heads = sorted(
        kinds.all_heads(model.transformer), key=lambda head: -scores[head.layer, head.index].item()
    )
    instead = instead_of(model.transformer, tokens, Ablation.POSITION)

    def log_prob(removed) -> float:
        taps = without_of(model.transformer, removed, instead, tokens.shape[1])
        return model.log_probs_of_next(tokens, taps)[:, 1 - period :].mean().item()

    draw = random.Random(seed)
    first = min(head.layer for head in heads[:most])
    others = [head for head in heads[most:] if head.layer >= first]
    orders = [draw.sample(others, min(most, len(others))) for _ in range(n_draws)]
    previous = kinds.strongest(kinds.previous_token_score(pattern))
    return {
        "heads": [str(head) for head in heads[:most]],
        "scores": [scores[head.layer, head.index].item() for head in heads[:most]],
        "left": [log_prob(heads[:n]) for n in range(most + 1)],
        "at_random": [[log_prob(order[:n]) for n in range(most + 1)] for order in orders],
        "previous": str(previous),
        "without_previous": log_prob([previous]),
        "n_named": (scores >= LEAST).sum(),
        "n_prompts": n_prompts,
    }


def report(data) -> Report:
    left, n = data["left"], sum(score >= LEAST for score in data["scores"])
    worst = min(order[n] for order in data["at_random"])
    values = {name: data[name] for name in ("n_prompts", "previous", "without_previous")}
    values |= {"n": n, "named": data["heads"][:n], "n_named": data["n_named"], "first": data["heads"][0]}
    values |= {"n_draws": len(data["at_random"]), "best": data["scores"][0]}
    values |= {"whole": left[0], "without_first": left[1], "without_all": left[n], "without_random": worst}
    lost = f"lo que se pierde sin {data['heads'][0]}"
    claims = either("needed", "redundant", lost, left[0] - left[1], REDUNDANT, unit=" nats")
    claims["control"] = Claim("lo mismo sin otras al azar", left[0] - worst, at_most=(left[0] - left[n]) / 10)
    if n > 1:
        all_lost = left[0] - left[n]
        claims["together"] = Claim("lo que se pierde sin ninguna", all_lost, at_least=1, unit=" nats")
    elif n == 0:
        claims = {"none": Claim("mayor atención de inducción", data["scores"][0], at_most=LEAST)}
    alt = (
        f"Log-probabilidad en la repetición al quitar, una tras otra, cabezas de inducción: {decimal(left[0], 2)} con "
        f"todas, {decimal(left[1], 2)} sin la primera, {decimal(left[n], 2)} sin {n}; sin otras, {decimal(worst, 2)}."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    steps = range(len(data["left"]))
    for order in data["at_random"]:
        axes.step(steps, order, where="mid", color=PALE, linewidth=1.5)
    axes.step([], [], color=PALE, label="otras de sus capas, al azar")
    axes.step(steps, data["left"], where="mid", color=CATEGORIES[0], label="cabezas de inducción")
    scores = [
        f"{head}\n({decimal(score, 2)})" for head, score in zip(data["heads"], data["scores"], strict=True)
    ]
    axes.set_xticks(steps, ["ninguna", *(f"+ {name}" for name in scores)])
    axes.set(ylabel="log-probabilidad (nats)", xlabel="cabezas que se quitan (atención de inducción)")
    titled(axes, "log-probabilidad en la repetición")
    axes.legend(loc="best")
    return figure
