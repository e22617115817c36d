"""The graph of an IOI circuit: tokens below, heads by layer, the logits on top.

A dotted line goes from what a head looks at to the head, and an arrow, as wide as its effect, to what reads it.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from figures.style.diagram import Point, arrow, box
from figures.style.look import CATEGORIES, FAINT, INK, MUTED, PALE, STRONG
from figures.style.spanish import decimal

Heads = Mapping[str, Sequence[Mapping[str, Any]]]  # by role: name, layer, effect, attention

COLORS = {
    "name mover": CATEGORIES[0],
    "S-inhibition": CATEGORIES[1],
    "duplicate-token": CATEGORIES[2],
    "induction": CATEGORIES[2],
    "backup": CATEGORIES[5],
    "negative": CATEGORIES[3],
    "apoyo": PALE,
}
# What the effect of a role is measured by: roles are not compared with one another.
MEASURES = {
    "name mover": "lo que escribe",
    "S-inhibition": "camino a las consultas",
    "duplicate-token": "camino a los valores",
    "induction": "camino a los valores",
    "backup": "lo que escribe de más",
    "negative": "lo que escribe en contra",
    "apoyo": "lo que se pierde sin ella",
}
# The roles that are drawn: the token their heads look at, the one they look from, and the role that reads them.
ROUTE = {
    "duplicate-token": ("S1", "S2", "S-inhibition"),
    "induction": ("S1", "S2", "S-inhibition"),
    "S-inhibition": ("S2", "END", "name mover"),
    "name mover": ("IO", "END", None),
}
COLUMNS = {"S1": 0.0, "IO": 2.0, "S2": 4.0, "END": 6.0}
TOP = 4.0  # where the logits are
WIDEST = 6.0  # points, of an edge whose effect is the whole difference
HALF = 0.24  # of a box' height, with some air
MOST_LAYERS = 6  # that are all drawn
LEGEND = 8.0  # where the list of heads begins


def draw_circuit(axes: Axes, heads: Heads, n_layers: int) -> None:
    """Draw the heads on the way from the tokens to the logits; of many layers, those that have one."""
    used = sorted({head["layer"] for role in ROUTE for head in heads[role]})
    layers = list(range(n_layers)) if n_layers <= MOST_LAYERS else used
    rise = TOP / (len(layers) + 1)
    axes.set(xlim=(-1.7, 14.3), ylim=(-0.3, TOP + 0.35))
    axes.axis("off")
    for row, layer in enumerate(layers):
        y = (row + 1) * rise
        axes.plot((-0.5, 7.0), (y, y), color=FAINT, linewidth=1, zorder=0)
        axes.text(-0.65, y, f"capa {layer}", color=MUTED, fontsize=14, ha="right", va="center")
    for token in ("S2", "END"):  # the residual streams that heads of the circuit write into
        axes.plot((COLUMNS[token],) * 2, (0, TOP), color=FAINT, linewidth=5, zorder=0)
    for token, x in COLUMNS.items():
        box(axes, (x, 0), (1.1, 0.4), INK, token)
    box(axes, (COLUMNS["END"], TOP), (2.6, 0.4), INK, "logit(IO) − logit(S)")
    places: dict[str, list[Point]] = {}
    for role, (_, column, _) in ROUTE.items():
        places[role] = [
            (COLUMNS[column] - 1.3 * i, (layers.index(head["layer"]) + 1) * rise)
            for i, head in enumerate(heads[role])
        ]
    for role in ROUTE:
        for head, place in zip(heads[role], places[role], strict=True):
            _edges(axes, role, head, place, places)
    for role in ROUTE:
        for head, place in zip(heads[role], places[role], strict=True):
            box(axes, place, (1.05, 0.42), COLORS[role], head["name"], "white", fontsize=15)


def list_heads(axes: Axes, heads: Heads) -> None:
    """List every role that has heads, with what its effect is, its heads and their effects, most of them six."""
    listed = [role for role in COLORS if heads[role]]
    absent = [role for role in COLORS if not heads[role]]
    spacing = min(0.72, (TOP - 0.1) / (len(listed) + bool(absent) + 0.3))
    axes.text(
        LEGEND, TOP + 0.1, "cabezas y su efecto, en veces la diferencia", fontsize=14, va="center", **STRONG
    )
    for i, role in enumerate(listed):
        y = TOP + 0.15 - spacing * (i + 1)
        axes.plot(LEGEND + 0.1, y + 0.12, "s", color=COLORS[role], markersize=11)
        axes.text(LEGEND + 0.4, y + 0.12, role, fontsize=14, va="center", **STRONG)
        axes.text(LEGEND + 0.4, y - 0.13, MEASURES[role], color=MUTED, fontsize=14, va="center")
        named = heads[role][:6] if spacing > 0.6 else heads[role][:4]
        each = [f"{head['name']} ({decimal(head['effect'], 2)})" for head in named]
        lines = [", ".join(each[start : start + 2]) for start in (0, 2, 4)]
        axes.text(
            LEGEND + 3.5,
            y,
            "\n".join(filter(None, lines)),
            fontsize=14,
            va="center",
            linespacing=0.95 if spacing < 0.6 else 1.15,
        )
    if absent:
        y = TOP + 0.05 - spacing * (len(listed) + 1)
        axes.text(LEGEND, y, f"ninguna: {', '.join(absent)}", color=MUTED, fontsize=14, va="center")
    y = -0.02
    axes.plot((LEGEND, LEGEND + 0.7), (y, y), color=INK, linewidth=2.5, linestyle=":")
    axes.text(LEGEND + 0.85, y, "qué lee", fontsize=14, va="center")
    arrow(axes, (LEGEND + 2.6, y), (LEGEND + 3.4, y), INK, 3)
    axes.text(LEGEND + 3.55, y, "quién la lee (ancho: efecto)", fontsize=14, va="center")


def _edges(
    axes: Axes, role: str, head: Mapping[str, Any], place: Point, places: Mapping[str, list[Point]]
) -> None:
    """Draw from where a head reads, and, as wide as its effect, to what reads it."""
    token, _, reader = ROUTE[role]
    x, y = place
    axes.plot((COLUMNS[token], x - 0.15), (0.22, y - HALF), color=COLORS[role], linewidth=2.5, linestyle=":")
    targets = [(COLUMNS["END"], TOP)] if reader is None else places[reader]
    for target in targets:
        width = 1 + WIDEST * min(1.0, abs(head["effect"]))
        arrow(axes, (x, y + HALF), (target[0], target[1] - HALF), COLORS[role], width, head=14)
