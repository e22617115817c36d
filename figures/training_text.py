"""What the lecture's model has read: the kinds of sentence of its corpus, with an example of each."""

from collections import defaultdict

from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, MUTED, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.sae.labels import KINDS
from mechinterp.text.corpus import Corpus
from mechinterp.training.settings import Settings

LONGEST = 78  # characters of an example


def compute(n=4000, seed=1_000_000) -> dict:
    """Draw sentences as for training, with another seed, and count them by kind."""
    corpus, drawn = Corpus(seed), defaultdict(list)
    for _ in range(n):
        kind, sentence = corpus.kind_and_sentence()
        drawn[kind].append(sentence)
    kinds = sorted(drawn, key=lambda kind: -len(drawn[kind]))
    settings = Settings()
    return {
        "shares": {KINDS[kind]: len(drawn[kind]) / n for kind in kinds},
        # The longest of the short ones: it shows most of its kind.
        "examples": {
            KINDS[kind]: max(
                (text for text in drawn[kind] if len(text) <= LONGEST),
                key=len,
                default=min(drawn[kind], key=len),
            )
            for kind in kinds
        },
        "steps": settings.steps,
        "batch": settings.batch,
        "random": settings.repeated + settings.marked,
        "d_mlp": settings.d_mlp,
        "first": settings.first_marked,
    }


def report(data) -> Report:
    values = {name: data[name] for name in ("steps", "batch", "random", "first", "d_mlp")}
    values |= {"n_kinds": len(data["shares"])}
    claim = Claim("clases de frase, además de la de regalo", len(data["shares"]) - 1, at_least=10)
    listed = "; ".join(f"{kind}, {decimal(100 * share, 0)} %" for kind, share in data["shares"].items())
    return Report(values, {"kinds": claim}, f"Clases de frase con que se entrenó el modelo: {listed}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    bars, texts = figure.subplots(1, 2, width_ratios=(1, 5), sharey=True)
    rows = range(len(data["shares"]))
    drawn = bars.barh(rows, list(data["shares"].values()), color=CATEGORIES[0])
    bars.bar_label(
        drawn, [f"{decimal(100 * share, 0)} %" for share in data["shares"].values()], padding=4, fontsize=14
    )
    bars.set_yticks(rows, list(data["shares"]))
    bars.set(xlim=(0, 0.6), ylim=(len(rows) - 0.4, -0.6), xticks=())
    bars.spines[:].set_visible(False)
    bars.tick_params(length=0)
    texts.axis("off")
    for row, example in zip(rows, data["examples"].values(), strict=True):
        texts.text(0, row, f"«{example}»", va="center", fontsize=14, color=MUTED)
    return figure
