"""Direct logit attribution on IOI: almost all of the difference is written by one head, from the name it looks at."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from figures.style.heads import heads_map
from figures.style.look import CATEGORIES, MUTED, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.heads import of_head, strongest
from mechinterp.ioi.prompts import prompts
from mechinterp.logits.direct_attribution import by_component, by_head, by_head_and_source, logit_diff_reader
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval

NOTABLE = 0.2  # logits: heads from there on are labelled
# A name, and the token after it, to which a previous-token head may have carried it.
SOURCES = (("IO", "IO", 0), ("IO + 1", "IO", 1), ("S1", "S1", 0), ("S1 + 1", "S1", 1), ("S2", "S2", 0))


@torch.no_grad()
def compute(model: Model, n_prompts=300, seed=1_000_000) -> Result:
    asked = prompts(model, n_prompts, seed)
    logits, cache = model.run_with_cache(asked.tokens)
    end, transformer = asked.positions["END"], model.transformer
    difference = asked.logit_diff(logits)
    reader = logit_diff_reader(transformer, asked.io, asked.subject, end)
    direct = by_head(transformer, cache, reader)
    mover = strongest(direct)
    components = by_component(transformer, cache, reader)
    mlps = sum(value for name, value in components.items() if "mlp" in name)

    sources = by_head_and_source(transformer, cache, reader)[:, mover.layer, mover.index]
    row = torch.arange(len(asked))
    places = {name: asked.positions[role] + after for name, role, after in SOURCES}
    shares = {name: sources[row, at] for name, at in places.items()}
    shares["otras"] = sources.sum(1) - sum(shares.values())
    low, high = bootstrap_interval(of_head(direct, mover))
    return Result(
        data={
            "heads": direct.mean(0),
            "mover": str(mover),
            "sources": {name: (x.mean(), *bootstrap_interval(x)) for name, x in shares.items()},
        },
        values={
            "mover": str(mover),
            "mover_logits": of_head(direct, mover).mean(),
            "low": low,
            "high": high,
            "difference": difference.mean(),
            "share": of_head(direct, mover).mean() / difference.mean(),
            "heads_share": direct.sum((1, 2)).mean() / difference.mean(),
            "mlps": torch.as_tensor(mlps).mean(),
            "n_prompts": n_prompts,
        },
        claims={
            "heads": Claim(
                "parte de la diferencia que escriben las cabezas",
                (direct.sum((1, 2)).mean() / difference.mean()).item(),
                at_least=0.8,
                at_most=1.2,
            ),
            "mover": Claim(f"logits que escribe {mover}", of_head(direct, mover).mean().item(), at_least=1),
        },
        alt=(
            f"Contribución directa de cada cabeza a logit(IO) − logit(S): la cabeza {mover} escribe "
            f"{decimal(of_head(direct, mover).mean(), 1)} de {decimal(difference.mean(), 1)} logits."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    heads, bars = figure.subplots(1, 2)
    norm = CenteredNorm(halfrange=abs(data["heads"]).max())
    image = heads_map(heads, data["heads"], norm, NOTABLE)
    heads.set_title("contribución directa de cada cabeza (logits)", **STRONG)
    figure.colorbar(image, ax=heads, location="bottom", shrink=0.8, ticks=MaxNLocator(4))
    names = list(data["sources"])
    means = [mean for mean, _, _ in data["sources"].values()]
    errors = [
        [m - low for m, low, _ in data["sources"].values()],
        [high - m for m, _, high in data["sources"].values()],
    ]
    bars.axhline(0, color=MUTED, linewidth=1)
    bars.bar(names, means, yerr=errors, color=CATEGORIES[0], capsize=4)
    bars.set_title(f"la de {data['mover']}, según la posición que atiende", **STRONG)
    bars.set_ylabel("logits (media, IC del 95 %)")
    return figure
