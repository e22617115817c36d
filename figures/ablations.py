"""Ablations on IOI: a few heads are needed for the difference, most are not, and nobody takes over."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.style.heads import heads_map
from figures.style.look import ACCENT, CATEGORIES, FAINT, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.heads import all_heads, strongest
from mechinterp.interventions.ablation import run_without
from mechinterp.ioi.prompts import prompts
from mechinterp.logits.direct_attribution import by_head, logit_diff_reader
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval

SHOWN = 8  # heads whose loss is largest
NOTABLE = 0.2  # logits


@torch.no_grad()
def compute(model: Model, n_prompts=200, seed=1_000_000) -> Result:
    """Each head is replaced by its mean over prompts and positions."""
    asked = prompts(model, n_prompts, seed)
    transformer, heads = model.transformer, all_heads(model.transformer)
    logits, cache = model.run_with_cache(asked.tokens)
    whole = asked.logit_diff(logits)
    left = torch.stack(
        [asked.logit_diff(run_without(transformer, asked.tokens, [head])[0]) for head in heads], 1
    )
    order = left.mean(0).argsort()
    low, high = bootstrap_interval(left)

    # What the others add to the difference without the head that writes most of it, less what they add with it.
    reader = logit_diff_reader(transformer, asked.io, asked.subject, asked.positions["END"])
    direct = by_head(transformer, cache, reader)
    mover = strongest(direct)
    _, without = run_without(transformer, asked.tokens, [mover])
    change = (by_head(transformer, without, reader) - direct).mean(0)
    change[mover.layer, mover.index] = 0
    unneeded = left[:, order[len(heads) // 2 :]].mean()
    backup = change.sum() / direct[:, mover.layer, mover.index].mean()
    worst = [heads[int(i)] for i in order[:2]]
    return Result(
        data={
            "names": [str(heads[int(i)]) for i in order[:SHOWN]],
            "left": left.mean(0)[order[:SHOWN]],
            "low": low[order[:SHOWN]],
            "high": high[order[:SHOWN]],
            "whole": whole.mean(),
            "change": change,
            "mover": str(mover),
        },
        values={
            "whole": whole.mean(),
            "worst": str(worst[0]),
            "worst_left": left.mean(0).min(),
            "second": str(worst[1]),
            "second_left": left.mean(0)[order[1]],
            "unneeded": unneeded,
            "mover": str(mover),
            "backup": backup,
            "n_prompts": n_prompts,
        },
        claims={
            "needed": Claim(
                f"diferencia que queda sin {worst[1]}, en partes de la entera",
                (left.mean(0)[order[1]] / whole.mean()).item(),
                at_most=0.6,
            ),
            "unneeded": Claim(
                "diferencia media que queda sin cada una de la mitad menos necesaria, en partes de la entera",
                (unneeded / whole.mean()).item(),
                at_least=0.9,
            ),
        },
        alt=(
            f"Diferencia de logits sin cada cabeza: {decimal(whole.mean(), 1)} con todas, "
            f"{decimal(left.mean(0).min(), 1)} sin {worst[0]}; y cambio de la contribución de las demás sin {mover}."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    bars, heads = figure.subplots(1, 2, width_ratios=(1.3, 1))
    errors = (data["left"] - data["low"], data["high"] - data["left"])
    colors = [CATEGORIES[0] if left < 0.6 * data["whole"] else FAINT for left in data["left"]]
    bars.bar(data["names"], data["left"], yerr=errors, color=colors, capsize=4)
    bars.axhline(data["whole"], color=ACCENT, linestyle="--")
    bars.text(0.0, data["whole"], "con todas", color=ACCENT, va="bottom", ha="center")
    bars.set(xlabel="cabeza que se quita", ylabel="logit(IO) − logit(S)", ylim=(None, 1.12 * data["whole"]))
    bars.set_title("lo que queda sin cada cabeza (IC del 95 %)", **STRONG)
    norm = CenteredNorm(halfrange=max(1.0, abs(data["change"]).max()))
    image = heads_map(heads, data["change"], norm, NOTABLE)
    heads.set_title(f"cambio en las demás sin {data['mover']} (logits)", **STRONG)
    figure.colorbar(image, ax=heads, location="bottom", shrink=0.8, ticks=MaxNLocator(4))
    return figure
