"""A feature card: where a feature of our SAE fires, which words it raises, and what the model writes when it is set."""

from dataclasses import asdict

from matplotlib.figure import Figure

from figures.style.card import feature_card
from figures.style.look import lecture_style
from lectern.figure import Claim, Report
from mechinterp.model.language_model import Model
from mechinterp.sae.activations import activations, held_activations
from mechinterp.sae.architectures import TopK
from mechinterp.sae.feature_card import clearest_feature, direct_logits, extreme_words, top_excerpts
from mechinterp.sae.interpretability import best_labels, interpretable_share
from mechinterp.sae.labels import labelled_split
from mechinterp.sae.metrics import spliced_loss
from mechinterp.sae.steering import steered_texts, steering_effect
from mechinterp.sae.training import Settings, train

TIME_LIMIT = 300
HOOK = "blocks.2.hook_resid_post"
STRENGTHS = {"abajo": -1, "apagada": 0, "sin tocar": None, "arriba": 1}
# Where it does not fire, and where it does; strengths are in times the most that it fires.
PROMPTS = ("Ayer Carmen fue a la tienda y", "Diego vio a Ana en el parque y le dio")


def compute(model: Model, hook=HOOK, d_sae=512, k=4, steps=3000, n_texts=1600, seed=0) -> dict:
    transformer = model.transformer
    texts, tested = labelled_split(model, n_texts, n_texts // 2, seed)
    source = held_activations(transformer, texts.tokens, hook, size=512, seed=seed)
    sae = train(TopK(k), Settings(d_sae=d_sae, steps=steps, seed=seed), source)
    f = sae.encode(activations(transformer, tested.tokens, hook))

    logits = direct_logits(sae, transformer.W_U)
    card = clearest_feature(logits, best_labels(f, tested), tested, model)
    fires, raised = f[..., card.feature], logits[card.feature]
    most = fires[:, 1:].max().item()
    settings = {how: None if times is None else times * most for how, times in STRENGTHS.items()}
    extremes = extreme_words(raised, 4)
    excerpts = top_excerpts(fires, tested.tokens, 6, before=7, after=2)
    steered = (model, hook, sae, card.feature, card.words)
    return {
        "card": asdict(card),
        "share": interpretable_share(f, tested),
        "recovered": spliced_loss(transformer, tested.tokens, hook, sae).recovered_from_mean,
        "effect": asdict(steering_effect(*steered, tested.tokens[: n_texts // 16], n_others=20, seed=seed)),
        "written": {p: steered_texts(*steered, p, settings, length=6, seed=seed) for p in PROMPTS},
        "excerpts": [(model.strings(e.tokens), e.f / most) for e in excerpts],
        "positive": fires[:, 1:][fires[:, 1:] > 0],
        "words": (model.strings(extremes), raised[extremes]),
    }


def report(data) -> Report:
    card, effect, share, recovered = data["card"], data["effect"], data["share"], data["recovered"]
    feature, meaning, name, half = card["feature"], card["meaning"], card["raised"], effect["firing"] / 2
    return Report(
        values={**effect, "feature": feature, "meaning": meaning, "class": name, "share": share},
        claims={
            "f1": Claim("F1 de la mejor etiqueta de la característica", card["f1"], at_least=0.8),
            "raised": Claim(f"P({name}) con la característica al máximo", effect["raised"], at_least=0.3),
            "control": Claim(
                "lo mismo, con otra al máximo", effect["raised_by_other"], at_most=effect["raised"] / 2
            ),
            "ablated": Claim("lo mismo donde se activa, apagada", effect["ablated"], at_most=half),
            "recovered": Claim("pérdida recuperada por el SAE", recovered, at_least=0.9),
        },
        alt=f"Ficha de la característica {feature} del SAE, «{meaning}»: textos en que más se activa, "
        "histograma, palabras que sube y baja, y lo que el modelo escribe con ella abajo, apagada y arriba.",
    )


@lecture_style
def draw(data) -> Figure:
    return feature_card(data, f"P({data['card']['raised']})")
