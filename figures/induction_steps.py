"""Induction in two steps on a handful of tokens: one head notes what came before, another one finds and copies."""

import torch
from matplotlib.figure import Figure

from figures.style.diagram import box
from figures.style.look import ACCENT, CATEGORIES, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.attention import heads
from mechinterp.ioi.prompts import speaks_spanish
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import repeated_random_tokens

STEP = 1.9  # between tokens
SPANISH, ENGLISH = " mesa pan tren mesa pan", " table bread train table bread"


def compute(model: Model, text="", period=25, n_prompts=60, seed=1_000_000) -> dict:
    """Find the two heads on random sequences, then look at them on one short text that repeats its beginning."""
    tokens = repeated_random_tokens(model, model.affordable(n_prompts, n_positions=2 * period), period, seed)
    pattern = heads.attention_patterns(model.transformer, tokens)
    induction = heads.strongest(heads.induction_score(pattern, period))
    previous = heads.strongest(heads.previous_token_score(pattern)[:, : max(1, induction.layer)])
    tokens = model.tokens(text or (SPANISH if speaks_spanish(model) else ENGLISH))
    shown = heads.attention_patterns(model.transformer, tokens)[0]
    logits = model.next_logits(tokens)[0]
    start = len(model.start)
    row = tokens[0, start:].tolist()
    last = len(row) - 1
    first = row.index(row[last])  # where the last token stood before: what followed is what comes next
    return {
        "tokens": labels(model.strings(tokens[0, start:])),
        "first": first,
        "previous": str(previous),
        "induction": str(induction),
        "noted": shown[previous.layer, previous.index, start + first + 1, start + first],
        "found": shown[induction.layer, induction.index, start + last, start + first + 1],
        "next": labels(model.strings(torch.tensor([row[first + 1]])))[0],
        "probability": logits.softmax(-1)[row[first + 1]],
    }


def report(data) -> Report:
    values = {name: data[name] for name in ("previous", "induction", "noted", "next", "probability")}
    claims = {
        "noted": Claim(f"atención de {data['previous']} al anterior", data["noted"], at_least=0.5),
        "found": Claim(f"atención de {data['induction']} a lo que siguió", data["found"], at_least=0.5),
    }
    alt = (
        f"«{' '.join(data['tokens'])}»: {data['previous']} mira al token anterior, y {data['induction']}, desde el "
        f"último, a «{data['next']}», que siguió la primera vez; se espera con probabilidad "
        f"{decimal(data['probability'], 2)}."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    tokens, first = data["tokens"], data["first"]
    last, at = len(tokens) - 1, first + 1
    for i, token in enumerate([*tokens, data["next"]]):
        color = ACCENT if i == len(tokens) else CATEGORIES[1] if i == last else MUTED
        box(axes, (STEP * i, 0), (1.5, 0.7), color, token, "white" if i == last else "", fontsize=18)
    one = f"1. {data['previous']} anota en «{tokens[at]}»\nqué lo precede (atención {decimal(data['noted'], 2)})"
    two = (
        f"2. {data['induction']} busca qué siguió a «{tokens[last]}»\n(atención {decimal(data['found'], 2)})"
    )
    steps = ((at, first, CATEGORIES[0], 0.9, one), (last, at, CATEGORIES[1], 2.1, two))
    for source, target, color, height, text in steps:
        arc = {"arrowstyle": "-|>,head_width=0.5,head_length=0.8", "color": color, "linewidth": 3}
        rise = f"arc,angleA=90,angleB=90,armA={46 * height},armB={46 * height},rad=12"
        axes.annotate(
            "", (STEP * target, 0.4), (STEP * source, 0.4), arrowprops=arc | {"connectionstyle": rise}
        )
        note = {"color": color, "ha": "right", "va": "bottom", "fontsize": 15}
        axes.text(STEP * source - 0.15, 0.62 * height + 0.35, text, **note)
    chance = f"lo que sigue,\nprobabilidad {decimal(data['probability'], 2)}"
    axes.text(STEP * len(tokens), -0.5, chance, color=ACCENT, ha="center", va="top", fontsize=15, **STRONG)
    axes.set(xlim=(-1, STEP * len(tokens) + 1.2), ylim=(-1.2, 2.7))
    axes.axis("off")
    return figure
