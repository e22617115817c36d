"""Superposition makes neurons polysemantic, but a linear layer's are so without it: no basis is privileged there."""

import torch
from matplotlib.figure import Figure

from figures.style.axes import framed_map, thin_lines
from figures.style.look import CATEGORIES, INK, PALE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.superposition import neurons
from mechinterp.superposition.model import Activation
from mechinterp.superposition.training import best_of, train_on_independent

COLORS = {"A": CATEGORIES[1], "B": CATEGORIES[2], "C": CATEGORIES[0]}
TITLES = {"A": "A · lineal, {1} en {0}", "B": "B · ReLU, {1} en {0}", "C": "C · ReLU, {1} en {0}, dispersas"}


def compute(
    n_neurons=5, n_features=10, dense=0.5, sparse=0.95, decay=0.8, n_groups=6, n_restarts=8, seed=0
) -> dict:
    """Train each kind in `n_groups` groups of restarts; the best of each group is one observation."""

    def responses(activation: Activation, n_features: int, sparsity: float) -> torch.Tensor:
        absent = torch.full((n_groups * n_restarts,), sparsity)
        importance = decay ** torch.arange(float(n_features))
        models = train_on_independent(absent, importance, n_neurons, neurons=activation, seed=seed)
        return neurons.responses(best_of(models, n_restarts).W, activation)

    found = {
        "A": responses(Activation.LINEAR, n_neurons, dense),
        "B": responses(Activation.RELU, n_neurons, dense),
        "C": responses(Activation.RELU, n_features, sparse),
        "control": responses(Activation.RELU, n_features, dense),  # C, dense
    }
    # The same linear models, their hidden space turned: the features were never in each other's way.
    turned = torch.stack([neurons.turned_to_neurons(W) for W in found["A"]])
    return {
        "dense": dense,
        "responses": {kind: neurons.in_order(found[kind][0].abs()) for kind in COLORS},
        "held": {kind: neurons.represented_features(each) / n_neurons for kind, each in found.items()},
        "mixed": {kind: neurons.features_per_neuron(each).mean(-1) for kind, each in found.items()},
        "turned": neurons.features_per_neuron(turned),
    }


def report(data) -> Report:
    A, B, C, control = data["mixed"].values()
    held, turned, n_neurons = data["held"]["C"], data["turned"], len(data["responses"]["C"])
    mixed = {"mixed_A": A.mean(), "mixed_B": B.mean(), "mixed_C": C.mean(), "mixed_c": control.mean()}
    return Report(
        values={**mixed, "held": n_neurons * held.mean(), "turned": turned.mean(), "dense": data["dense"]},
        claims={
            "without": Claim("mínimo de características por neurona, capa lineal", A.min(), 2),
            "turned": Claim("máximo tras girar la capa lineal", turned.max(), at_most=1.1),
            "basis": Claim("máximo con ReLU y sitio para todas", B.max(), at_most=1.1),
            "superposed": Claim("mínimo en superposición", C.min(), 2),
            "more": Claim("mínimo de representadas por neurona", held.min(), 1.2),
            "dense": Claim("máximo con las mismas características, densas", control.max(), at_most=1.2),
        },
        alt="Respuesta de cada neurona a cada característica en tres modelos. A la derecha, a cuántas responde una "
        f"neurona: {decimal(A.mean(), 1)} en la capa lineal sin superposición, {decimal(B.mean(), 1)} con ReLU y "
        f"sitio para todas, {decimal(C.mean(), 1)} en superposición.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 2.1))
    maps = [figure.add_subplot(place) for place in (grid[0, 0], grid[0, 1], grid[1, :2])]
    maps[0].set_ylabel("neurona")
    maps[2].set(ylabel="neurona", xlabel="característica (más azul, más respuesta)")
    cloud, held, mixed = figure.add_subplot(grid[:, 2]), data["held"], data["mixed"]
    for axes, (kind, color) in zip(maps, COLORS.items(), strict=True):
        responses = data["responses"][kind]
        framed_map(axes, responses, 0, 1.2)
        axes.set_title(TITLES[kind].format(*responses.shape), loc="left", color=color, **STRONG)
        cloud.plot(held[kind], mixed[kind], "o", color=color, mfc="none", ms=11, mew=2.5)
    cloud.plot(held["control"], mixed["control"], "D", color=COLORS["C"], ms=15, mew=2, mfc="none")
    label = {"va": "center", "linespacing": 1.1, **STRONG}
    cloud.text(1.06, 2.6, "A: polisemánticas\nsin superposición", color=COLORS["A"], **label)
    cloud.text(1.06, 1.68, "B y, con entradas densas, C:\nmonosemánticas", color=COLORS["B"], **label)
    cloud.text(1.4, 4.35, "C: polisemánticas,\nen superposición", color=COLORS["C"], **label)
    cloud.fill_between((1.06, 2.2), 0.8, 1.2, facecolor="#f3f4f6", edgecolor=PALE)
    cloud.text(1.09, 1, "imposible: no hay neuronas para todas", color=INK, va="center", fontsize=15)
    thin_lines(cloud, x=[1])
    cloud.set(xlim=(0.9, 2.2), xticks=(1, 1.5, 2), xlabel="características representadas, por neurona")
    cloud.set(ylim=(0.6, 5), yticks=(1, 2, 3, 4, 5))
    cloud.set_title("características a las que responde una neurona", loc="left", fontsize=16)
    return figure
