"""Induction appears along training at the moment the loss on repeated sequences drops."""

import json
from pathlib import Path

from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, MUTED, STRONG, lecture_style
from figures.style.spanish import decimal, whole
from lectern.figure import Claim, Report, either
from mechinterp.evaluation.measure import along, lasting
from mechinterp.training.settings import Settings

TIME_LIMIT = 3600  # for models of the hub, many times
FORMED, LEARNED = 0.5, 0.9  # attention of an induction head, share of right answers in IOI
HEADS = (
    ("induction_score", "induction head", CATEGORIES[1]),
    ("previous_token_score", "previous-token head", CATEGORIES[2]),
)
WIDE = 50  # times that the last step is the second, from which on steps are drawn by their logarithm


def compute(checkpoints, history=Path("mechinterp/weights/history.json")) -> dict:
    """Measure the checkpoints that are given, or else read what was measured while the lecture's model was trained."""
    rows = along(checkpoints) if checkpoints else json.loads(history.read_text(encoding="utf-8"))
    task = "ioi_accuracy" if checkpoints else "handwritten_accuracy"
    return {name: [row[name] for row in rows] for name in rows[0]} | {
        "right": [row[task] for row in rows],
        "induction": lasting(rows, "induction_score", FORMED),
        "ioi": lasting(rows, task, LEARNED),
        "repeating": None if checkpoints else Settings().first_marked,
        "unit": "checkpoint" if checkpoints and not checkpoints.in_steps else "paso",
        "is_ours": checkpoints is None,
    }


def report(data) -> Report:
    induction, ioi, loss, unit = (data[name] for name in ("induction", "ioi", "repetition_loss", "unit"))
    values = {name: data[name] for name in ("is_ours", "unit", "induction", "ioi", "repeating")}
    claims, alt = {}, "Pérdida en secuencias repetidas y atención de inducción a lo largo del entrenamiento: "
    if induction is None:
        score = Claim("atención de inducción al final", data["induction_score"][-1], at_most=FORMED)
        claims, alt = {"absent": score}, f"{alt}la de inducción no llega a {decimal(FORMED, 1)}."
    else:
        at, reach = data["step"].index(induction), 4 if data["is_ours"] else 1
        before, *_, after = loss[max(0, at - reach) : at + reach + 1]
        values |= {"loss_before": before, "loss_after": after}
        text = "caída de la pérdida alrededor de la aparición"
        claims = either("drop", "steady", text, before - after, 2, unit=" nats")
        alt += (
            f"hacia el {unit} {induction} la pérdida cae de {decimal(before, 1)} a {decimal(after, 1)} nats."
        )
    if ioi is None:
        claims |= {"unlearned": Claim("aciertos en IOI al final", data["right"][-1], at_most=LEARNED)}
    elif induction is not None:
        claims |= either("order", "earlier", "pasos entre la inducción y el IOI", ioi - induction, 0)
    said = {name: value for name, value in values.items() if value is not None}
    return Report({**said, "n": len(loss)}, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure, steps, marker = Figure(), data["step"], None if data["is_ours"] else "o"
    upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1))
    repeated, along_steps = "secuencias repetidas, segunda mitad", f"{data['unit']} de entrenamiento"
    upper.plot(steps, data["repetition_loss"], color=CATEGORIES[0], marker=marker, label=repeated)
    if data["is_ours"]:
        upper.plot(steps, data["loss"], color=CATEGORIES[5], linewidth=1.5, label="entrenamiento")
    elif steps[-1] > WIDE * steps[1]:
        lower.set_xscale("symlog", linthresh=max(1, steps[1]))  # the first step may be 0
    upper.set_ylabel("pérdida (nats)")
    upper.legend(loc="upper right")
    for name, label, color in HEADS:
        lower.plot(steps, data[name], color=color, marker=marker, label=label)
    right = {"color": CATEGORIES[3], "linestyle": "--", "label": "aciertos en IOI"}
    lower.plot(steps, data["right"], marker=marker, **right)
    lower.set(ylim=(0, 1.02), ylabel="atención · aciertos", xlabel=along_steps)
    lower.legend(loc="lower right", fontsize=14, labelspacing=0.2)
    for axes in (upper, lower):
        if data["induction"] is not None:
            axes.axvline(data["induction"], color=ACCENT, linewidth=1.5)
        if data["repeating"] is not None:
            axes.axvline(data["repeating"], color=MUTED, linewidth=1.5, linestyle=":")
    title = "no aparece la inducción"
    if data["induction"] is not None:
        title = f"{data['unit']} {whole(data['induction'])}: aparece la inducción"
    upper.set_title(title, color=ACCENT, loc="left", **STRONG)
    return figure
