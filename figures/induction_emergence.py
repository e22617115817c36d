"""Induction appears along training at the moment the loss on repeated sequences drops."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal, whole
from lectern.figure import Claim, Report
from mechinterp.training.settings import Settings


def compute(history=Path("mechinterp/weights/history.json")) -> dict:
    rows = json.loads(history.read_text(encoding="utf-8"))

    def lasting(name, least) -> int:
        """Return the step from which on a measurement is never below."""
        below = [i for i, row in enumerate(rows) if row[name] < least]
        return rows[min(below[-1] + 1, len(rows) - 1) if below else 0]["step"]

    found = {"induction": lasting("induction_score", 0.5), "ioi": lasting("handwritten_accuracy", 0.9)}
    return (
        {name: [row[name] for row in rows] for name in rows[0]}
        | found
        | {"repeating": Settings().first_marked}
    )


def report(data) -> Report:
    induction, ioi = data["induction"], data["ioi"]
    at = data["step"].index(induction)
    before, *_, after = data["repetition_loss"][max(0, at - 4) : at + 5]
    return Report(
        values={
            "induction": induction,
            "ioi": ioi,
            "loss_before": before,
            "loss_after": after,
            "repeating": data["repeating"],
        },
        claims={
            "drop": Claim("caída de la pérdida alrededor de la aparición", before - after, 2, unit=" nats"),
            "order": Claim("pasos entre la inducción y el IOI", ioi - induction, at_least=0),
        },
        alt="Pérdida en secuencias repetidas y atención de inducción a lo largo del entrenamiento: "
        f"hacia el paso {induction} la pérdida cae de {decimal(before, 1)} a {decimal(after, 1)} nats.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    steps, repeated = data["step"], data["repetition_loss"]
    upper.plot(steps, repeated, color=CATEGORIES[0], label="secuencias repetidas, segunda mitad")
    upper.plot(steps, data["loss"], color=CATEGORIES[5], linewidth=1.5, label="entrenamiento")
    upper.set_ylabel("pérdida (nats)")
    upper.legend(loc="upper right")
    lower.plot(steps, data["induction_score"], color=CATEGORIES[1], label="induction head")
    lower.plot(steps, data["previous_token_score"], color=CATEGORIES[2], label="previous-token head")
    lower.plot(
        steps, data["handwritten_accuracy"], color=CATEGORIES[3], linestyle="--", label="aciertos en IOI"
    )
    lower.set(ylim=(0, 1.02), ylabel="atención · aciertos", xlabel="paso de entrenamiento")
    lower.legend(loc="lower right", fontsize=14, labelspacing=0.2)
    for axes in (upper, lower):
        axes.axvline(data["induction"], color=ACCENT, linewidth=1.5)
        axes.axvline(data["repeating"], color=MUTED, linewidth=1.5, linestyle=":")
    upper.set_title(
        f"paso {whole(data['induction'])}: aparece la inducción", color=ACCENT, loc="left", **STRONG
    )
    return figure
