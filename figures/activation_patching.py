"""Activation patching on IOI: what the answer needs stands at the repeated name first, and at the end after that."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.heads import heads_map, labelled_map
from figures.style.look import STRONG, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import of_head, strongest_and_others
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.attribution_patching import attribute_heads
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

PLACES = {
    "residual stream": Place.RESID_PRE,
    "salida de la atención": Place.ATTN_OUT,
    "salida del MLP": Place.MLP_OUT,
}


def compute(model: Model, n_prompts=200, seed=1_000_000) -> dict:
    """Denoising: the run in which the other one gives gets activations of the clean one."""
    asked = prompts(model, n_prompts, seed)
    both = pairs(model, asked, Corruption.SWAPPED)
    runs = (model.transformer, both.corrupted, both.clean)
    rows = torch.arange(n_prompts)
    maps = {}
    for title, place in PLACES.items():
        patched = both.recovered(patch_positions(*runs, place, asked.metric))
        maps[title] = torch.stack([patched[rows, :, at].mean(0) for at in asked.positions.values()], dim=1)
    heads = both.recovered(patch_heads(*runs, Part.Z, asked.metric))
    head, own, others = strongest_and_others(heads)
    gradient = attribute_heads(*runs, Part.Z, asked.metric)  # of the corrupted run's difference
    return {
        "n_prompts": len(asked),
        "clean": both.clean_diff.mean(),
        "corrupted": both.corrupted_diff.mean(),
        "columns": list(asked.positions),
        "maps": maps,
        "heads": heads.mean(0),
        "head": str(head),
        "share": mean_with_interval(own),
        "others": others.mean(),
        "by_gradient": both.recovered(both.corrupted_diff + of_head(gradient, head)).mean(),
    }


def report(data) -> Report:
    stream, s2 = data["maps"]["residual stream"], data["columns"].index("S2")
    head, (share, low, high) = data["head"], data["share"]
    values = {
        name: data[name] for name in ("n_prompts", "clean", "corrupted", "head", "others", "by_gradient")
    }
    claims = {
        "start": Claim("parte recuperada en S2 al empezar", stream[0, s2], at_least=0.9),
        "end": Claim("parte recuperada en END antes de la última capa", stream[-1, -1], at_least=0.5),
    }
    alt = (
        "Mapas de capa por posición del residual stream, la atención y los MLP, y de capa por cabeza: la "
        "información está en el nombre repetido al principio y al final en la última posición; la cabeza "
        f"{head} recupera el {decimal(100 * share, 0)} %."
    )
    return Report({**values, "head_share": share, "head_low": low, "head_high": high}, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1.7, 1))[0]
    norm, notable = CenteredNorm(halfrange=1), 0.1  # of the difference: cells from there on are labelled
    strips = left.subplots(len(data["maps"]), 1, sharex=True)
    for axes, (title, values) in zip(strips, data["maps"].items(), strict=True):
        labelled_map(axes, values, norm, notable)
        axes.set_title(title, loc="left", **STRONG)
    strips[-1].set_xticks(range(len(data["columns"])), data["columns"])
    left.supylabel("capa", fontsize=15)
    heads = right.subplots()
    image = heads_map(heads, data["heads"], norm, notable)
    titled(heads, "salida de cada cabeza")
    right.colorbar(image, ax=heads, location="bottom", label="parte recuperada", ticks=(-1, 0, 1))
    return figure
