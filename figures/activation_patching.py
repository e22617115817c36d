"""Activation patching on IOI: what the answer needs stands at the repeated name first, and at the end after that."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.heads import heads_map, labelled_map
from figures.style.look import SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Result
from mechinterp.attention.heads import Head
from mechinterp.interventions.activation_patching import Part, Place, patch_heads, patch_positions
from mechinterp.interventions.attribution_patching import attribute_heads
from mechinterp.ioi.prompts import Corruption, Prompts, aligned, corrupted, prompts
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval
from mechinterp.text.corpus import HELD_OUT_TEMPLATES

PLACES = {
    Place.RESID_PRE: "residual stream",
    Place.ATTN_OUT: "salida de la atención",
    Place.MLP_OUT: "salida del MLP",
}
NOTABLE = 0.1  # of the difference recovered: cells from there on are labelled


def compute(model: Model, n_prompts=300, template=4, seed=1_000_000) -> Result:
    asked = aligned(prompts(model, n_prompts, seed, [HELD_OUT_TEMPLATES[template]]))
    clean, broken = asked.tokens, corrupted(model, asked, Corruption.SWAPPED)
    best, worst = (asked.logit_diff(model(tokens)) for tokens in (clean, broken))

    def recovered(patched: torch.Tensor) -> torch.Tensor:
        """Return the share of the logit difference that comes back; 0 is the corrupted run, 1 the clean one."""
        change = patched - worst.view(-1, *[1] * (patched.ndim - 1))
        return change.sum(0) / (best - worst).sum()

    end = int(asked.positions["END"][0])
    maps = {
        place: recovered(patch_positions(model.transformer, broken, clean, place, asked.metric))[
            :, 1 : end + 1
        ]
        for place in PLACES
    }
    by_head = patch_heads(model.transformer, broken, clean, Part.Z, asked.metric)
    heads = recovered(by_head)
    top = Head(*divmod(int(heads.argmax()), model.config.n_heads))
    low, high = bootstrap_interval(by_head[:, top.layer, top.index] - worst)
    scale = (best - worst).mean()
    gradient = (
        attribute_heads(model.transformer, broken, clean, Part.Z, asked.metric).sum(0) / (best - worst).sum()
    )
    rest = heads.flatten()[torch.arange(heads.numel()) != heads.argmax()]
    last = maps[Place.RESID_PRE][-1]
    s2 = int(asked.positions["S2"][0]) - 1
    return Result(
        data={
            "maps": {title: maps[place] for place, title in PLACES.items()},
            "heads": heads,
            "tokens": _roles(model, asked)[1:],
        },
        values={
            "clean": best.mean(),
            "corrupted": worst.mean(),
            "n_prompts": len(asked),
            "first_at_s2": maps[Place.RESID_PRE][0, s2],
            "last_at_s2": last[s2],
            "last_at_end": last[-1],
            "head": str(top),
            "head_share": heads.max(),
            "head_low": low / scale,
            "head_high": high / scale,
            "others": rest.mean(),
            "by_gradient": gradient[top.layer, top.index],
        },
        claims={
            "start": Claim(
                "parte recuperada en S2 al empezar", maps[Place.RESID_PRE][0, s2].item(), at_least=0.9
            ),
            "end": Claim("parte recuperada en END antes de la última capa", last[-1].item(), at_least=0.5),
        },
        alt=(
            "Mapas de capa por posición del residual stream, la atención y los MLP, y de capa por cabeza: la "
            f"información está en el nombre repetido al principio y al final en la última posición; la cabeza {top} "
            f"recupera el {decimal(100 * heads.max(), 0)} %."
        ),
    )


def _roles(model: Model, asked: Prompts) -> list[str]:
    """Return the tokens of the first prompt, names by what they are in all of them."""
    end = int(asked.positions["END"][0])
    shown = labels(model.strings(asked.tokens[0, : end + 1]))
    for role, at in asked.positions.items():
        if role != "END":
            shown[int(at[0])] = role
    return shown


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    left, right = figure.subfigures(1, 2, squeeze=False, width_ratios=(2.1, 1))[0]
    norm = CenteredNorm(halfrange=1)
    strips = left.subplots(len(data["maps"]), 1, sharex=True)
    for axes, (title, values) in zip(strips, data["maps"].items(), strict=True):
        labelled_map(axes, values, norm, NOTABLE)
        axes.set_title(title, loc="left", **STRONG)
    ticks = range(len(data["tokens"]))
    strips[-1].set_xticks(ticks, data["tokens"], rotation=60, ha="right", rotation_mode="anchor")
    left.supylabel("capa", fontsize=15)
    heads = right.subplots()
    image = heads_map(heads, data["heads"], norm, NOTABLE)
    heads.set_title("salida de cada cabeza", **STRONG)
    right.colorbar(image, ax=heads, location="bottom", label="parte recuperada")
    return figure
