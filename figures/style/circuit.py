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
# Of each row its name, and its heads: the role, the head, and how many places it stands from its column.
Rows = list[tuple[str, list[tuple[str, Mapping[str, Any], int]]]]

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
MOST_LAYERS = 6  # that have a row each
SIDE_BY_SIDE = 4  # heads that a row has room for
LEGEND = 8.0  # where the list of heads begins


def draw_circuit(axes: Axes, heads: Heads, n_layers: int) -> None:
    """Draw the heads on the way from the tokens to the logits, by layer; where many layers have one, by role."""
    used = sorted({head["layer"] for role in ROUTE for head in heads[role]})
    layers = list(range(n_layers)) if n_layers <= MOST_LAYERS else used
    rows = _by_layer(heads, layers) if len(layers) <= MOST_LAYERS else _by_role(heads)
    rise = TOP / (len(rows) + 1)
    axes.set(xlim=(-1.7, 14.3), ylim=(-0.3, TOP + 0.35))
    axes.axis("off")
    places: dict[str, dict[str, Point]] = {role: {} for role in ROUTE}
    for row, (name, drawn) in enumerate(rows):
        y = (row + 1) * rise
        axes.plot((-0.5, 7.0), (y, y), color=FAINT, linewidth=1, zorder=0)
        axes.text(-0.65, y, name, color=MUTED, fontsize=14, ha="right", va="center")
        for role, head, i in drawn:
            places[role][head["name"]] = (COLUMNS[ROUTE[role][1]] - 1.3 * i, y)
    for token in ("S2", "END"):  # the residual streams that heads of the circuit write into
        axes.plot((COLUMNS[token],) * 2, (0, TOP), color=FAINT, linewidth=5, zorder=0)
    for token, x in COLUMNS.items():
        box(axes, (x, 0), (1.1, 0.4), INK, token)
    box(axes, (COLUMNS["END"], TOP), (2.6, 0.4), INK, "logit(IO) − logit(S)")
    shown = [(role, head) for _, drawn in rows for role, head, _ in drawn]
    for role, head in shown:
        _edges(axes, role, head, places)
    for role, head in shown:
        box(axes, places[role][head["name"]], (1.05, 0.42), COLORS[role], head["name"], "white", fontsize=15)


def _by_layer(heads: Heads, layers: Sequence[int]) -> Rows:
    """Return a row for each layer; the heads of a role stand side by side, whatever their layers."""
    placed = [(role, head, i) for role in ROUTE for i, head in enumerate(heads[role])]
    return [(f"capa {layer}", [one for one in placed if one[1]["layer"] == layer]) for layer in layers]


def _by_role(heads: Heads) -> Rows:
    """Return a row for the roles that are read by the same one, of each in turn the head with the largest effect."""
    rows: Rows = []
    for reader in dict.fromkeys(reader for _, _, reader in ROUTE.values()):
        ranked = [
            (i, role, head)
            for role, route in ROUTE.items()
            if route[2] == reader
            for i, head in enumerate(heads[role])
        ]
        shown = sorted(ranked, key=lambda one: one[0])[:SIDE_BY_SIDE]
        layers = sorted({head["layer"] for _, _, head in shown})
        if layers:
            name = f"capas {layers[0]}–{layers[-1]}" if len(layers) > 1 else f"capa {layers[0]}"
            rows.append((name, [(role, head, i) for i, (_, role, head) in enumerate(shown)]))
    return rows


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


def _edges(axes: Axes, role: str, head: Mapping[str, Any], places: Mapping[str, Mapping[str, Point]]) -> None:
    """Draw from where a head reads, and, as wide as its effect, to what reads it."""
    token, _, reader = ROUTE[role]
    x, y = places[role][head["name"]]
    read = {"color": COLORS[role], "linewidth": 2.5, "linestyle": ":", "zorder": 0.5}  # behind the boxes
    axes.plot((COLUMNS[token], x - 0.15), (0.22, y - HALF), **read)
    targets = [(COLUMNS["END"], TOP)] if reader is None else places[reader].values()
    for target in targets:
        width = 1 + WIDEST * min(1.0, abs(head["effect"]))
        arrow(axes, (x, y + HALF), (target[0], target[1] - HALF), COLORS[role], width, head=14)
