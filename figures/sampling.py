"""Greedy, top-k and nucleus sampling keep different parts of one next-token distribution."""

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, lecture_style, titled
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.ioi.prompts import speaks_spanish
from mechinterp.logits.sampling import greedy, nucleus, top_k
from mechinterp.model.language_model import Model

SPANISH = "Esta mañana Elena volvió de la escuela. Ayer Elena fue al mercado y compró una"
ENGLISH = "This morning Ellen came back from school. Yesterday Ellen went to the market and bought a"


def compute(model: Model, prompt="", k=5, p=0.9, shown=14) -> dict:
    prompt = prompt or (SPANISH if speaks_spanish(model) else ENGLISH)
    probabilities = model.next_logits(model.tokens(prompt))[0].softmax(-1)
    kept = {
        "greedy": greedy(probabilities),
        f"top-k, k = {k}": top_k(probabilities, k),
        f"nucleus, p = {decimal(p, 1)}": nucleus(probabilities, p),
    }
    best = probabilities.topk(shown)
    entropy = -(probabilities * probabilities.log()).sum()
    return {
        "prompt": prompt,
        "perplexity": entropy.exp(),
        "tokens": labels(model.strings(best.indices)),
        "model": best.values,
        "kept": {name: distribution[best.indices] for name, distribution in kept.items()},
        "n_kept": {name: int((distribution > 0).sum()) for name, distribution in kept.items()},
    }


def report(data) -> Report:
    _, k, n_nucleus = data["n_kept"].values()
    alt = (
        f"Distribución del token que sigue a «{data['prompt']}», y lo que queda de ella: greedy guarda uno, "
        f"top-k {k} y nucleus {n_nucleus}."
    )
    claim = Claim("tokens que guarda nucleus", n_nucleus, at_least=2)
    return Report({"perplexity": data["perplexity"]}, {"nucleus": claim}, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    rows = range(len(data["tokens"]))
    panels = figure.subplots(1, 3, sharey=True, sharex=True)
    for axes, (name, kept) in zip(panels, data["kept"].items(), strict=True):
        axes.barh(rows, kept, color=CATEGORIES[0], height=0.8)
        axes.plot(data["model"], rows, "|", color=ACCENT, markersize=13, markeredgewidth=3)
        n_kept = data["n_kept"][name]
        titled(axes, f"{name}: {n_kept} token{'' if n_kept == 1 else 's'}")
        axes.set_yticks(rows, data["tokens"])
        axes.tick_params(axis="y", length=0)
    panels[0].invert_yaxis()
    figure.supxlabel("probabilidad: la del modelo (marca) y la del sorteo (barra)", fontsize=15)
    figure.suptitle(f"«{data['prompt']} …»", fontsize=16, color=MUTED)
    return figure
