"""On the same budget, SAEs that set how many features fire leave less untold than those that penalise what fires."""

import torch
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from figures.style.look import CATEGORIES, MUTED, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.model.language_model import Model
from mechinterp.sae.activations import Held, activations
from mechinterp.sae.architectures import L1, BatchTopK, Gated, JumpReLU, TopK
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.interpretability import interpretable_share
from mechinterp.sae.labels import labelled_texts
from mechinterp.sae.metrics import fvu, l0
from mechinterp.sae.training import Settings, begin, train

TIME_LIMIT = 900
L0_TICKS, FVU_TICKS, SHARES = (2, 4, 8, 16), (0.03, 0.1, 0.3), (0, 0.1, 0.2)
COLORS = (CATEGORIES[0], CATEGORIES[3], CATEGORIES[4], CATEGORIES[2], CATEGORIES[1])
NEAR = {"color": MUTED, "ha": "right", "fontsize": 14}
RUNS = {  # from many features to few
    "L1": (L1(1.5), L1(3.0), L1(6.0)),
    "Gated": (Gated(1.0), Gated(2.5), Gated(5.0)),
    "JumpReLU": (JumpReLU(0.1), JumpReLU(0.3), JumpReLU(0.8)),
    "BatchTopK": (BatchTopK(16), BatchTopK(8), BatchTopK(4)),
    "TopK": (TopK(16), TopK(8), TopK(4)),
}


def compute(
    model: Model, hook="blocks.1.hook_resid_post", d_sae=256, steps=1000, n_texts=1200, n_tested=600, seed=0
) -> Result:
    n_ctx = model.config.n_ctx
    texts = labelled_texts(model.tokenizer, n_ctx, n_texts, seed)
    tested = labelled_texts(model.tokenizer, n_ctx, n_tested, seed + 1)
    source = Held(activations(model.transformer, texts.tokens, hook)[:, 1:].flatten(0, 1), 512, seed)
    x = activations(model.transformer, tested.tokens, hook)
    settings = Settings(d_sae=d_sae, steps=steps, seed=seed)

    def measured(sae: SAE) -> tuple[float, float, float]:
        f = sae.encode(x)
        return l0(f[:, 1:]), fvu(x[:, 1:], sae.decode(f)[:, 1:]), interpretable_share(f, tested)

    found = {
        name: [measured(train(architecture, settings, source)) for architecture in architectures]
        for name, architectures in RUNS.items()
    }
    # Controls: an SAE that was not trained, and the stream's own axes, each read in both directions.
    untrained = measured(begin(TopK(8), settings, source).finished())[2]
    centred = x - x[:, 1:].mean((0, 1))
    axes = interpretable_share(torch.cat((centred, -centred), -1).relu(), tested)
    l1 = min(run for run in found["L1"] if run[0] > found["TopK"][1][0])  # fires more than TopK with k = 8
    ratio = l1[1] / found["TopK"][1][1]
    best = max(run[2] for run in found["TopK"])
    return Result(
        data={
            "found": found,
            "controls": {"sin entrenar": untrained, "ejes del residual": axes},
            "d_sae": d_sae,
        },
        values={
            "d_sae": d_sae,
            "steps": steps,
            "l1_l0": l1[0],
            "l1_fvu": l1[1],
            "topk_fvu": found["TopK"][1][1],
            "ratio": ratio,
            "best": best,
            "untrained": untrained,
            "axes": axes,
        },
        claims={
            "ratio": Claim(
                "FVU de L1 entre la de TopK con k = 8, disparando más características", ratio, at_least=1.3
            ),
            "interpretable": Claim(
                "mayor proporción de características interpretables con TopK", best, at_least=0.15
            ),
            "control": Claim(
                "lo mismo, sin entrenar o con los ejes del residual", max(untrained, axes), at_most=0.04
            ),
        },
        alt=(
            "Izquierda: varianza sin explicar frente a características activas (L0) de cinco clases de SAE con el "
            "mismo presupuesto. Derecha: proporción de características interpretables, hasta "
            f"{decimal(100 * best, 0)} % con TopK."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    untold, meaning = figure.subplots(1, 2)
    for (name, runs), color in zip(data["found"].items(), COLORS, strict=True):
        fired, left, share = zip(*runs, strict=True)
        untold.plot(fired, left, "o-", color=color, markersize=8, label=name)
        meaning.plot(fired, share, "o-", color=color, markersize=8)
    for (name, share), side in zip(data["controls"].items(), ("bottom", "top"), strict=True):
        meaning.axhline(share, color=MUTED, linewidth=1.5, linestyle="--")
        meaning.annotate(name, (1, share), xycoords=("axes fraction", "data"), **NEAR, va=side)
    untold.set(yscale="log", yticks=FVU_TICKS, ylabel="varianza sin explicar (FVU)")
    untold.set_title("lo que queda sin contar", **STRONG)
    meaning.set(ylim=(-0.025, None), yticks=SHARES, yticklabels=[f"{decimal(100 * s, 0)} %" for s in SHARES])
    meaning.set_title("características con significado (F1 ≥ 0,8)", **STRONG)
    for axes in (untold, meaning):
        axes.set(xscale="log", xticks=L0_TICKS, xlabel="características activas (L0)")
        axes.set_xticklabels([str(tick) for tick in L0_TICKS])
        axes.xaxis.set_minor_locator(NullLocator())
    untold.set_yticklabels([decimal(tick, 2) for tick in FVU_TICKS])
    untold.yaxis.set_minor_locator(NullLocator())
    untold.legend(loc="lower left", fontsize=14, labelspacing=0.3)
    return figure
