"""Where the truth is known, an SAE finds the many sparse features that a few neurons hold in superposition."""

import torch
from matplotlib.figure import Figure

from figures.style.axes import framed_map
from figures.style.look import DIVERGING, MUTED, SEQUENTIAL, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.sae.architectures import L1
from mechinterp.sae.known_features import known_features
from mechinterp.sae.metrics import chance_cosines, matching
from mechinterp.sae.training import Settings, train


def compute(
    n_features=24, n_neurons=10, sparsity=0.95, coefficient=1.0, steps=4000, n_runs=3, n_random=20, seed=0
) -> dict:
    """Train on `n_runs` sets of features of their own; the first is shown."""
    settings = Settings(d_sae=n_features, steps=steps, seed=seed)
    runs = range(seed, seed + n_runs)
    sources = [known_features(n_features, n_neurons, sparsity, size=512, seed=run) for run in runs]
    saes = [train(L1(coefficient), settings, source) for source in sources]
    recovered = [matching(sae.W_dec, source.directions) for sae, source in zip(saes, sources, strict=True)]

    truth = sources[0].directions
    x, values = sources[0].batch_with_truth(steps)  # a batch that it was not trained on
    some = (values > 0).any(-1).nonzero().flatten()
    return {
        "truth": values[some].T,
        "neurons": x[some].T,
        "found": saes[0].encode(x[some])[:, recovered[0].feature].T,
        "recovered": torch.stack([match.cosine for match in recovered]),
        # Controls: what the neurons themselves would recover, and directions at random.
        "by_neurons": matching(torch.eye(n_neurons), truth).cosine,
        "by_chance": chance_cosines(truth, n_features, n_random, seed),
    }


def report(data) -> Report:
    recovered, by_chance = data["recovered"], data["by_chance"]
    least = recovered.mean(1).min()
    n_features, n_neurons = len(data["truth"]), len(data["neurons"])
    return Report(
        values={
            "recovered": recovered.mean(),
            "least": least,
            "well": (recovered > 0.9).mean(),
            "neurons": data["by_neurons"].mean(),
            "at_random": by_chance.mean(),
        },
        claims={
            "recovered": Claim("coseno medio con la verdad, el menor", least, at_least=0.85),
            "control": Claim("lo mismo, de direcciones al azar, el mayor", by_chance.max(), at_most=0.75),
        },
        alt=f"{n_features} características dispersas, las {n_neurons} neuronas que las contienen en superposición y "
        f"lo que recupera un SAE, con un coseno medio de {decimal(recovered.mean(), 2)} con la verdad.",
    )


@lecture_style
def draw(data, shown=18) -> Figure:
    figure = Figure()
    *maps, cosines = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.8))
    truth, neurons, found = (data[name][:, :shown] for name in ("truth", "neurons", "found"))
    most = truth.max()
    for axes, values, least, cmap, title, rows in (
        (maps[0], truth, 0, SEQUENTIAL, "la verdad", "características"),
        (maps[1], neurons, -most, DIVERGING, "las neuronas", "neuronas"),
        (maps[2], found, 0, SEQUENTIAL, "lo que halla el SAE", "características"),
    ):
        framed_map(axes, values, least, most, cmap, aspect="auto", interpolation="none")
        axes.set(xlabel="entradas", ylabel=f"{len(values)} {rows}")
        axes.set_title(title, **STRONG)
    for name, values in {"SAE": data["recovered"][0], "neuronas": data["by_neurons"]}.items():
        cosines.plot(sorted(values), range(len(values)), "o", markersize=7, label=name, clip_on=False)
    cosines.axvline(data["by_chance"].mean(), color=MUTED, lw=1.5, linestyle="--", label="al azar")
    cosines.set(xlim=(0, 1), xticks=(0, 0.5, 1), yticks=[], xlabel="coseno con la verdad")
    cosines.spines.left.set_visible(False)
    on_white = {"frameon": True, "framealpha": 1, "edgecolor": "none"}
    cosines.legend(loc="lower center", fontsize=14, handlelength=1.2, **on_white)
    return figure
