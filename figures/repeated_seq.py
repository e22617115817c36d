"""On a random sequence that repeats, an induction head shows a stripe, and the second half is predicted."""

from matplotlib.figure import Figure

from figures.style.axes import band
from figures.style.look import ACCENT, CATEGORIES, MUTED, SEQUENTIAL, lecture_style, titled
from figures.style.spanish import decimal, plus_minus
from lectern.figure import Claim, Report, either
from mechinterp.attention import heads
from mechinterp.attention.composition import Input, baseline, composition_score
from mechinterp.model.language_model import Model
from mechinterp.text.prompts import random_tokens, repeated_random_tokens

LEAST = 0.2  # of the attention, for a head to be called an induction head
APART = 3  # standard deviations above the other pairs, for a composition to stand out


def compute(model: Model, n_prompts=200, period=25, seed=1_000_000) -> dict:
    n_prompts = model.affordable(n_prompts, runs=4, n_positions=2 * period)
    tokens = repeated_random_tokens(model, n_prompts, period, seed)
    pattern = heads.attention_patterns(model.transformer, tokens)
    scores = heads.induction_score(pattern, period)
    named, others = heads.sharing(scores, LEAST)
    head, own, _ = heads.strongest_and_others(scores)
    # Does its key read what a previous-token head wrote? Control: all other pairs of heads of the two layers.
    previous = heads.strongest(heads.previous_token_score(pattern)[:, : max(1, head.layer)])
    pair = (model.transformer, previous, head, Input.K)
    log_prob = model.log_probs_of_next(tokens)
    fresh = random_tokens(model, n_prompts, 2 * period, seed)  # control: as long, and nothing repeats
    return {
        "n_prompts": n_prompts,
        "period": period,
        "start": len(model.start) + period,
        "head": str(head),
        "score": (own.mean(), own.std()),
        "n_named": len(named),
        "others": others,
        "pattern": pattern[:, head.layer, head.index].mean(0),
        "previous": str(previous),
        "composition": composition_score(*pair) if head.layer else 0.0,
        "baseline": vars(baseline(*pair)) if head.layer else {"mean": 0.0, "spread": 1.0},
        "log_prob": (log_prob.mean(0), log_prob.std(0)),
        "control": model.log_probs_of_next(fresh).mean(0),
    }


def report(data) -> Report:
    head, previous, period = data["head"], data["previous"], data["period"]
    mean, spread = data["baseline"]["mean"], data["baseline"]["spread"]
    log_prob, unrepeated = data["log_prob"][0], data["control"][1 - period :]
    first, second, control = (x.mean() for x in (log_prob[: period - 1], log_prob[1 - period :], unrepeated))
    values = {name: data[name] for name in ("head", "n_named", "others", "previous", "composition")}
    values |= {"first": first, "second": second, "control": control}
    values |= {"others_composed": mean, "others_spread": spread}
    above = (data["composition"] - mean) / spread
    composition = f"K-composition de {previous} a {head}, en desviaciones sobre los demás pares"
    claims = either("composition", "alike", composition, above, APART)
    claims["stripe"] = Claim(f"atención de inducción de {head}, media", data["score"][0], at_least=LEAST)
    claims["jump"] = Claim("salto medio de la log-probabilidad", second - first, at_least=1, unit=" nats")
    alt = (
        f"A la izquierda, atención de la cabeza {head}, con una franja en la segunda mitad; a la derecha, "
        f"log-probabilidad del token correcto: de {decimal(first, 1)} a {decimal(second, 2)} nats."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    stripe, curve = figure.subplots(1, 2, width_ratios=(1, 1.45))
    start, mark = data["start"], {"color": ACCENT, "linewidth": 1.5}
    stripe.imshow(data["pattern"], cmap=SEQUENTIAL, vmin=0, vmax=1)
    stripe.axhline(start - 0.5, **mark)
    stripe.axvline(start - 0.5, **mark)
    titled(stripe, f"cabeza {data['head']}: {plus_minus(*data['score'])}")
    stripe.set(xlabel="posición a la que atiende", ylabel="posición que atiende")

    mean, spread = data["log_prob"]
    positions = range(1, len(mean) + 1)
    curve.axvline(start, **mark)
    curve.plot(positions, mean, color=CATEGORIES[0], label="la secuencia se repite")
    band(curve, positions, mean - spread, mean + spread, CATEGORIES[0])
    curve.plot(positions, data["control"], color=MUTED, linestyle="--", label="control: nada se repite")
    beside = {"xytext": (-8, 0), "textcoords": "offset points", "ha": "right", "color": ACCENT}
    curve.annotate("empieza la repetición", (start, -3), **beside)
    titled(curve, f"del token correcto, media ± desviación ({data['n_prompts']} secuencias)")
    curve.set(xlabel="posición", ylabel="log-probabilidad (nats)", ylim=(None, 0.9))
    curve.legend(loc="best")
    return figure
