"""The sentence of the case study, token by token, with the names that its positions have in all that follows."""

import re

from matplotlib.figure import Figure

from figures.style.diagram import arrow, box
from figures.style.look import ACCENT, CATEGORIES, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.ioi.prompts import example, language_of, speaks_spanish
from mechinterp.ioi.published import is_gpt2_small
from mechinterp.model.checkpoints import BUNDLED
from mechinterp.model.language_model import Model

COLORS = {"IO": CATEGORIES[0], "S1": CATEGORIES[1], "S2": CATEGORIES[1], "END": CATEGORIES[2]}
MEANING = {
    "IO": "objeto indirecto:\nla respuesta",
    "S1": "sujeto:\nprimera vez",
    "S2": "sujeto:\nsegunda vez",
    "END": "aquí se predice\nlo que sigue",
}


def compute(model: Model, text="", answer="", subject="") -> dict:
    """Find the positions, and ask for the word that comes next."""
    shown = example(model, text, answer, subject)
    tokens = model.tokens(model.spaced(shown.text))
    row, io, s = tokens[0].tolist(), model.first_token(shown.answer), model.first_token(shown.subject)
    for name, token in ((shown.answer, io), (shown.subject, s)):
        if token not in row:
            raise ValueError(f"expected {name!r} as a word of the sentence, got {shown.text!r}")
    start, last = len(model.start), len(row) - 1
    at = {"IO": row.index(io), "S1": row.index(s), "S2": last - row[::-1].index(s), "END": last}
    logits = model.next_logits(tokens)[0]
    return {
        "tokens": labels(model.strings(tokens[0, start:])),
        "at": {role: position - start for role, position in at.items()},
        "text": shown.text,
        "answer": shown.answer,
        "subject": shown.subject,
        "about": {
            "is_spanish": speaks_spanish(model),
            "is_ours": model.name.startswith(BUNDLED),
            "is_gpt2_small": is_gpt2_small(model),
            "n_names": len(language_of(model).names_of(model)),
            "n_listed": len(language_of(model).names),
        },
        "probability": logits.softmax(-1)[io],
        "difference": logits[io] - logits[s],
    }


def report(data) -> Report:
    values = {name: data[name] for name in ("answer", "subject", "probability")} | data["about"]
    values |= {"marked": re.sub(rf"\b({data['answer']}|{data['subject']})\b", r"**\1**", data["text"])}
    claim = Claim("logit de la respuesta menos el del otro nombre", data["difference"], at_least=0)
    roles = ", ".join(f"{role} es «{data['tokens'][i]}»" for role, i in data["at"].items())
    alt = (
        f"«{' '.join(data['tokens'])}», token a token: {roles}. Se espera {data['answer']}, con probabilidad "
        f"{decimal(data['probability'], 2)}."
    )
    return Report(values, {"difference": claim}, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    shown = [*data["tokens"], data["answer"]]
    roles = {position: role for role, position in data["at"].items()}
    widths = [0.35 + 0.16 * max(2, len(token)) for token in shown]
    edge = 0.0
    for i, (token, width) in enumerate(zip(shown, widths, strict=True)):
        x, role = edge + width / 2, roles.get(i)
        last = i == len(shown) - 1
        color = ACCENT if last else COLORS[role] if role else MUTED
        box(axes, (x, 0), (width, 0.8), color, token, "white" if role else "", fontsize=16)
        if role:
            axes.text(x, 0.65, role, color=color, ha="center", va="bottom", fontsize=19, **STRONG)
            axes.text(x, -0.65, MEANING[role], color=color, ha="center", va="top", fontsize=14)
        edge += width + (0.75 if i == len(shown) - 2 else 0.1)
    start = edge - 0.1 - widths[-1]
    arrow(axes, (start - 0.65, 0), (start - 0.05, 0), ACCENT)
    chance = f"probabilidad:\n{decimal(data['probability'], 2)}"
    axes.text(start + widths[-1] / 2, 0.65, chance, color=ACCENT, ha="center", va="bottom", fontsize=14)
    axes.set(xlim=(-0.1, edge), ylim=(-2, 2))
    axes.axis("off")
    return figure
