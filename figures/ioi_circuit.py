"""The IOI circuit that is found in the model: which heads, what they read, and how much goes through each edge."""

from matplotlib.figure import Figure

from figures.style.circuit import draw_circuit, list_heads
from figures.style.look import SIZE, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.ioi.circuit import Role, Verdict, faithfulness, find_circuit, incompleteness, minimality
from mechinterp.ioi.prompts import prompts
from mechinterp.model.language_model import Model

ROLES = {
    Role.NAME_MOVER: "name mover",
    Role.S_INHIBITION: "S-inhibition",
    Role.DUPLICATE_TOKEN: "duplicate-token",
    Role.INDUCTION: "induction",
    Role.BACKUP: "backup",
    Role.NEGATIVE: "negative",
    Role.SUPPORT: "apoyo",
}


def compute(model: Model, n_prompts=200, seed=1_000_000) -> Result:
    asked = prompts(model, n_prompts, seed)
    circuit = find_circuit(model, asked)
    route = sorted({v.head for v in circuit.verdicts if v.role is not Role.SUPPORT})
    kept, alone = (
        faithfulness(model, asked, heads).mean() / circuit.difference for heads in (circuit.heads, route)
    )
    needed = minimality(model, asked, circuit)
    inhibitors, movers = circuit.of(Role.S_INHIBITION), circuit.of(Role.NAME_MOVER)
    return Result(
        data={
            "heads": {
                name: [_shown(verdict) for verdict in circuit.of(role)] for role, name in ROLES.items()
            },
            "n_layers": model.config.n_layers,
        },
        values={
            "movers": [str(verdict.head) for verdict in movers],
            "inhibitors": [str(verdict.head) for verdict in inhibitors],
            "supports": [str(verdict.head) for verdict in circuit.of(Role.SUPPORT)],
            "n_duplicate": len(circuit.of(Role.DUPLICATE_TOKEN)) + len(circuit.of(Role.INDUCTION)),
            "n_negative": len(circuit.of(Role.NEGATIVE)),
            "n_backup": len(circuit.of(Role.BACKUP)),
            "n_heads": len(circuit.heads),
            "n_all": model.config.n_layers * model.config.n_heads,
            "faithfulness": kept,
            "route": alone,
            "least_needed": min(needed.values()),
            "incompleteness": incompleteness(model, asked, circuit),
            "control": circuit.control.get(Role.S_INHIBITION, 0.0),
            "n_prompts": n_prompts,
        },
        claims={
            "faithful": Claim(
                "parte de la diferencia que conserva el circuito", kept.item(), at_least=0.8, at_most=1.2
            ),
            "minimal": Claim(
                "parte que pierde sin su cabeza menos necesaria", min(needed.values()), at_least=0.05
            ),
            "inhibited": Claim("cabezas de S-inhibition", len(inhibitors), at_least=1),
        },
        alt=(
            f"Grafo del circuito: {len(inhibitors)} cabezas leen S2 desde el final y, por sus consultas, desvían a "
            f"{len(movers)} que copia IO; con {len(circuit.of(Role.SUPPORT))} de apoyo conservan el "
            f"{decimal(100 * kept, 0)} % de la diferencia."
        ),
    )


def _shown(verdict: Verdict) -> dict:
    return {
        "name": str(verdict.head),
        "layer": verdict.head.layer,
        "effect": verdict.effect,
        "attention": verdict.attention,
    }


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    draw_circuit(axes, data["heads"], data["n_layers"])
    list_heads(axes, data["heads"])
    return figure
