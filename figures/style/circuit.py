"""The graph of an IOI circuit: tokens below, heads by layer, the logits on top, edges as wide as their effect."""

from collections.abc import Mapping, Sequence
from typing import Any

from matplotlib.axes import Axes

from figures.style.diagram import Point, arrow, box
from figures.style.look import ACCENT, CATEGORIES, FAINT, INK, MUTED, STRONG
from figures.style.spanish import decimal

Heads = Mapping[str, Sequence[Mapping[str, Any]]]  # by role: name, layer, effect, attention

COLORS = {
    "name mover": CATEGORIES[0],
    "S-inhibition": CATEGORIES[1],
    "duplicate-token": CATEGORIES[2],
    "induction": CATEGORIES[2],
    "backup": CATEGORIES[5],
    "negative": CATEGORIES[3],
    "apoyo": MUTED,
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
WIDEST = 9.0  # points, of an edge whose effect is the whole difference
HALF = 0.24  # of a box' height, with some air


def draw_circuit(axes: Axes, heads: Heads, n_layers: int) -> None:
    """Draw the heads on the way from the tokens to the logits."""
    rise = TOP / (n_layers + 1)
    axes.set(xlim=(-1.9, 13.5), ylim=(-0.45, TOP + 0.45))
    axes.axis("off")
    for layer in range(n_layers):
        y = (layer + 1) * rise
        axes.plot((-0.55, 7.2), (y, y), color=FAINT, linewidth=1, zorder=0)
        axes.text(-0.7, y, f"capa {layer}", color=MUTED, fontsize=13, ha="right", va="center")
    for token in ("S2", "END"):  # the residual streams that heads of the circuit write into
        axes.plot((COLUMNS[token],) * 2, (0, TOP), color=FAINT, linewidth=5, zorder=0)
    for token, x in COLUMNS.items():
        box(axes, (x, 0), (1.1, 0.4), INK, token)
    box(axes, (COLUMNS["END"], TOP), (2.4, 0.4), INK, "logit(IO) − logit(S)")
    places: dict[str, list[Point]] = {}
    for role, (_, column, _) in ROUTE.items():
        places[role] = [
            (COLUMNS[column] - 1.3 * i, (head["layer"] + 1) * rise) for i, head in enumerate(heads[role])
        ]
    for role in ROUTE:
        for head, place in zip(heads[role], places[role], strict=True):
            _edges(axes, role, head, place, places)
    for role in ROUTE:
        for head, place in zip(heads[role], places[role], strict=True):
            box(axes, place, (1.0, 0.42), COLORS[role], head["name"], "white", fontsize=15)


def list_heads(axes: Axes, heads: Heads) -> None:
    """List every role with what its effect is, its heads and their effects, most of them six."""
    axes.text(
        7.9, TOP + 0.1, "cabezas y su efecto, en veces la diferencia", color=ACCENT, fontsize=14, va="center"
    )
    for i, (role, color) in enumerate(COLORS.items()):
        y = TOP - 0.6 * (i + 1) + 0.1
        axes.text(7.9, y + 0.11, role, color=color, fontsize=14, va="center", **STRONG)
        axes.text(7.9, y - 0.12, MEASURES[role], color=MUTED, fontsize=13, va="center")
        listed = [f"{head['name']} ({decimal(head['effect'], 2)})" for head in heads[role][:6]] or ["ninguna"]
        lines = [", ".join(listed[:3]), ", ".join(listed[3:])]
        axes.text(10.6, y, "\n".join(filter(None, lines)), fontsize=13, va="center", linespacing=1.3)


def _edges(
    axes: Axes, role: str, head: Mapping[str, Any], place: Point, places: Mapping[str, list[Point]]
) -> None:
    """Draw what a head looks at, as wide as its attention, and what reads it, as wide as its effect."""
    token, _, reader = ROUTE[role]
    x, y = place
    arrow(axes, (COLUMNS[token], 0.22), (x - 0.15, y - HALF), COLORS[role], 1 + WIDEST * head["attention"])
    targets = [(COLUMNS["END"], TOP)] if reader is None else places[reader]
    for target in targets:
        width = 1 + WIDEST * min(1.0, abs(head["effect"]))
        arrow(axes, (x, y + HALF), (target[0], target[1] - HALF), COLORS[role], width)
