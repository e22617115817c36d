"""Induction appears along training at the moment the loss on repeated sequences drops."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result

HALF = 0.5  # of the attention: from there on the head is said to be there


def compute(history=Path("mechinterp/weights/history.json")) -> Result:
    rows = json.loads(history.read_text(encoding="utf-8"))
    series = {name: [row[name] for row in rows] for name in rows[0]}
    steps = series["step"]
    previous = _first_above(steps, series["previous_token_score"], HALF * max(series["previous_token_score"]))
    induction = _first_above(steps, series["induction_score"], HALF)
    ioi = _first_above(steps, series["ioi_accuracy"], 0.9)
    at = steps.index(induction)
    before = series["repetition_loss"][max(0, at - 4)]
    after = series["repetition_loss"][min(len(steps) - 1, at + 4)]
    return Result(
        data={**series, "induction": induction},
        values={
            "previous": previous,
            "induction": induction,
            "ioi": ioi,
            "loss_before": before,
            "loss_after": after,
            "window": 8 * (steps[1] - steps[0]),
            "loss_end": series["repetition_loss"][-1],
            "steps": steps[-1],
        },
        claims={
            "drop": Claim(
                "caída de la pérdida alrededor de la aparición", before - after, at_least=2, unit=" nats"
            ),
            "order": Claim("pasos entre la inducción y el IOI", ioi - induction, at_least=0),
        },
        alt=(
            "Pérdida en secuencias repetidas y atención de inducción a lo largo del entrenamiento: "
            f"hacia el paso {induction} la pérdida cae de {decimal(before, 1)} a {decimal(after, 1)} nats."
        ),
    )


def _first_above(steps: list, values: list, threshold: float) -> int:
    return next(step for step, value in zip(steps, values, strict=True) if value >= threshold)


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    steps = data["step"]
    upper.plot(
        steps, data["repetition_loss"], color=CATEGORIES[0], label="secuencias repetidas, segunda mitad"
    )
    upper.plot(steps, data["loss"], color=CATEGORIES[5], linewidth=1.5, label="entrenamiento")
    upper.set_ylabel("pérdida (nats)")
    upper.legend(loc="upper right")
    lower.plot(steps, data["induction_score"], color=CATEGORIES[1], label="induction head")
    lower.plot(steps, data["previous_token_score"], color=CATEGORIES[2], label="previous-token head")
    lower.plot(steps, data["ioi_accuracy"], color=CATEGORIES[3], linestyle="--", label="aciertos en IOI")
    lower.set(ylim=(0, 1.02), ylabel="atención · aciertos", xlabel="paso de entrenamiento")
    lower.legend(loc="lower right", fontsize=14, labelspacing=0.2)
    for axes in (upper, lower):
        axes.axvline(data["induction"], color=ACCENT, linewidth=1.5)
    upper.set_title(f"paso {data['induction']}: aparece la inducción", color=ACCENT, loc="left", **STRONG)
    return figure
