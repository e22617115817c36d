"""The logit lens: the answer can be read from the residual stream only after the last layers."""

from matplotlib.figure import Figure

from figures.style.grids import shaded_table
from figures.style.look import CATEGORIES, MUTED, lecture_style, titled
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.ioi.lens import difference_by_stage
from mechinterp.ioi.prompts import prompts
from mechinterp.logits.logit_lens import logit_lens
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

MOST_ROWS = 13  # of the table: more words would stand over one another


def compute(model: Model, n_prompts=200, seed=1_000_000) -> dict:
    asked = prompts(model, model.affordable(n_prompts), seed)
    difference = difference_by_stage(model, asked)
    end = int(asked.positions["END"][0]) + 1
    shown = slice(end - 7, end)  # of the first prompt
    best = logit_lens(model, asked.tokens[:1, :end])[:, 0, shown].softmax(-1).max(-1)
    return {
        "n_prompts": len(asked),
        "difference": mean_with_interval(difference),
        "text": asked.texts[0],
        "tokens": labels(model.strings(asked.tokens[0, shown])),
        "best": [labels(model.strings(tokens)) for tokens in best.indices],
        "probability": best.values,
    }


def report(data) -> Report:
    mean, low, high = data["difference"]
    start, end = mean[0], mean[-1]
    before = "|diferencia de logits| media leída antes de la primera capa, en partes de la última"
    claims = {
        "start": Claim(before, abs(start) / abs(end), at_most=0.25),
        "end": Claim("lo mismo tras la última capa, extremo inferior de su intervalo", low[-1], at_least=0),
    }
    alt = (
        f"Token más probable leído tras cada capa en «{data['text']}», y diferencia de logits media por "
        f"capa: de {decimal(start, 1)} a {decimal(end, 1)}."
    )
    return Report({"start": start, "end": end, "end_low": low[-1], "end_high": high[-1]}, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    table, curve = figure.subplots(1, 2, width_ratios=(2.2, 1), sharey=True)
    last = len(data["best"]) - 1
    each = 1 + last // MOST_ROWS  # of the stages one has a row, the last among them
    stages = range(last % each, last + 1, each)
    shaded_table(table, data["best"][stages.start :: each], data["probability"][stages.start :: each])
    table.set_xticks(range(len(data["tokens"])), data["tokens"])
    table.set_yticks(range(len(stages)), [f"capa {stage - 1}" if stage else "antes" for stage in stages])
    titled(table, "lo más probable que sigue a cada token, leído tras cada capa")
    mean, low, high = data["difference"][:, stages.start :]
    rows = [row / each for row in range(len(mean))]
    curve.axvline(0, color=MUTED, linewidth=1)
    curve.errorbar(mean, rows, xerr=(mean - low, high - mean), fmt="o-", color=CATEGORIES[0], ms=9, capsize=4)
    curve.tick_params(axis="y", length=0)
    titled(curve, "logit(IO) − logit(S)", xlabel=f"media de {data['n_prompts']} prompts, IC del 95 %")
    return figure
