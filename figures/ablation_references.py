"""What an ablated head writes instead decides how much is lost without it."""

from matplotlib.figure import Figure

from figures.style.bars import grouped_bars
from figures.style.look import ACCENT, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Report, either
from mechinterp.attention.heads import all_heads
from mechinterp.interventions.ablation import Ablation, instead_of
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.ioi.without import left_without_each
from mechinterp.model.language_model import Model

DISAGREE = 0.1  # of the difference: from there on the references count as different
NAMES = {
    Ablation.ZERO: "cero",
    Ablation.MEAN: "media de todo",
    Ablation.RESAMPLE: "lo de otra frase",
    None: "media con otros nombres",
}
FEWEST = 12  # prompts: of each, a large model is run hundreds of times


def compute(model: Model, n_prompts=100, shown=6, seed=1_000_000) -> dict:
    """Remove each head in four ways; keep those about which the four disagree most."""
    heads = all_heads(model.transformer)
    n_affordable = model.affordable(n_prompts, runs=4 * len(heads), at_least=FEWEST)
    asked = prompts(model, n_affordable, seed)
    left = {}
    for how, name in NAMES.items():
        instead = (
            other_names(model, asked) if how is None else instead_of(model.transformer, asked.tokens, how)
        )
        left[name] = left_without_each(model, asked, instead).mean(0).tolist()

    def least(i: int) -> float:
        return min(values[i] for values in left.values())

    chosen = sorted(sorted(range(len(heads)), key=least)[:shown])
    return {
        "whole": asked.difference(model.transformer).mean(),
        "heads": [str(heads[i]) for i in chosen],
        "left": {name: [values[i] for i in chosen] for name, values in left.items()},
        "n_prompts": len(asked),
    }


def report(data) -> Report:
    whole, left = data["whole"], data["left"]
    ranges = [max(values) - min(values) for values in zip(*left.values(), strict=True)]
    i = ranges.index(max(ranges))
    values = {"head": data["heads"][i], "whole": whole, "n_prompts": data["n_prompts"]}
    values |= {"zero": left["cero"][i], "mean": left["media de todo"][i]}
    values |= {"resampled": left["lo de otra frase"][i], "names": left["media con otros nombres"][i]}
    text = (
        f"distancia entre lo que queda sin {data['heads'][i]} según la referencia, en partes de la diferencia"
    )
    claims = either("disagree", "agree", text, max(ranges) / whole, DISAGREE)
    alt = f"Diferencia de logits que queda sin cada cabeza, de {decimal(whole, 1)}: " + "; ".join(
        f"con {name}, "
        + ", ".join(f"{decimal(v, 1)} sin {h}" for h, v in zip(data["heads"], vs, strict=True))
        for name, vs in left.items()
    )
    return Report(values, claims, f"{alt}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    grouped_bars(axes, data["heads"], data["left"])
    axes.axhline(data["whole"], color=ACCENT, linestyle="--")
    axes.axhline(0, color=ACCENT, linewidth=0.8)
    axes.text(-0.5, data["whole"], "entera", color=ACCENT, va="bottom", ha="left")
    axes.set(xlabel="cabeza que se quita", ylabel="logit(IO) − logit(S)", ylim=(None, 1.15 * data["whole"]))
    axes.legend(ncols=4, loc="upper right", bbox_to_anchor=(1, 1.15))
    titled(axes, "")
    return figure
