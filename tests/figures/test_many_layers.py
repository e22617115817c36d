"""Figures stay legible on models of many layers: no word over another, none small, no box over another."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.text import Text
from matplotlib.transforms import Bbox

from figures import ioi_circuit, logit_lens, residual_sum
from figures.style.circuit import SIDE_BY_SIDE
from figures.style.sums import spaced

SMALLEST = 14  # points
INK = 0.6  # of a line's height, that letters fill at least


def words(figure: Figure) -> Iterator[tuple[str, float, Bbox]]:
    """Yield each word that is shown: itself, its size, and about where its ink is."""
    FigureCanvasAgg(figure).draw()
    for text in figure.findobj(Text):
        box = text.get_window_extent()
        inside = all(axes.bbox.padded(80).overlaps(box) for axes in [text.axes] if axes)
        if text.get_visible() and text.get_text().strip() and inside:
            spare = (1 - INK) / 2 * box.height / (1 + text.get_text().count("\n"))
            yield (
                text.get_text(),
                text.get_fontsize(),
                Bbox([[box.x0, box.y0 + spare], [box.x1, box.y1 - spare]]),
            )


def assert_legible(figure: Figure) -> None:
    found = list(words(figure))
    assert len(found) > 20
    assert [word for word, size, _ in found if size < SMALLEST] == []
    assert [(a, b) for (a, _, one), (b, _, two) in combinations(found, 2) if over(one, two)] == []


def over(one: Bbox, two: Bbox) -> bool:
    shared = Bbox.intersection(one, two)
    return shared is not None and shared.width > 1 and shared.height > 1


@pytest.mark.parametrize("n_layers", [4, 12, 24, 48])
def test_the_lens_shows_as_many_rows_as_there_is_room_for(n_layers: int) -> None:
    stages = n_layers + 1
    mean = np.linspace(0, 12, stages)
    data = {
        "tokens": ["school", ",", "James", "gave", "a", "drink", "to"],
        "best": [[f"{stage}a", "policeman", "and", "got", "fec", "Tom", "g"] for stage in range(stages)],
        "probability": np.full((stages, 7), 0.5),
        "difference": np.stack((mean, mean - 0.1, mean + 0.1)),
        "n_prompts": 40,
    }
    figure = logit_lens.draw(data)
    assert_legible(figure)
    table, curve = figure.axes
    rows = [label.get_text() for label in table.get_yticklabels()]
    assert rows[-1] == f"capa {n_layers - 1}"
    assert len(rows) == {4: 5, 12: 13, 24: 13, 48: 13}[n_layers]
    first = rows[0].removeprefix("capa ")
    shown = [text.get_text() for text in table.texts]
    assert f"{0 if first == 'antes' else int(first) + 1}a" == shown[0]
    assert shown[-7] == f"{n_layers}a"
    # Each point of the curve stands at the height of its stage.
    heights = curve.lines[1].get_ydata()
    assert heights[-1] == len(rows) - 1
    assert len(heights) == stages


@pytest.mark.parametrize("n_layers", [4, 12, 24, 48])
def test_a_sum_names_and_numbers_as_many_terms_as_there_is_room_for(n_layers: int) -> None:
    names = [f"{part} {layer}" for layer in range(n_layers) for part in ("atención", "MLP")]
    draw = np.random.default_rng(0)
    added = {name: float(value) for name, value in zip(names, draw.normal(0, 1, 2 * n_layers), strict=True)}
    added = {"embedding": 0.2, "posición": 0.0, **added, "sesgo": 0.1}
    data = {"added": added, "difference": sum(added.values()), "text": "Ana", "answer": "a", "other": "b"}
    figure = residual_sum.draw(data)
    assert_legible(figure)
    bars = [bar.get_height() for bar in figure.axes[0].patches]
    assert bars == pytest.approx([*added.values(), sum(added.values())])


def test_of_what_is_near_the_largest_is_numbered() -> None:
    assert spaced([0.0, 3, 5, 4, 0.0, 1], 2) == {2, 5}
    assert spaced([0.0, 3, 5, 4, 0.0, 1], 1) == {1, 2, 3, 5}
    assert spaced([2, 1, 1, 3], 3) == {0, 3}


@pytest.mark.parametrize("n_layers", [4, 12, 24])
def test_boxes_of_a_circuit_stand_apart(n_layers: int) -> None:
    each = {"duplicate-token": 3, "induction": 4, "S-inhibition": 4, "name mover": 6}
    each |= {"backup": 3, "negative": 2, "apoyo": 2}
    layers = iter(np.linspace(0, n_layers - 1, sum(each.values())).round().astype(int).tolist())
    heads = {
        role: [
            {"name": f"L{next(layers)}H1{i}", "layer": 0, "effect": -0.3, "attention": 1.0} for i in range(n)
        ]
        for role, n in each.items()
    }
    for of_role in heads.values():
        for head in of_role:
            head["layer"] = int(head["name"].split("H")[0][1:])
    data = {"heads": heads, "n_layers": n_layers}
    figure = ioi_circuit.draw(data)
    boxes = figure.findobj(FancyBboxPatch)
    figure.canvas.draw()
    if n_layers > 4:
        assert_legible(figure)
        assert len(boxes) == 5 + 3 * SIDE_BY_SIDE  # the tokens, the logits, and three rows
        assert not any(over(a.get_window_extent(), b.get_window_extent()) for a, b in combinations(boxes, 2))
