"""On the same budget, SAEs that set how many features fire leave less unexplained than those that penalise them."""

from matplotlib.figure import Figure

from figures.style.axes import named_ticks
from figures.style.look import CATEGORIES, MUTED, STRONG, lecture_style
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

TIME_LIMIT = 900
MIDDLE = "blocks.1.hook_resid_post"
COLORS = (CATEGORIES[0], CATEGORIES[3], CATEGORIES[4], CATEGORIES[2], CATEGORIES[1])
RUNS = {  # from many features to few
    "L1": (L1(1.5), L1(3.0), L1(6.0)),
    "Gated": (Gated(1.0), Gated(2.5), Gated(5.0)),
    "JumpReLU": (JumpReLU(0.1), JumpReLU(0.3), JumpReLU(0.8)),
    "BatchTopK": (BatchTopK(16), BatchTopK(8), BatchTopK(4)),
    "TopK": (TopK(16), TopK(8), TopK(4)),
}


def compute(model: Model, hook=MIDDLE, d_sae=256, steps=1000, n_texts=1200, n_tested=600, seed=0) -> dict:
    texts, tested = labelled_split(model, n_texts, n_tested, seed)
    source = held_activations(model.transformer, texts.tokens, hook, size=512, seed=seed)
    x = activations(model.transformer, tested.tokens, hook)
    settings = Settings(d_sae=d_sae, steps=steps, seed=seed)

    def measured(sae: SAE) -> tuple[float, float, float]:
        f = sae.encode(x)
        return l0(f[:, 1:]), fvu(x[:, 1:], sae.decode(f)[:, 1:]), interpretable_share(f, tested)

    found = {name: [measured(train(run, settings, source)) for run in runs] for name, runs in RUNS.items()}
    # Controls: an SAE that was not trained, and the stream's own axes, each read in both directions.
    untrained = measured(begin(TopK(8), settings, source).finished())[2]
    axes = interpretable_share(axes_as_features(x), tested)
    return {"found": found, "controls": {"sin entrenar": untrained, "ejes del residual": axes}}


def report(data) -> Report:
    topk = data["found"]["TopK"][1]  # k = 8
    l1 = min(run for run in data["found"]["L1"] if run[0] > topk[0])  # fires more
    ratio, best = l1[1] / topk[1], max(share for _, _, share in data["found"]["TopK"])
    untrained, axes = data["controls"].values()
    control = max(untrained, axes)
    return Report(
        values={"l1_l0": l1[0], "l1_fvu": l1[1], "topk_fvu": topk[1], "untrained": untrained, "axes": axes},
        claims={
            "ratio": Claim(
                "FVU de L1 entre la de TopK con k = 8, disparando más características", ratio, 1.3
            ),
            "interpretable": Claim("mayor proporción de características interpretables con TopK", best, 0.1),
            "control": Claim("lo mismo, sin entrenar o con los ejes del residual", control, at_most=best / 4),
        },
        alt="Izquierda: varianza sin explicar frente a características activas (L0) de cinco clases de SAE con el "
        "mismo presupuesto. Derecha: proporción de características interpretables, hasta "
        f"{decimal(100 * best, 0)} % con TopK.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    unexplained, meaning = figure.subplots(1, 2)
    for (name, runs), color in zip(data["found"].items(), COLORS, strict=True):
        fired, left, share = zip(*runs, strict=True)
        unexplained.plot(fired, left, "o-", color=color, markersize=8, label=name)
        meaning.plot(fired, share, "o-", color=color, markersize=8)
    near = {"xycoords": ("axes fraction", "data"), "color": MUTED, "ha": "right", "fontsize": 14}
    for (name, share), side in zip(data["controls"].items(), ("bottom", "top"), strict=True):
        meaning.axhline(share, color=MUTED, linewidth=1.5, linestyle="--")
        meaning.annotate(name, (1, share), va=side, **near)
    for axes in (unexplained, meaning):
        axes.set(xscale="log", xlabel="características activas (L0)")
        named_ticks(axes.xaxis, {"2": 2, "4": 4, "8": 8, "16": 16})
    unexplained.set(yscale="log", ylabel="varianza sin explicar (FVU)")
    named_ticks(unexplained.yaxis, {"0,03": 0.03, "0,10": 0.1, "0,30": 0.3})
    unexplained.set_title("lo que queda sin explicar", **STRONG)
    unexplained.legend(loc="lower left", fontsize=14, labelspacing=0.3)
    meaning.set_ylim(-0.025)
    meaning.set_yticks((0, 0.1, 0.2), ("0 %", "10 %", "20 %"))
    meaning.set_title("características con significado (F1 ≥ 0,8)", **STRONG)
    return figure
