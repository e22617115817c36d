"""Where the truth is known, an SAE finds the many sparse features that a few neurons hold in superposition."""

import torch
from matplotlib.figure import Figure

from figures.style.axes import framed_map
from figures.style.bands import bands
from figures.style.look import DIVERGING, SEQUENTIAL, lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.sae.architectures import L1
from mechinterp.sae.known_features import known_features
from mechinterp.sae.metrics import chance_cosines, l0, matching
from mechinterp.sae.surplus import chance_surplus, surplus_cosines
from mechinterp.sae.training import Settings, train


def compute(
    n_features=24, n_neurons=10, sparsity=0.95, coefficient=1.0, steps=4000, n_runs=3, n_random=20, seed=0
) -> dict:
    """On `n_runs` sets of features train an SAE with as many and one with twice as many; the first set is shown."""
    sources = [known_features(n_features, n_neurons, sparsity, 512, seed + run) for run in range(n_runs)]
    x, values = sources[0].batch_with_truth(steps)  # a batch that no SAE was trained on
    some = (values > 0).any(-1).nonzero().flatten()
    truth, random = sources[0].directions, (n_random, seed)
    found = {"truth": values[some].T, "neurons": x[some].T, "present": l0(values)}
    for name, d_sae in {"as_many": n_features, "twice": 2 * n_features}.items():
        settings = Settings(d_sae=d_sae, steps=steps, seed=seed)
        saes = [train(L1(coefficient), settings, source) for source in sources]
        pairs = [(sae.W_dec, source.directions) for sae, source in zip(saes, sources, strict=True)]
        matched = [matching(*pair) for pair in pairs]
        f = [sae.encode(source.batch(steps)) for sae, source in zip(saes, sources, strict=True)]
        found[name] = {
            "found": f[0][some][:, matched[0].feature].T,
            "cosine": torch.stack([match.cosine for match in matched]),
            "surplus": torch.stack([surplus_cosines(*pair) for pair in pairs]),
            "alive": torch.stack([fires.any(0) for fires in f]),
            "fire": l0(torch.stack(f)),
            "by_chance": chance_cosines(truth, d_sae, *random),  # a control: directions at random
        }
    # More controls: the neurons themselves, and what is left over of twice as many directions at random.
    found["by_neurons"] = matching(torch.eye(n_neurons), truth).cosine
    return found | {"left_by_chance": chance_surplus(truth, 2 * n_features, *random)}


def report(data) -> Report:
    as_many, twice = data["as_many"], data["twice"]
    cosine, of_twice, surplus = as_many["cosine"], twice["cosine"], twice["surplus"]
    values = {"mean": cosine.mean(), "well": (cosine > 0.9).mean(), "at_random": as_many["by_chance"].mean()}
    values |= {"mean_of_twice": of_twice.mean(), "twice_at_random": twice["by_chance"].mean()}
    values |= {"left": surplus.mean(), "left_at_random": data["left_by_chance"].mean()}
    values |= {"copies": (surplus > 0.9).mean(), "alive": twice["alive"].mean()}
    values |= {"neurons": data["by_neurons"].mean(), "present": data["present"]}
    values |= {"fire": as_many["fire"], "fire_of_twice": twice["fire"]}
    claims = {
        "recovered": Claim("coseno medio con la verdad, el menor", cosine.mean(1).min(), at_least=0.85),
        "control": Claim("lo mismo, al azar, el mayor", as_many["by_chance"].max(), at_most=0.75),
        "wider": Claim("lo mismo, con el doble de las que hay, el menor", of_twice.mean(1).min(), 0.85),
        "surplus": Claim("coseno de las que sobran con la más cercana", surplus.mean(1).min(), 0.85),
    }
    alt = (
        f"{cosine.shape[1]} características dispersas, las neuronas que las contienen y lo que recupera un SAE, con un "
        f"coseno medio de {decimal(cosine.mean(), 2)}; uno con el doble las recupera también, y las repite."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data, shown=18) -> Figure:
    figure = Figure()
    *maps, cosines = figure.subplots(1, 4, width_ratios=(1, 1, 1, 0.9))
    as_many, twice, truth, neurons = (data[name] for name in ("as_many", "twice", "truth", "neurons"))
    most, how = truth.max(), {"aspect": "auto", "interpolation": "none"}
    framed_map(maps[0], truth[:, :shown], 0, most, SEQUENTIAL, **how)
    framed_map(maps[1], neurons[:, :shown], -most, most, DIVERGING, **how)
    framed_map(maps[2], as_many["found"][:, :shown], 0, most, SEQUENTIAL, **how)
    titled(maps[0], "la verdad", ylabel=f"{len(truth)} características")
    titled(maps[1], "las neuronas", ylabel=f"{len(neurons)} neuronas", xlabel="entradas")
    titled(maps[2], "lo que halla el SAE", ylabel=f"{len(truth)} características")
    sets = {
        f"SAE de {len(truth)}": (as_many["cosine"][0], as_many["by_chance"].mean()),
        f"SAE de {2 * len(truth)}": (twice["cosine"][0], twice["by_chance"].mean()),
        f"las {len(truth)} que\nle sobran": (twice["surplus"][0], data["left_by_chance"].mean()),
        "neuronas": (data["by_neurons"], None),
    }
    bands(cosines, sets, "al azar")
    cosines.set(xlabel="coseno con la verdad")
    return figure
