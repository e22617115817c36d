"""The loaded model, drawn from its own configuration: layers read from the residual stream and add to it."""

from matplotlib.figure import Figure

from figures.style.diagram import arrow, box
from figures.style.look import CATEGORIES, INK, MUTED, lecture_style
from figures.style.spanish import whole
from lectern.figure import Claim, Report
from mechinterp.model.language_model import Model

MOST_LAYERS = 4  # that are drawn; of more, the first two and the last
MOST_HEADS = 12  # that are drawn in a row
HEADS, MLP = CATEGORIES[0], CATEGORIES[2]
WIDTH = 2.6  # of a layer


def compute(model: Model) -> dict:
    config, embedded = model.config, model.transformer.W_pos is not None
    elsewhere = "posiciones\nrotatorias" if config.rotary_dims else "posiciones: ALiBi"
    return {
        "n_layers": config.n_layers,
        "n_heads": config.n_heads,
        "d_model": config.d_model,
        "d_head": config.d_head,
        "d_mlp": config.d_mlp,
        "d_vocab": whole(config.d_vocab),
        "positions": f"{whole(config.n_ctx)} posiciones" if embedded else elsewhere,
        "embedded": embedded,
        "counts": model.transformer.n_parameters(),
    }


def report(data) -> Report:
    n_layers, n_heads, total = data["n_layers"], data["n_heads"], sum(data["counts"].values())
    return Report(
        values={"n_layers": n_layers, "n_all_heads": n_layers * n_heads, "total": total}
        | {"embeds_positions": data["embedded"]},
        claims={"layers": Claim("capas del modelo", n_layers, at_least=2)},
        alt=f"Arquitectura del modelo: {n_layers} capas de {n_heads} cabezas y un MLP que leen del residual stream, "
        f"de {data['d_model']} dimensiones, y suman en él; {whole(total)} parámetros.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    layers = range(data["n_layers"])
    shown = layers if len(layers) <= MOST_LAYERS else (0, 1, "…", layers[-1])
    end = 2.2 + WIDTH * len(shown)
    axes.set(xlim=(-0.55, end + 2.7), ylim=(-2.15, 2.4))
    axes.axis("off")
    arrow(axes, (1.5, 0), (end + 0.6, 0), MUTED, linewidth=9, head=28)
    stream = f"residual stream,\n$d_{{model}}$ = {data['d_model']}"
    axes.text(end + 0.55, 0.2, stream, ha="right", va="bottom", color=MUTED, fontsize=14)
    read = "$W_E + W_{pos}$" if data["embedded"] else "$W_E$"
    box(axes, (0.5, 0), (1.9, 1.5), INK, f"{read}\n{data['d_vocab']} tokens\n{data['positions']}")
    box(axes, (end + 1.65, 0), (1.95, 1.5), INK, f"normalización,\n$W_U$,\n{data['d_vocab']} logits")
    for i, layer in enumerate(shown):
        _layer(axes, 1.85 + WIDTH * i, layer, data)
    counts = {name: whole(number) for name, number in data["counts"].items()}
    note = {"ha": "center", "va": "top", "color": MUTED, "fontsize": 14}
    axes.text(0.5, -1.0, f"{counts['embedding']}\nparámetros", **note)
    axes.text(end + 1.65, -1.0, f"{counts['unembedding']}\nparámetros", **note)
    everywhere = f"{counts['attention']} parámetros en la atención, {counts['mlp']} en los MLP"
    axes.text((end + 1.85) / 2, -1.85, f"en todas las capas: {everywhere}", **note)
    return figure


def _layer(axes, x: float, layer, data) -> None:
    """Draw one layer: heads above the stream, the MLP below; each reads from it and adds to it."""
    if layer == "…":
        axes.text(x + 1.1, 0.9, "…", ha="center", fontsize=30, color=MUTED)
        return
    n = min(data["n_heads"], MOST_HEADS)
    side = 1.5 / n
    for i in range(n):
        box(axes, (x + 0.1 + (i + 0.5) * side, 1.25), (0.6 * side, 0.5), HEADS, ink=HEADS)
    title = f"capa {layer}\n{data['n_heads']} cabezas de {data['d_head']}"
    axes.text(x + 0.85, 1.65, title, ha="center", fontsize=14, linespacing=1.25)
    arrow(axes, (x + 0.2, 0.12), (x + 0.2, 0.93), HEADS)
    arrow(axes, (x + 1.5, 0.93), (x + 1.5, 0.12), HEADS)
    box(axes, (x + 1.45, -1.15), (1.3, 0.5), MLP, f"MLP: {data['d_mlp']}", "white")
    arrow(axes, (x + 1.0, -0.12), (x + 1.0, -0.86), MLP)
    arrow(axes, (x + 1.9, -0.86), (x + 1.9, -0.12), MLP)
