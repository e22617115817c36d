"""Ablations on IOI: a few heads are needed for the difference, most are not, and nobody takes over."""

import torch
from matplotlib.figure import Figure

from figures.style.bars import bars_with_intervals
from figures.style.heads import logits_map
from figures.style.look import ACCENT, CATEGORIES, FAINT, SIZE, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import all_heads, of_head, strongest
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.without import left_without_each, taken_over
from mechinterp.logits.direct_attribution import by_head
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

SHOWN = 8  # heads whose loss is largest


@torch.no_grad()
def compute(model: Model, n_prompts=200, seed=1_000_000) -> dict:
    """Each head is replaced by its mean over prompts and positions."""
    asked = prompts(model, n_prompts, seed)
    heads = all_heads(model.transformer)
    left = mean_with_interval(left_without_each(model, asked))
    order = left[0].argsort()
    # Do others write more of the difference when the head that writes most of it is removed?
    logits, cache = model.run_with_cache(asked.tokens)
    direct = by_head(model.transformer, cache, asked.reader(model.transformer))
    mover = strongest(direct)
    change = taken_over(model, asked, [mover]).mean(0)
    return {
        "heads": [str(heads[i]) for i in order],
        "left": left[:, order],
        "whole": asked.logit_diff(logits).mean(),
        "mover": str(mover),
        "change": change,
        "backup": change.sum() / of_head(direct, mover).mean(),
    }


def report(data) -> Report:
    (worst, second), (worst_left, second_left) = data["heads"][:2], data["left"][0, :2]
    whole, unneeded = data["whole"], data["left"][0, len(data["heads"]) // 2 :].mean()
    values = {"whole": whole, "unneeded": unneeded, "mover": data["mover"], "backup": data["backup"]}
    values |= {"worst": worst, "worst_left": worst_left, "second": second, "second_left": second_left}
    needed = f"diferencia que queda sin {second}, en partes de la entera"
    spared = "diferencia media que queda sin cada una de la mitad menos necesaria, en partes de la entera"
    claims = {
        "needed": Claim(needed, second_left / whole, at_most=0.6),
        "unneeded": Claim(spared, unneeded / whole, at_least=0.9),
    }
    alt = (
        f"Diferencia de logits sin cada cabeza: {decimal(whole, 1)} con todas, {decimal(worst_left, 1)} sin {worst}; "
        f"y cambio de la contribución de las demás sin {data['mover']}."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    bars, heads = figure.subplots(1, 2, width_ratios=(1.3, 1))
    whole, left = data["whole"], data["left"][:, :SHOWN]
    colors = [CATEGORIES[0] if mean < 0.6 * whole else FAINT for mean in left[0]]
    bars_with_intervals(bars, data["heads"][:SHOWN], left, colors)
    bars.axhline(whole, color=ACCENT, linestyle="--")
    bars.text(0.0, whole, "con todas", color=ACCENT, va="bottom", ha="center")
    titled(bars, "lo que queda sin cada cabeza (IC del 95 %)", xlabel="cabeza que se quita")
    bars.set(ylabel="logit(IO) − logit(S)", ylim=(None, 1.12 * whole))
    logits_map(heads, data["change"], f"cambio en las demás sin {data['mover']} (logits)")
    return figure
