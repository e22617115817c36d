"""An SAE splits an activation into the few features of many that fire, and puts it together again from them."""

from matplotlib.figure import Figure

from figures.style.diagram import arrow
from figures.style.look import INK, lecture_style
from figures.style.spanish import decimal
from figures.style.strips import cells, marks
from figures.style.tokens import bold, labels
from lectern.figure import Claim, Report
from mechinterp.ioi.prompts import example
from mechinterp.model.language_model import Model
from mechinterp.sae.one_activation import through_given, through_trained
from mechinterp.sae.training import Settings

TIME_LIMIT = 300
HOOK = "blocks.2.hook_resid_post"
TEXT = "El gato vive con"
CLEAR = 0.5  # least F1 of a label that is written


def compute(model: Model, sae, text="", hook=HOOK, d_sae=512, k=4, steps=3000, n_texts=1600, seed=0) -> dict:
    """Take the activation at the end of a text through the SAE that is given, or else the one of the feature card."""
    if sae:
        text, hook = text or example(model).text, sae.hook
        found = through_given(model, sae, text, seed)
    else:
        text, settings = text or TEXT, Settings(d_sae=d_sae, steps=steps, seed=seed)
        found = through_trained(model, hook, text, k, settings, n_texts)
    said = {"is_given": bool(sae), "text": text, "hook": hook, "d_sae": found.d_sae}
    fired = [(i, value, found.names.get(i)) for i, value in found.fired.items()]
    measured = {"left": found.left, "others": found.others, "by_chance": found.by_chance}
    return said | {"x": found.x, "x_hat": found.x_hat, "fired": fired, "cosine": found.cosine} | measured


def report(data) -> Report:
    left, others, fired, d_model = data["left"], data["others"], data["fired"], len(data["x"])
    named = [] if data["is_given"] else [name for _, _, name in fired]
    values = {name: data[name] for name in ("is_given", "text", "hook", "d_sae", "cosine")}
    values |= {"fire": len(fired), "d_model": d_model}
    values |= {"labels": [f"{name} ({decimal(f1, 2)})" for name, f1 in named if f1 >= CLEAR]}
    claims = {
        "left": Claim("varianza sin explicar de la activación", left, at_most=0.3),
        "mean": Claim("varianza sin explicar de otros textos", others, at_most=0.3),
        "control": Claim("lo mismo, con direcciones al azar", data["by_chance"], at_least=2 * others),
    }
    alt = f"Los {d_model} números de una activación entran en el SAE, se activan {len(fired)} de {data['d_sae']} "
    alt += f"características y salen {d_model} parecidos: falta el {decimal(100 * left, 0)} % de la varianza."
    return Report(values, claims, alt)


def beside(i, value, name, is_given) -> tuple[str, str]:
    """Return what is written beside a feature: its name, and a line about it."""
    about = f"n.º {i}, valor {decimal(value, 1 if is_given else 0)}"
    if is_given:
        return (bold(", ".join(labels(name))), about) if name else ("", "")
    return (name[0], about) if name[1] >= CLEAR else ("", f"sin etiqueta clara ({about})")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.axis("off")
    x, x_hat, most = data["x"], data["x_hat"], abs(data["x"]).max()
    marked = [(i, value, *beside(i, value, name, data["is_given"])) for i, value, name in data["fired"]]
    axes.text(0.2, 4.65, f"«{data['text']}»: el residual stream en el último token")
    cells(axes, 0.6, x, most, "activación", f"{len(x)} números")
    marks(axes, 2.9, data["d_sae"], marked, f"{len(marked)} de {data['d_sae']} características")
    cells(axes, 9.0, x_hat, most, "reconstrucción", f"{len(x)} números")
    cells(axes, 10.7, x - x_hat, most, "lo que falta", f"{decimal(100 * data['left'], 0)} %")
    for start, name in ((1.5, "codificador"), (7.6, "decodificador")):
        arrow(axes, (start, 2.3), (start + 1.2, 2.3), INK)
        axes.text(start + 0.57, 2.42, name, ha="center", fontsize=14)
    axes.set(xlim=(0, 11.8), ylim=(0, 5))  # inches
    return figure
