"""Ablations on IOI: a few heads are needed for the difference, most are not, and nobody takes over."""

from matplotlib.figure import Figure

from figures.style.bars import bars_with_intervals, ranked_bars
from figures.style.look import ACCENT, CATEGORIES, PALE, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report, either
from mechinterp.attention.heads import all_heads, of_head, ranked, strongest
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.ioi.without import direct_effects, left_without_each, taken_over
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

NEEDED = 0.6  # of the difference: without a head that is needed, less is left
SPARED = 0.9  # of the difference: without a head that is not, more is left
SHOWN = 6  # heads whose loss is largest, or whose contribution changes most


def compute(model: Model, n_prompts=200, seed=1_000_000) -> dict:
    """Each head writes what it does, on average, in the same sentence with other names."""
    heads = all_heads(model.transformer)
    asked = prompts(model, model.affordable(n_prompts, runs=len(heads) / 2), seed)
    instead = other_names(model, asked)
    left = mean_with_interval(left_without_each(model, asked, instead))
    # Do others write more of the difference when the head that writes most of it is removed?
    direct = direct_effects(model, asked)
    mover = strongest(direct)
    change = taken_over(model, asked, [mover], instead)
    return {
        "whole": asked.difference(model.transformer).mean(),
        "left": {str(heads[i]): left[:, i] for i in left[0].argsort()},
        "mover": str(mover),
        "change": ranked(change, SHOWN),
        "mover_logits": of_head(direct, mover).mean(),
        "taken_over": change.sum((1, 2)).mean(),
    }


def report(data) -> Report:
    left = [(name, mean) for name, (mean, _, _) in data["left"].items()]
    (worst, worst_left), (second, second_left), *_ = left
    others = [mean for _, mean in left[len(left) // 2 :]]
    whole, unneeded = data["whole"], sum(others) / len(others)
    n_needed = sum(mean < NEEDED * whole for _, mean in left)
    values = {"whole": whole, "unneeded": unneeded, "mover": data["mover"]}
    values |= {"backup": data["taken_over"] / data["mover_logits"]}
    values |= {"worst": worst, "worst_left": worst_left, "second": second, "second_left": second_left}
    values |= {"n_needed": n_needed}
    hardest, share = (second, second_left / whole) if n_needed > 1 else (worst, worst_left / whole)
    needed = f"diferencia que queda sin {hardest}, en partes de la entera"
    spared = "diferencia media que queda sin cada una de la mitad menos necesaria, en partes de la entera"
    claims = {"unneeded": Claim(spared, unneeded / whole, at_least=SPARED)}
    claims |= either("none_needed", "needed", needed, share, NEEDED)
    alt = (
        f"Diferencia de logits sin cada cabeza: {decimal(whole, 1)} con todas, {decimal(worst_left, 1)} sin {worst}; "
        f"y cambio de la contribución de las demás sin {data['mover']}."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    bars, heads = figure.subplots(1, 2, width_ratios=(1, 1.1))
    whole, left = data["whole"], dict(list(data["left"].items())[:SHOWN])
    colors = [CATEGORIES[0] if mean < NEEDED * whole else PALE for mean, _, _ in left.values()]
    bars_with_intervals(bars, left, colors)
    bars.axhline(whole, color=ACCENT, linestyle="--")
    bars.text(-0.4, 1.01 * whole, "con todas", color=ACCENT, va="bottom", ha="left")
    titled(bars, "lo que queda sin cada cabeza", xlabel="cabeza que se quita")
    bars.set(ylabel="logits (media, IC del 95 %)", ylim=(None, 1.12 * whole))
    ranked_bars(heads, *data["change"], counts=1)
    heads.axhline(data["mover_logits"], color=ACCENT, linestyle="--")
    gone = {"color": ACCENT, "va": "bottom", "ha": "left"}
    heads.text(-0.4, 1.01 * data["mover_logits"], f"lo que escribía {data['mover']}", **gone)
    heads.set_ylim(top=1.12 * data["mover_logits"])
    titled(heads, f"lo que suman de más las otras sin {data['mover']}", xlabel="cabeza que escribe")
    return figure
