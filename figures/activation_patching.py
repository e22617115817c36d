"""Activation patching on IOI: what the answer needs stands at the repeated name first, and at the end after that."""

from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.bars import grouped_bars
from figures.style.heads import labelled_map
from figures.style.look import CATEGORIES, PALE, STRONG, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.attention.heads import all_heads, of_head, of_others, strongest
from mechinterp.interventions.activation_patching import Part, Place
from mechinterp.interventions.attribution_patching import attribute_heads
from mechinterp.ioi.pairs import pairs
from mechinterp.ioi.prompts import Corruption, prompts
from mechinterp.ioi.recovered import recovered_at_roles, recovered_by_heads
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import mean_with_interval

PLACES = {"residual stream": Place.RESID_PRE, "salida de la atención": Place.ATTN_OUT}


def compute(model: Model, n_prompts=200, shown=6, seed=1_000_000) -> dict:
    """Denoising: the run in which somebody else gives gets activations of the clean one."""
    asked = prompts(
        model, model.affordable(n_prompts, runs=model.config.n_layers * model.config.n_heads / 3), seed
    )
    both, third = (pairs(model, asked, how) for how in (Corruption.SWAPPED, Corruption.UNREPEATED))
    heads, with_third = (recovered_by_heads(model, asked, each) for each in (both, third))
    head, detector = strongest(heads), strongest(with_third)
    order = heads.mean(0).flatten().argsort(descending=True)[:shown]
    gradient = attribute_heads(model.transformer, both.corrupted, both.clean, Part.Z, asked.metric)
    return {
        "n_prompts": len(asked),
        "clean": both.clean_diff.mean(),
        "corrupted": both.corrupted_diff.mean(),
        "undecided": third.corrupted_diff.mean(),
        "columns": list(asked.positions),
        "maps": {title: recovered_at_roles(model, asked, both, place) for title, place in PLACES.items()},
        "mlps": recovered_at_roles(model, asked, both, Place.MLP_OUT).abs().max(),
        "heads": [str(all_heads(model.transformer)[i]) for i in order],
        "recovered": mean_with_interval(heads.flatten(1)[:, order]),
        "with_third": mean_with_interval(with_third.flatten(1)[:, order]),
        "others": of_others(heads, head).mean(),
        "by_gradient": both.recovered(both.corrupted_diff + of_head(gradient, head)).mean(),
        "detector": str(detector),
        "detected": of_head(with_third, detector).mean(),
    }


def report(data) -> Report:
    stream, s2 = data["maps"]["residual stream"], data["columns"].index("S2")
    head, (share, low, high) = data["heads"][0], data["recovered"][:, 0]
    named = ("n_prompts", "clean", "corrupted", "others", "by_gradient", "mlps", "undecided", "detector")
    values = {name: data[name] for name in named} | {"head": head}
    values |= {"head_share": share, "head_low": low, "head_high": high}
    claims = {
        "start": Claim("parte recuperada en S2 al empezar", stream[0, s2], at_least=0.9),
        "end": Claim("parte recuperada en END antes de la última capa", stream[-1, -1], at_least=0.5),
        "detected": Claim("parte que devuelve una cabeza si da un tercero", data["detected"], at_least=0.05),
    }
    alt = (
        "Mapas de capa por posición del residual stream y la atención: la información está en el nombre repetido al "
        f"principio y al final en la última posición. A la derecha, las cabezas: {head} recupera el "
        f"{decimal(100 * share, 0)} %; si da un tercero, {data['detector']}, el {decimal(100 * data['detected'], 0)} %."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(1, 1.15))[0]
    norm, notable = CenteredNorm(halfrange=1), 0.1  # of the difference: cells from there on are labelled
    strips = left.subplots(len(data["maps"]), 1, sharex=True)
    for axes, (title, values) in zip(strips, data["maps"].items(), strict=True):
        labelled_map(axes, values, norm, notable)
        axes.set_title(title, loc="left", **STRONG)
    strips[-1].set_xticks(range(len(data["columns"])), data["columns"])
    left.supylabel("capa", fontsize=15)
    bars = right.subplots()
    found = {"si da el otro": data["recovered"], "si da un tercero": data["with_third"]}
    means, ends = ({giver: one[part] for giver, one in found.items()} for part in (0, slice(1, 3)))
    grouped_bars(bars, data["heads"], means, (CATEGORIES[0], PALE), ends)
    bars.legend(loc="upper right")
    titled(bars, "salida de cada cabeza: parte recuperada")
    return figure
