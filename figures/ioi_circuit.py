"""The IOI circuit that is found in the model: which heads, what they read, and how much goes through each edge."""

from matplotlib.figure import Figure

from figures.style.circuit import draw_circuit, list_heads
from figures.style.look import lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report, either
from mechinterp.ioi.circuit import (
    Role,
    faithfulness,
    faithfulness_of_random,
    find_circuit,
    incompleteness,
    minimality,
)
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.model.language_model import Model

ROLES = {
    "name mover": Role.NAME_MOVER,
    "S-inhibition": Role.S_INHIBITION,
    "duplicate-token": Role.DUPLICATE_TOKEN,
    "induction": Role.INDUCTION,
    "backup": Role.BACKUP,
    "negative": Role.NEGATIVE,
    "apoyo": Role.SUPPORT,
}


def compute(model: Model, n_prompts=200, n_draws=20, seed=1_000_000) -> dict:
    n_heads = model.config.n_layers * model.config.n_heads
    asked = prompts(model, model.affordable(n_prompts, runs=n_heads), seed)
    instead = other_names(model, asked)
    circuit = find_circuit(model, asked, instead)
    route = sorted({verdict.head for verdict in circuit.verdicts if verdict.role is not Role.SUPPORT})
    kept, alone = (faithfulness(model, asked, heads, instead).mean() for heads in (circuit.heads, route))
    at_random = faithfulness_of_random(model, asked, len(circuit.heads), instead, n_draws, seed)
    heads = {
        name: [
            {"name": str(v.head), "layer": v.head.layer, "effect": v.effect, "attention": v.attention}
            for v in circuit.of(role)
        ]
        for name, role in ROLES.items()
    }
    return {
        "heads": heads,
        "n_heads": len(circuit.heads),
        "n_all": n_heads,
        "n_draws": n_draws,
        "n_layers": model.config.n_layers,
        "faithful": kept / circuit.difference,
        "route": alone / circuit.difference,
        "least_needed": min(map(abs, minimality(model, asked, circuit, instead).values()), default=0.0),
        "incompleteness": incompleteness(model, asked, circuit, instead),
        "control": circuit.control.get(Role.S_INHIBITION, 0.0),
        "at_random": at_random.mean() / circuit.difference,
    }


def report(data) -> Report:
    names = {role: [head["name"] for head in heads] for role, heads in data["heads"].items()}
    movers, inhibitors, supports = (names[role] for role in ("name mover", "S-inhibition", "apoyo"))
    values = {"movers": movers, "inhibitors": inhibitors, "supports": supports}
    values |= {x: data[x] for x in ("n_heads", "n_all", "route", "incompleteness", "control", "n_draws")}
    values |= {"duplicates": names["duplicate-token"] + names["induction"]}
    values |= {"backups": names["backup"], "negatives": names["negative"]}
    kept = data["faithful"]
    claims = {
        "faithful": Claim("parte de la diferencia que conserva el circuito", kept, at_least=0.8, at_most=1.2),
        "minimal": Claim("parte que cambia sin la menos necesaria", data["least_needed"], at_least=0.01),
        "chance": Claim("lo mismo, de otras tantas al azar", data["at_random"], at_most=kept / 2),
    }
    claims |= either("inhibited", "uninhibited", "cabezas de S-inhibition", len(inhibitors), 1)
    alt = (
        f"Grafo del circuito. Leen S2 desde el final: {', '.join(inhibitors) or 'ninguna'}. Copian IO, desviadas por "
        f"ellas a través de las consultas: {', '.join(movers) or 'ninguna'}. Con {len(supports)} de apoyo, el "
        f"circuito conserva el {decimal(100 * kept, 0)} % de la diferencia."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    draw_circuit(axes, data["heads"], data["n_layers"])
    list_heads(axes, data["heads"])
    return figure
