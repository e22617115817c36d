"""A feature card: where a feature of our SAE fires, which words it raises, and what the model writes when it is set."""

import torch
from matplotlib.figure import Figure

from figures.style.look import ACCENT, CATEGORIES, INK, MUTED, SIZE, STRONG, lecture_style
from figures.style.shaded import shaded_line
from figures.style.spanish import decimal
from figures.style.tokens import labels, printable
from lectern.figure import Claim, Result
from mechinterp.model.language_model import Model
from mechinterp.sae.activations import Held, activations
from mechinterp.sae.architectures import TopK
from mechinterp.sae.feature_card import clearest_feature, direct_logits, top_excerpts
from mechinterp.sae.interpretability import best_labels, interpretable_share
from mechinterp.sae.labels import labelled_texts
from mechinterp.sae.metrics import spliced_loss
from mechinterp.sae.steering import steered_texts, steering_effect
from mechinterp.sae.training import Settings, train

TIME_LIMIT = 300
# Times the most that the feature fires in the texts; a prompt where it does not fire, and one where it does.
STRENGTHS = {"abajo": -1, "apagada": 0, "sin tocar": None, "arriba": 1}
PROMPTS = ("Ayer Carmen fue a la tienda y compró una", "Diego tiene una")
EXCERPTS, SHOWN, WORDS = 6, 4, 6


def compute(
    model: Model, hook="blocks.1.hook_resid_post", d_sae=512, k=4, steps=2000, n_texts=1600, seed=0
) -> Result:
    transformer, n_ctx = model.transformer, model.config.n_ctx
    texts = labelled_texts(model.tokenizer, n_ctx, n_texts, seed)
    tested = labelled_texts(model.tokenizer, n_ctx, n_texts // 2, seed + 1)
    source = Held(activations(transformer, texts.tokens, hook)[:, 1:].flatten(0, 1), 512, seed)
    sae = train(TopK(k), Settings(d_sae=d_sae, steps=steps, seed=seed), source)
    f = sae.encode(activations(transformer, tested.tokens, hook))

    logits = direct_logits(sae, transformer.W_U)
    card = clearest_feature(logits, best_labels(f, tested), tested, model)
    fires, raised = f[..., card.feature], logits[card.feature]
    most = fires[:, 1:].max().item()
    settings = {how: None if times is None else times * most for how, times in STRENGTHS.items()}
    about = (model, hook, sae, card.feature, card.words)
    written = {p: steered_texts(*about, p, settings, length=WORDS, seed=seed) for p in PROMPTS}
    effect = steering_effect(*about, tested.tokens[: n_texts // 16], n_others=20, seed=seed)
    recovered = spliced_loss(transformer, tested.tokens, hook, sae).recovered_from_mean

    extremes = torch.cat((raised.topk(SHOWN).indices, raised.topk(SHOWN, largest=False).indices.flip(0)))
    excerpts = top_excerpts(fires, tested.tokens, EXCERPTS, before=7, after=2)
    return Result(
        data={
            "excerpts": [(model.strings(e.tokens), e.f / most) for e in excerpts],
            "positive": fires[:, 1:][fires[:, 1:] > 0],
            "words": (labels(model.strings(extremes)), raised[extremes]),
            "written": {
                p: {how: (m, printable(t)) for how, (m, t) in of.items()} for p, of in written.items()
            },
            "class": card.raised,
        },
        values={
            **vars(effect),
            "feature": card.feature,
            "meaning": card.meaning,
            "f1": card.f1,
            "class": card.raised,
            "d_sae": d_sae,
            "share": interpretable_share(f, tested),
            "recovered": recovered,
        },
        claims={
            "f1": Claim("F1 de la mejor etiqueta de la característica", card.f1, at_least=0.8),
            "raised": Claim(f"P({card.raised}) con la característica al máximo", effect.raised, at_least=0.3),
            "control": Claim("lo mismo, con otra al máximo", effect.raised_by_other, at_most=0.1),
            "ablated": Claim("lo mismo donde se activa, apagada", effect.ablated, at_most=effect.firing / 2),
            "recovered": Claim("pérdida recuperada por el SAE", recovered, at_least=0.9),
        },
        alt=f"Ficha de la característica {card.feature} del SAE, «{card.meaning}»: textos en que más se activa, "
        "histograma, palabras que sube y baja, y lo que el modelo escribe con ella abajo, apagada y arriba.",
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    top, bottom = figure.subfigures(2, 1, height_ratios=(1.45, 1))  # type: ignore[misc]
    excerpts, histogram, words = top.subplots(1, 3, width_ratios=(2.3, 0.9, 0.8))
    excerpts.set(ylim=(len(data["excerpts"]) - 0.4, -0.6))
    excerpts.axis("off")
    excerpts.set_title("donde más se activa", **STRONG, loc="left")
    for y, (tokens, darkness) in enumerate(data["excerpts"]):
        shaded_line(excerpts, y, tokens, darkness)
    histogram.hist(data["positive"], bins=24, color=CATEGORIES[0], log=True)
    histogram.set(xlabel="activación", ylabel="tokens")
    histogram.set_title("cuánto", **STRONG)
    names, raised = data["words"]
    words.barh(names, raised, color=[ACCENT if x > 0 else CATEGORIES[0] for x in raised])
    words.invert_yaxis()
    words.tick_params(axis="y", length=0)
    words.set(xlabel="logit directo (σ)")
    words.set_title("palabras", **STRONG)
    for axes, (prompt, lines) in zip(bottom.subplots(1, 2), data["written"].items(), strict=True):
        axes.axis("off")
        axes.set(xlim=(0, 1.04), ylim=(len(lines) - 0.5, -1.6))
        axes.text(0, -1, f"«{prompt} …»", va="center", **STRONG)
        axes.text(1, -1, f"P({data['class']})", color=ACCENT, va="center", ha="right")
        for y, (how, (mass, text)) in enumerate(lines.items()):
            axes.text(0, y, how, color=MUTED, va="center", fontsize=15)
            axes.text(0.18, y, text, color=INK, va="center", fontsize=15)
            axes.text(1, y, decimal(mass, 2), color=ACCENT, va="center", ha="right", fontsize=15)
    return figure
