"""One head on one sentence: QK decides which tokens it reads, OV what each of them adds to the logits."""

from matplotlib.figure import Figure

from figures.style.bars import grouped_bars
from figures.style.look import CATEGORIES, MUTED, PALE, lecture_style, titled
from figures.style.spanish import decimal
from figures.style.tokens import labels
from lectern.figure import Claim, Report
from mechinterp.attention.heads import strongest
from mechinterp.attention.qk_ov import unembedding
from mechinterp.ioi.prompts import example, prompts
from mechinterp.ioi.without import direct_effects
from mechinterp.logits.direct_attribution import Reader, by_head_and_source
from mechinterp.model.language_model import Model


def compute(model: Model, text="", names=("", ""), n_prompts=100, seed=1_000_000) -> dict:
    """Take the head that writes most of the answer on many prompts, and follow it on one sentence."""
    head = strongest(direct_effects(model, prompts(model, model.affordable(n_prompts), seed)))
    shown = example(model, text, *names)
    tokens = model.tokens(model.spaced(shown.text))
    cache = model.transformer.cache(tokens)
    end, start = tokens.shape[1] - 1, len(model.start)
    W_U = unembedding(model.transformer)  # centred: a logit against the mean of all
    added = {}
    for name in (shown.answer, shown.subject):
        reader = Reader(W_U[:, model.first_token(name)][None], tokens.new_tensor([end]))
        by_source = by_head_and_source(model.transformer, cache, reader)
        added[name] = by_source[0, head.layer, head.index, start:]
    return {
        "head": str(head),
        "tokens": labels(model.strings(tokens[0, start:])),
        "attention": cache[f"blocks.{head.layer}.attn.hook_pattern"][0, head.index, end, start:],
        "added": added,
    }


def report(data) -> Report:
    attention, tokens = data["attention"], data["tokens"]
    at = int(attention.argmax())
    (name, added), (other, _) = data["added"].items()
    values = {"head": data["head"], "token": tokens[at], "name": name, "other": other}
    claims = {
        "read": Claim(f"atención a «{tokens[at]}»", attention[at], at_least=0.3),
        "copied": Claim(
            f"lo que «{tokens[at]}» suma al logit de {name}", added[at], at_least=1, unit=" logits"
        ),
    }
    alt = (
        f"Atención de {data['head']} desde el último token: {decimal(100 * attention[at], 0)} % a «{tokens[at]}», que "
        f"suma {decimal(added[at], 1)} al logit de {name}."
    )
    return Report(values, claims, alt)


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    upper, lower = figure.subplots(2, 1, sharex=True)
    rows = range(len(data["tokens"]))
    upper.bar(rows, data["attention"], color=[CATEGORIES[0] if a >= 0.1 else PALE for a in data["attention"]])
    upper.set(ylim=(0, 1), ylabel="atención")
    titled(upper, f"QK: qué lee {data['head']} desde el último token")
    added = {f"al logit de {name}": values for name, values in data["added"].items()}
    grouped_bars(lower, data["tokens"], added, CATEGORIES[1:])
    lower.axhline(0, color=MUTED, linewidth=1)
    lower.set(ylabel="logits")
    lower.legend(loc="upper right", ncols=2)
    titled(lower, "OV: lo que añade cada token que lee")
    return figure
