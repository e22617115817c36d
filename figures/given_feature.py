"""A feature of an SAE that is given: where it fires, which tokens it raises, and what the model writes with it."""

from matplotlib.figure import Figure

from figures.style.card import feature_card
from figures.style.look import lecture_style
from figures.style.tokens import labels
from lectern.figure import Report, either
from mechinterp.ioi.prompts import example
from mechinterp.model.language_model import Model
from mechinterp.sae.given_card import card
from mechinterp.sae.shown import shown

TIME_LIMIT = 1800
STRENGTHS = {"abajo": -1, "apagada": 0, "sin tocar": None, "arriba": 1}  # times the most that it fires
FIRST = 5  # words of the sentence of the case study that a text goes on from


def compute(model: Model, sae, seed=0) -> dict:
    if sae is None:
        raise ValueError("expected an SAE to show: --sae FOLDER")
    start = " ".join(example(model).text.split()[:FIRST])
    return card(model, shown(model, sae, seed), start, STRENGTHS, seed) | {"d_sae": sae.sae.d_sae}


def report(data) -> Report:
    effect, tokens = data["effect"], [f"«{token}»" for token in labels(data["raised"])]
    ratio = effect["raised"] / max(effect["raised_by_other"], 1e-12)
    text = "veces que la probabilidad de sus tokens con ella al máximo es la que es con otra"
    return Report(
        values={**effect, "feature": data["feature"], "d_sae": data["d_sae"], "n_tokens": len(tokens)},
        claims=either("writes", "idle", text, ratio, 2),
        alt=f"Ficha de la característica {data['feature']} del SAE, que sube {', '.join(tokens)}: textos en que más se "
        "activa, histograma, tokens que sube y baja, y lo que el modelo escribe con ella abajo, apagada y arriba.",
    )


@lecture_style
def draw(data) -> Figure:
    return feature_card(data, "P(sus tokens)")
