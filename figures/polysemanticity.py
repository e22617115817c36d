"""Superposition makes neurons polysemantic, but a linear layer's are so without it: no basis is privileged there."""

import torch
from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, FAINT, MUTED, SEQUENTIAL, SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.superposition.model import Activation, ToyModels
from mechinterp.superposition.neurons import (
    features_per_neuron,
    in_order,
    represented_features,
    responses,
    turned_to_neurons,
)
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train

COLORS = {"A": CATEGORIES[1], "B": CATEGORIES[2], "C": CATEGORIES[0], "c": CATEGORIES[0]}  # c: C's control
LABELS = (
    ("A: polisemánticas\nsin superposición", 1.06, 2.6, COLORS["A"]),
    ("B y, con entradas densas, C:\nmonosemánticas", 1.06, 1.62, COLORS["B"]),
    ("C: polisemánticas,\nen superposición", 1.4, 4.35, COLORS["C"]),
)


def compute(
    n_neurons=5, n_features=10, dense=0.5, sparse=0.95, decay=0.8, n_groups=6, n_restarts=8, seed=0
) -> Result:
    """Train each kind in `n_groups` groups of restarts; the best of each group is one observation."""

    def trained(neurons: Activation, features: int, sparsity: float) -> ToyModels:
        sampler = independent_features(torch.full((n_groups * n_restarts,), sparsity), features)
        importance = decay ** torch.arange(float(features))
        models = train(sampler, importance, n_groups * n_restarts, n_neurons, neurons=neurons, seed=seed)
        return best_of(models, n_restarts)

    linear = trained(Activation.LINEAR, n_neurons, dense)
    found = {
        "A": responses(linear.W, Activation.LINEAR),
        "B": responses(trained(Activation.RELU, n_neurons, dense).W, Activation.RELU),
        "C": responses(trained(Activation.RELU, n_features, sparse).W, Activation.RELU),
        "c": responses(trained(Activation.RELU, n_features, dense).W, Activation.RELU),  # control: C, dense
    }
    held = {name: represented_features(r) / n_neurons for name, r in found.items()}
    mixed = {name: features_per_neuron(r).mean(-1) for name, r in found.items()}
    least = {name: of.min().item() for name, of in mixed.items()}
    most = {name: of.max().item() for name, of in mixed.items()}
    # The same linear models, their hidden space turned: the features were never in each other's way.
    turned = torch.stack([features_per_neuron(turned_to_neurons(W)) for W in linear.W])
    return Result(
        data={
            "responses": {name: in_order(found[name][0].abs()) for name in "ABC"},
            "titles": {
                "A": f"A · lineal, {n_neurons} en {n_neurons}",
                "B": f"B · ReLU, {n_neurons} en {n_neurons}",
                "C": f"C · ReLU, {n_features} en {n_neurons}, dispersas",
            },
            "held": held,
            "mixed": mixed,
        },
        values={
            **{f"mixed_{name}": mixed[name].mean() for name in found},
            "held": held["C"].mean() * n_neurons,
            "turned": turned.mean(),
            "n_neurons": n_neurons,
            "n_features": n_features,
            "dense": dense,
            "sparse": sparse,
            "n_groups": n_groups,
            "n_restarts": n_restarts,
        },
        claims={
            "without": Claim("mínimo de características por neurona, capa lineal", least["A"], 2),
            "turned": Claim("máximo tras girar la capa lineal", turned.max().item(), at_most=1.1),
            "basis": Claim("máximo con ReLU y sitio para todas", most["B"], at_most=1.1),
            "superposed": Claim("mínimo en superposición", least["C"], 2),
            "more": Claim("mínimo de representadas por neurona", held["C"].min().item(), 1.2),
            "dense": Claim("máximo con las mismas características, densas", most["c"], at_most=1.2),
        },
        alt=(
            "Respuesta de cada neurona a cada característica en tres modelos. A la derecha, a cuántas responde una "
            f"neurona: {decimal(mixed['A'].mean(), 1)} en la capa lineal sin superposición, "
            f"{decimal(mixed['B'].mean(), 1)} con ReLU y sitio para todas, "
            f"{decimal(mixed['C'].mean(), 1)} en superposición."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    grid = figure.add_gridspec(2, 3, width_ratios=(1, 1, 2.1))
    places = {"A": grid[0, 0], "B": grid[0, 1], "C": grid[1, :2]}
    for name, place in places.items():
        axes = figure.add_subplot(place)
        axes.imshow(data["responses"][name], cmap=SEQUENTIAL, vmin=0, vmax=1.2)
        axes.set_title(data["titles"][name], loc="left", color=COLORS[name], **STRONG)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set(visible=True, color=FAINT)
    figure.axes[0].set_ylabel("neurona")
    figure.axes[2].set(ylabel="neurona", xlabel="característica (más azul, más respuesta)")
    _clouds(figure.add_subplot(grid[:, 2]), data["held"], data["mixed"])
    return figure


def _clouds(axes, held, mixed) -> None:
    for name, color in COLORS.items():
        face, size = ("none", 15) if name == "c" else (color, 11)
        marks = {"markersize": size, "markerfacecolor": face, "markeredgewidth": 2}
        axes.plot(held[name], mixed[name], "o", color=color, alpha=0.7, **marks)
    for text, x, y, color in LABELS:
        axes.text(x, y, text, color=color, va="center", linespacing=1.1, **STRONG)
    axes.fill_between((1.06, 2.2), 0.8, 1.2, color=FAINT, alpha=0.5, linewidth=0)
    axes.text(1.09, 1, "imposible: no hay neuronas para todas", color=MUTED, va="center", fontsize=15)
    axes.axvline(1, color=FAINT, linewidth=1, zorder=0)
    axes.set(xlim=(0.9, 2.2), xticks=(1, 1.5, 2), xlabel="características representadas, por neurona")
    axes.set(ylim=(0.6, 5), yticks=(1, 2, 3, 4, 5))
    axes.set_title("características a las que responde una neurona", loc="left", fontsize=16)
