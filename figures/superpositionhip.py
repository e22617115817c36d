"""Where the truth is known, an SAE finds the many sparse features that a few neurons hold in superposition."""

import torch
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, DIVERGING, FAINT, MUTED, SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.sae.architectures import L1
from mechinterp.sae.known_features import known_features
from mechinterp.sae.metrics import matched_cosine, matching
from mechinterp.sae.training import Settings, train


def compute(
    n_features=24,
    n_neurons=10,
    sparsity=0.95,
    coefficient=1.0,
    steps=4000,
    n_runs=3,
    n_random=20,
    shown=18,
    seed=0,
) -> Result:
    """Train on `n_runs` sets of features of their own; the first is shown."""
    sources = [
        known_features(n_features, n_neurons, sparsity, size=512, seed=seed + i) for i in range(n_runs)
    ]
    saes = [train(L1(coefficient), Settings(d_sae=n_features, steps=steps, seed=seed), s) for s in sources]
    recovered = [matching(sae.W_dec, source.directions) for sae, source in zip(saes, sources, strict=True)]
    cosine = torch.stack([m.cosine for m in recovered])
    source, sae = sources[0], saes[0]

    # Controls: what the neurons themselves would recover, and directions at random.
    neurons = matching(torch.eye(n_neurons), source.directions).cosine
    generator = torch.Generator().manual_seed(seed)
    drawn = [torch.randn(n_features, n_neurons, generator=generator) for _ in range(n_random)]
    at_random = [matched_cosine(directions, source.directions) for directions in drawn]

    x, truth = source.batch_with_truth(steps)  # a batch that it was not trained on
    some = (truth > 0).any(-1).nonzero().flatten()[:shown]
    found = sae.encode(x[some])[:, recovered[0].feature]
    return Result(
        data={
            "truth": truth[some].T,
            "neurons": x[some].T,
            "found": found.T,
            "cosines": {"SAE": cosine[0].sort().values, "neuronas": neurons.sort().values},
            "at_random": sum(at_random) / n_random,
        },
        values={
            "n_features": n_features,
            "n_neurons": n_neurons,
            "sparsity": sparsity,
            "recovered": cosine.mean(),
            "least": cosine.mean(1).min(),
            "well": (cosine > 0.9).float().mean(),
            "neurons": neurons.mean(),
            "at_random": sum(at_random) / n_random,
            "n_random": n_random,
            "n_runs": n_runs,
        },
        claims={
            "recovered": Claim(
                "coseno medio con la verdad, el menor", cosine.mean(1).min().item(), at_least=0.85
            ),
            "control": Claim("lo mismo, de direcciones al azar, el mayor", max(at_random), at_most=0.75),
        },
        alt=(
            f"{n_features} características dispersas, las {n_neurons} neuronas que las contienen en superposición y "
            f"lo que recupera un SAE, con un coseno medio de {decimal(cosine.mean(), 2)} con la verdad."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    truth, neurons, found, cosines = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.8))
    most = data["truth"].max()
    for axes, values, cmap, low, title in (
        (truth, data["truth"], SEQUENTIAL, 0, "la verdad"),
        (neurons, data["neurons"], DIVERGING, -most, "las neuronas"),
        (found, data["found"], SEQUENTIAL, 0, "lo que halla el SAE"),
    ):
        axes.imshow(values, cmap=cmap, vmin=low, vmax=most, aspect="auto", interpolation="none")
        axes.set(xticks=[], yticks=[], xlabel="entradas")
        axes.set_ylabel(f"{len(values)} {'neuronas' if axes is neurons else 'características'}")
        axes.spines[:].set(visible=True, color=FAINT)
        axes.set_title(title, **STRONG)
    n_features = len(data["truth"])
    for (name, values), color in zip(data["cosines"].items(), CATEGORIES, strict=False):
        cosines.plot(values, range(n_features), "o", color=color, markersize=7, label=name, clip_on=False)
    cosines.axvline(data["at_random"], color=MUTED, linewidth=1.5, linestyle="--", label="al azar")
    cosines.set(xlim=(0, 1), xticks=(0, 0.5, 1), yticks=[], xlabel="coseno con la verdad")
    cosines.spines.left.set_visible(False)
    cosines.legend(
        loc="lower center", fontsize=14, handlelength=1.2, frameon=True, framealpha=1, edgecolor="none"
    )
    return figure
