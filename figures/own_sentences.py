"""Sentences written by hand, which the model has never seen: what it answers to one, and how often it is right."""

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, ON_WHITE, PALE, lecture_style, titled
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.evaluation.handwritten import answers, kinds, sentences
from mechinterp.model.language_model import Model

KINDS = {
    "ioi": "objeto indirecto",
    "induction": "repetición",
    "fact": "geografía",
    "list": "series",
    "possession": "quién tiene qué",
}


def compute(
    model: Model,
    text="Cuando María y Juan fueron al mercado, Juan le dio pan a",
    answer="María",
    shown=8,
) -> dict:
    """Ask for the next word of a sentence of one's own, and of all those in the file of hand-written ones."""
    probabilities = model.next_logits(model.tokens(text))[0].softmax(-1)
    best = probabilities.topk(shown)
    found = {kind: answers(model, sentences(kind)) for kind in kinds()}
    return {
        "text": text,
        "answer": answer,
        "probability": probabilities[model.first_token(answer)],
        "tokens": labels(model.strings(best.indices)),
        "probabilities": best.values,
        "right": {KINDS[kind]: (one.difference > 0).float().mean() for kind, one in found.items()},
        "n": {KINDS[kind]: len(one.sentences) for kind, one in found.items()},
        "difference": found["ioi"].difference.mean(),
    }


def report(data) -> Report:
    kind = KINDS["ioi"]
    values = {"n": data["n"][kind], "expected": data["answer"], "answer_probability": data["probability"]}
    claims = {
        "answer": Claim(f"probabilidad de {data['answer']}", data["probability"], at_least=0.9),
        "right": Claim("aciertos en frases de IOI escritas a mano", data["right"][kind], at_least=0.97),
        "difference": Claim("diferencia de logits media en ellas", data["difference"], at_least=4),
    }
    alt = (
        f"Lo que el modelo espera tras «{data['text']}»: {data['answer']}, con probabilidad "
        f"{decimal(data['probability'], 2)}. Aciertos por clase de frase escrita a mano: "
        + ", ".join(f"{name}, {decimal(100 * share, 0)} %" for name, share in data["right"].items())
        + "."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    words, shares = figure.subplots(1, 2, width_ratios=(1, 1.1))
    colors = [ACCENT if token.strip() == data["answer"] else PALE for token in data["tokens"]]
    words.barh(data["tokens"], data["probabilities"], color=colors)
    words.invert_yaxis()
    words.set(xlim=(0, 1))
    titled(words, "el siguiente token", xlabel="probabilidad")
    rows = [f"{name}\n({data['n'][name]})" for name in data["right"]]
    bars = shares.barh(rows, list(data["right"].values()), color=CATEGORIES[0])
    shares.bar_label(
        bars, [f"{decimal(100 * share, 0)} %" for share in data["right"].values()], padding=4, bbox=ON_WHITE
    )
    shares.axvline(0.5, color=MUTED, linestyle=":")
    shares.invert_yaxis()
    shares.set(xlim=(0, 1.15))
    titled(shares, "prefiere la respuesta correcta", xlabel="parte de las frases escritas a mano")
    figure.suptitle(f"«{data['text']} …»", fontsize=16, color=MUTED)
    return figure
