"""The loaded model, drawn from its own configuration: layers read from the residual stream and add to it."""

from matplotlib.figure import Figure
from matplotlib.patches import FancyArrowPatch, FancyBboxPatch

from figures.style.look import CATEGORIES, INK, MUTED, SIZE, lecture_style
from figures.style.spanish import whole
from lectern.figure import Claim, Result
from mechinterp.model import Model

MOST_LAYERS = 4  # that are drawn; of more, the first and the last
MOST_HEADS = 12  # that are drawn in a row
SPINE = 0.0
HEADS, MLP = CATEGORIES[0], CATEGORIES[2]


def compute(model: Model) -> Result:
    config = model.config
    sizes = {name: tensor.numel() for name, tensor in model.transformer.parameters()}
    total = sum(sizes.values())
    per_layer = {
        part: sum(
            n for name, n in sizes.items() if name.startswith("blocks.0.") and name.split(".")[2] in names
        )
        for part, names in {
            "attention": {"W_Q", "W_K", "W_V", "W_O", "b_Q", "b_K", "b_V", "b_O"},
            "mlp": {"W_in", "b_in", "W_out", "b_out", "W_gate"},
        }.items()
    }
    layers = list(range(config.n_layers))
    drawn = layers if len(layers) <= MOST_LAYERS else [0, 1, None, layers[-1]]
    return Result(
        data={
            "drawn": ["…" if layer is None else str(layer) for layer in drawn],
            "heads": min(config.n_heads, MOST_HEADS),
            "n_heads": config.n_heads,
            "d_head": config.d_head,
            "d_mlp": config.d_mlp,
            "d_model": config.d_model,
            "d_vocab": config.d_vocab,
            "positions": "rotatorias" if config.rotary_dims else f"{whole(config.n_ctx)} posiciones",
            "parameters": {**per_layer, "embedding": sizes["W_E"], "unembedding": sizes["W_U"]},
        },
        values={
            "name": "del curso" if model.name == "bundled" else model.name,
            "n_layers": config.n_layers,
            "n_heads": config.n_heads,
            "n_all_heads": config.n_layers * config.n_heads,
            "d_model": config.d_model,
            "d_head": config.d_head,
            "d_mlp": config.d_mlp,
            "d_vocab": config.d_vocab,
            "n_ctx": config.n_ctx,
            "total": total,
            "attention_share": config.n_layers * per_layer["attention"] / total,
        },
        claims={"layers": Claim("capas del modelo", config.n_layers, at_least=2)},
        alt=(
            f"Arquitectura del modelo: {config.n_layers} capas de {config.n_heads} cabezas y un MLP que leen del "
            f"residual stream, de {config.d_model} dimensiones, y suman en él; {whole(total)} parámetros."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    axes = figure.subplots()
    width = 2.6
    end = 2.2 + width * len(data["drawn"])
    axes.set(xlim=(-0.55, end + 2.35), ylim=(-2.15, 2.3))
    axes.axis("off")
    axes.add_patch(_arrow((1.5, SPINE), (end + 0.6, SPINE), MUTED, 9, 28))
    name = f"residual stream,\n$d_{{model}}$ = {data['d_model']}"
    axes.text(end + 0.55, SPINE + 0.2, name, ha="right", va="bottom", color=MUTED, fontsize=14)
    _box(
        axes, (0.5, SPINE), 1.9, 1.5, INK, f"$W_E + W_{{pos}}$\n{data['d_vocab']} tokens\n{data['positions']}"
    )
    _box(axes, (end + 1.5, SPINE), 1.6, 1.5, INK, f"norma, $W_U$\n{data['d_vocab']} logits")
    for i, layer in enumerate(data["drawn"]):
        _layer(axes, 1.85 + width * i, layer, data)
    counts = {name: whole(number) for name, number in data["parameters"].items()}
    for x, text in ((0.5, counts["embedding"]), (end + 1.5, counts["unembedding"])):
        axes.text(x, -1.0, f"{text}\nparámetros", ha="center", va="top", color=MUTED, fontsize=13)
    axes.text(
        1.85,
        -2.1,
        f"parámetros por capa: {counts['attention']} en la atención, {counts['mlp']} en el MLP",
        color=MUTED,
        fontsize=13,
    )
    return figure


def _layer(axes, x: float, layer: str, data) -> None:
    """Draw one layer: heads above the spine, the MLP below; each reads from it and adds to it."""
    if layer == "…":
        axes.text(x + 1.1, SPINE + 0.9, "…", ha="center", fontsize=30, color=MUTED)
        return
    n, span = data["heads"], 1.5
    for i in range(n):
        side = span / n
        left = x + 0.1 + i * side
        axes.add_patch(FancyBboxPatch((left, 1.0), 0.72 * side, 0.5, boxstyle="round,pad=0.01", color=HEADS))
    axes.text(
        x + 0.85,
        1.72,
        f"capa {layer}: {data['n_heads']} cabezas de {data['d_head']}",
        ha="center",
        fontsize=14,
    )
    for start, stop in (
        ((x + 0.2, SPINE + 0.12), (x + 0.2, 0.93)),
        ((x + 1.5, 0.93), (x + 1.5, SPINE + 0.12)),
    ):
        axes.add_patch(_arrow(start, stop, HEADS, 1.8, 14))
    _box(axes, (x + 1.45, -1.15), 1.3, 0.5, MLP, f"MLP: {data['d_mlp']}", "white")
    for start, stop in (
        ((x + 1.0, SPINE - 0.12), (x + 1.0, -0.86)),
        ((x + 1.9, -0.86), (x + 1.9, SPINE - 0.12)),
    ):
        axes.add_patch(_arrow(start, stop, MLP, 1.8, 14))


def _box(axes, center, width: float, height: float, color: str, text: str, ink: str = "") -> None:
    corner = (center[0] - width / 2, center[1] - height / 2)
    face = color if ink else "white"
    axes.add_patch(
        FancyBboxPatch(
            corner, width, height, boxstyle="round,pad=0.04", facecolor=face, edgecolor=color, linewidth=1.8
        )
    )
    axes.text(*center, text, ha="center", va="center", color=ink or color, fontsize=14)


def _arrow(start, stop, color: str, linewidth: float, head: float) -> FancyArrowPatch:
    return FancyArrowPatch(
        start,
        stop,
        arrowstyle="-|>",
        mutation_scale=head,
        color=color,
        linewidth=linewidth,
        shrinkA=0,
        shrinkB=0,
    )
