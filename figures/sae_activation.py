"""An SAE splits an activation into the few features of many that fire, and puts it together again from them."""

from dataclasses import replace

import torch
from matplotlib.figure import Figure

from figures.style.diagram import arrow
from figures.style.look import INK, lecture_style
from figures.style.spanish import decimal
from figures.style.strips import cells, marks
from lectern.figure import Claim, Report
from mechinterp.model.language_model import Model
from mechinterp.sae.activations import activations, held_activations
from mechinterp.sae.architectures import TopK
from mechinterp.sae.interpretability import best_labels
from mechinterp.sae.labels import labelled_split
from mechinterp.sae.metrics import fvu
from mechinterp.sae.training import Settings, begin, train

TIME_LIMIT = 300
HOOK = "blocks.2.hook_resid_post"
CLEAR = 0.5  # least F1 of a label that is written


def compute(
    model: Model, text="El gato vive con", hook=HOOK, d_sae=512, k=4, steps=3000, n_texts=1600, seed=0
) -> dict:
    """Train the SAE of the feature card, and take the activation at the end of a text through it."""
    texts, tested = labelled_split(model, n_texts, n_texts // 2, seed)
    source = held_activations(model.transformer, texts.tokens, hook, size=512, seed=seed)
    settings, mean = Settings(d_sae=d_sae, steps=steps, seed=seed), source.vectors.mean(0)
    sae = train(TopK(k), settings, source)
    others = activations(model.transformer, tested.tokens, hook)
    match = best_labels(sae.encode(others), tested)
    # A control: as many random directions around the mean, of which those that fit best fire.
    untrained = replace(begin(TopK(k), settings, source).finished(), b_dec=mean)

    x = activations(model.transformer, model.tokens(text), hook)[0, -1]
    f = sae.encode(x)
    fired = [int(feature) for feature in f.nonzero()]
    return {
        "text": text,
        "x": x,
        "x_hat": sae.decode(f),
        "d_sae": d_sae,
        "fired": [(i, f[i], tested.labels[match.label[i]].name, match.f1[i]) for i in fired],
        "cosine": torch.cosine_similarity(x, sae.decode(f), dim=0),
        "left": (x - sae.decode(f)).square().sum() / (x - mean).square().sum(),
        "others": fvu(others[:, 1:], sae.reconstruct(others[:, 1:])),
        "by_chance": fvu(others[:, 1:], untrained.reconstruct(others[:, 1:])),
    }


def report(data) -> Report:
    left, others, fired, d_model = data["left"], data["others"], data["fired"], len(data["x"])
    clear = [f"{name} ({decimal(f1, 2)})" for _, _, name, f1 in fired if f1 >= CLEAR]
    values = {"fire": len(fired), "d_model": d_model, "cosine": data["cosine"], "labels": clear}
    claims = {
        "left": Claim("varianza sin explicar de la activación", left, at_most=0.3),
        "mean": Claim("varianza sin explicar de otros textos", others, at_most=0.3),
        "control": Claim("lo mismo, con direcciones al azar", data["by_chance"], at_least=2 * others),
    }
    alt = f"Los {d_model} números de una activación entran en el SAE, se activan {len(fired)} de {data['d_sae']} "
    alt += f"características y salen {d_model} parecidos: falta el {decimal(100 * left, 0)} % de la varianza."
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    axes.axis("off")
    x, x_hat, most = data["x"], data["x_hat"], abs(data["x"]).max()
    marked = []
    for i, value, name, f1 in data["fired"]:
        about = f"n.º {i}, valor {decimal(value, 0)}"
        marked.append(
            (i, value, name, about) if f1 >= CLEAR else (i, value, "", f"sin etiqueta clara ({about})")
        )
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
