"""What each layer adds to the residual stream on one sentence, read as the difference of two logits: a sum, exactly."""

from matplotlib.figure import Figure

from figures.style.look import CATEGORIES, MUTED, lecture_style
from figures.style.spanish import decimal
from figures.style.sums import running_sum
from lectern.figure import Claim, Report
from mechinterp.ioi.prompts import example
from mechinterp.logits.direct_attribution import bias, by_component, logit_diff_reader
from mechinterp.model.language_model import Model

COLORS = {"atención": CATEGORIES[0], "MLP": CATEGORIES[2]}
NAMES = {"hook_embed": "embedding", "hook_pos_embed": "posición", "attn": "atención", "mlp": "MLP"}


def compute(model: Model, text="", answer="", other="") -> dict:
    """Split logit(answer) − logit(other) at the end of the sentence into what each component wrote there."""
    shown = example(model, text, answer, other)
    tokens = model.tokens(model.spaced(shown.text))
    right, wrong = (tokens.new_tensor([model.first_token(word)]) for word in (shown.answer, shown.subject))
    reader = logit_diff_reader(model.transformer, right, wrong, tokens.new_tensor([tokens.shape[1] - 1]))
    logits, cache = model.run_with_cache(tokens)
    added = {name: value.item() for name, value in by_component(model.transformer, cache, reader).items()}
    return {
        "text": shown.text,
        "answer": shown.answer,
        "other": shown.subject,
        "added": {_title(name): value for name, value in added.items()}
        | {"sesgo": bias(model.transformer, reader, right, wrong).item()},
        "difference": (logits[0, -1, right] - logits[0, -1, wrong]).item(),
    }


def report(data) -> Report:
    added, difference = data["added"], data["difference"]
    most = max(added, key=lambda name: added[name])
    values = {"difference": difference, "largest": most, "most_added": added[most]}
    values |= {"answer": data["answer"], "other": data["other"]}
    claims = {
        "sum": Claim("lo que falta a la suma", abs(sum(added.values()) - difference), at_most=0.001),
        "most": Claim(f"parte que añade {most}", added[most] / difference, at_least=1 / len(added)),
    }
    listed = "; ".join(f"{name}, {decimal(value, 1)}" for name, value in added.items())
    alt = f"Lo que añade cada capa a logit({data['answer']}) − logit({data['other']}): {listed}; en total, "
    return Report(values, claims, f"{alt}{decimal(difference, 1)}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    colors = [COLORS.get(name.split()[0], MUTED) for name in data["added"]]
    running_sum(axes, data["added"], data["difference"], colors)
    axes.set(ylabel=f"logit({data['answer']}) − logit({data['other']})")
    axes.set_title(f"«{data['text']} …»", fontsize=16, color=MUTED)
    return figure


def _title(name: str) -> str:
    """Return «atención 0» for blocks.0.hook_attn_out."""
    if not name.startswith("blocks"):
        return NAMES[name]
    _, layer, point = name.split(".")
    return f"{NAMES[point.split('_')[1]]} {layer}"
