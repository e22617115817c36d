"""On the same budget, SAEs with a plain L1 penalty leave more unexplained than four later kinds, whatever the seed."""

from dataclasses import replace

import numpy as np
from matplotlib.figure import Figure

from figures.style.axes import named_ticks
from figures.style.lines import line_with_range, two_named_lines
from figures.style.look import CATEGORIES, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.model.language_model import Model
from mechinterp.sae.activations import activations, held_activations
from mechinterp.sae.architectures import L1, BatchTopK, Gated, JumpReLU, TopK
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.interpretability import axes_as_features, interpretable_share
from mechinterp.sae.labels import labelled_split
from mechinterp.sae.metrics import fvu, l0
from mechinterp.sae.training import Settings, begin, train

TIME_LIMIT = 1800
MIDDLE = "blocks.1.hook_resid_post"
COLORS = (CATEGORIES[0], CATEGORIES[3], CATEGORIES[4], CATEGORIES[2], CATEGORIES[1])
RUNS = {  # from many features to few
    "L1": (L1(1.5), L1(3.0), L1(6.0)),
    "Gated": (Gated(1.0), Gated(2.5), Gated(5.0)),
    "JumpReLU": (JumpReLU(0.1), JumpReLU(0.3), JumpReLU(0.8)),
    "BatchTopK": (BatchTopK(16), BatchTopK(8), BatchTopK(4)),
    "TopK": (TopK(16), TopK(8), TopK(4)),
}


def compute(
    model: Model, hook=MIDDLE, d_sae=256, steps=1000, n_texts=1200, n_tested=600, n_seeds=3, seed=0
) -> dict:
    """Train from seeds, which give an SAE its first weights and the order of the activations, the same for all."""
    texts, tested = labelled_split(model, n_texts, n_tested, seed)
    source = held_activations(model.transformer, texts.tokens, hook, size=512, seed=seed)
    x = activations(model.transformer, tested.tokens, hook)
    seeds = range(seed, seed + n_seeds)
    starts = [(Settings(d_sae=d_sae, steps=steps, seed=each), replace(source, seed=each)) for each in seeds]

    def measured(sae: SAE) -> tuple[float, float, float]:
        f = sae.encode(x)
        return l0(f[:, 1:]), fvu(x[:, 1:], sae.decode(f)[:, 1:]), interpretable_share(f, tested)

    found = {}
    for name, runs in RUNS.items():
        found[name] = np.array([[measured(train(run, *start)) for run in runs] for start in starts])
    # Controls: SAEs that were not trained, and the stream's own axes, each read in both directions.
    untrained = max(measured(begin(TopK(8), *start).finished())[2] for start in starts)
    axes = interpretable_share(axes_as_features(x), tested)
    return {"found": found, "controls": {"sin entrenar": untrained, "ejes del residual": axes}}


def report(data) -> Report:
    topk, l1, (untrained, axes) = data["found"]["TopK"], data["found"]["L1"], data["controls"].values()
    k, topk_fvu, best = topk[0, 1, 0], topk[:, 1, 1], topk[:, :, 2].max(1)
    # L1 with as many features as TopK, on the line between its own runs, from few features to many.
    l1_fvu = np.exp([np.interp(np.log(k), *np.log(runs[::-1, :2].T)) for runs in l1])
    ratio, least = l1_fvu / topk_fvu, best.min()
    values = {"k": k, "l1_fvu": l1_fvu.mean(), "topk_fvu": topk_fvu.mean(), "untrained": untrained}
    values |= {"most_ratio": ratio.max(), "most_interpretable": best.max(), "axes": axes}
    claims = {
        "ratio": Claim("FVU de L1 entre la de TopK con tantas activas, la menor", ratio.min(), 1.3),
        "interpretable": Claim("mayor proporción con significado de TopK, la menor", least, 0.1),
        "control": Claim("lo mismo, sin entrenar o con los ejes", max(untrained, axes), at_most=least / 4),
    }
    alt = f"Cinco clases de SAE, {len(l1)} semillas: lo que dejan sin explicar y qué parte significa algo."
    return Report(values, claims, f"{alt} L1 deja {decimal(ratio.mean(), 1)} veces lo que TopK.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    unexplained, meaning = figure.subplots(1, 2)
    for (name, runs), color in zip(data["found"].items(), COLORS, strict=True):
        line_with_range(unexplained, runs[..., 0], runs[..., 1], color, name)
        line_with_range(meaning, runs[..., 0], runs[..., 2], color)
    two_named_lines(meaning, data["controls"])
    for axes in (unexplained, meaning):
        axes.set(xscale="log", xlabel="características activas (L0)")
        named_ticks(axes.xaxis, {"2": 2, "4": 4, "8": 8, "16": 16})
    titled(unexplained, "lo que queda sin explicar", yscale="log", ylabel="varianza sin explicar (FVU)")
    named_ticks(unexplained.yaxis, {"0,03": 0.03, "0,10": 0.1, "0,30": 0.3})
    unexplained.legend(loc="lower left", fontsize=14, labelspacing=0.3)
    titled(meaning, "características con significado (F1 ≥ 0,8)", ylim=(-0.025, None))
    meaning.set_yticks((0, 0.1, 0.2), ("0 %", "10 %", "20 %"))
    return figure
