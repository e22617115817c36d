"""Two kinds of work: heads move names and countries; what a country's capital is, MLPs hold."""

from matplotlib.figure import Figure

from figures.style.bars import grouped_bars
from figures.style.look import lecture_style, titled
from figures.style.spanish import decimal
from lectern.figure import Claim, Report
from mechinterp.evaluation.knowledge import is_answer, one_template
from mechinterp.interventions.ablation import Ablation, instead_of, run_without
from mechinterp.interventions.paths import MLP
from mechinterp.ioi.without import heads_that_write
from mechinterp.model.language_model import Model
from mechinterp.text.facts import capitals, questions_in_two_hops

WRITES = 0.05  # least share of the difference, for a head to count as one that writes the name


def compute(model: Model, n_prompts=400, seed=1_000_000) -> dict:
    """Put in place of an output what it is on another sentence of the same form."""
    facts, names = capitals(), one_template(model, n_prompts, seed)
    tokens = model.tokens([prompt for prompt, _ in facts])
    writers = heads_that_write(model, names, WRITES)
    layers = range(model.config.n_layers)
    removed = {"entero": []} | {f"sin el MLP {layer}": [MLP(layer)] for layer in layers}
    removed |= {"sin ningún MLP": [MLP(layer) for layer in layers], "sin quien lo escribe": writers}
    instead = [instead_of(model.transformer, asked, Ablation.RESAMPLE) for asked in (tokens, names.tokens)]
    found = {}
    for name, gone in removed.items():
        of_facts, _ = run_without(model.transformer, tokens, gone, instead[0])
        of_names, _ = run_without(model.transformer, names.tokens, gone, instead[1])
        right = (names.logit_diff(of_names) > 0).float()
        found[name] = (is_answer(model, facts, of_facts).mean(), right.mean())
    steps = questions_in_two_hops()
    in_two = [is_answer(model, [one], model(model.tokens(one[0]))).item() for one in steps]
    return {
        "shares": found,
        "writers": [str(head) for head in writers],
        "n_facts": len(facts),
        "n_names": len(names),
        "two_steps": sum(in_two) / len(in_two),
        "n_two_steps": len(in_two),
    }


def report(data) -> Report:
    shares = data["shares"]
    whole, without, still = (shares[at] for at in ("entero", "sin ningún MLP", "sin quien lo escribe"))
    values = {name: data[name] for name in ("writers", "n_facts", "n_names", "n_two_steps")}
    values |= {"facts_still": still[0]}
    claims = {
        "known": Claim("capitales que sabe", whole[0], at_least=0.95),
        "facts": Claim("capitales que quedan sin los MLP", without[0], at_most=0.5),
        "names": Claim("aciertos en IOI sin los MLP", without[1], at_least=0.8),
        "lost": Claim("aciertos en IOI sin las que lo escriben", still[1], at_most=0.7),
        "two_steps": Claim("aciertos en dos pasos", data["two_steps"], at_least=0.8),
    }
    alt = "Aciertos en capitales y en IOI: " + "; ".join(
        f"{at}, {decimal(100 * fact, 0)} % y {decimal(100 * name, 0)} %"
        for at, (fact, name) in shares.items()
    )
    return Report(values, claims, f"{alt}.")


@lecture_style
def draw(data) -> Figure:
    figure = Figure()
    axes = figure.subplots()
    facts, names = zip(*data["shares"].values(), strict=True)
    removed = [name.replace("sin ", "sin\n") for name in data["shares"]]
    drawn = grouped_bars(axes, removed, {"capitales": facts, "nombres (IOI)": names})
    for bars, shares in zip(drawn, (facts, names), strict=True):
        axes.bar_label(bars, [decimal(100 * share, 0) for share in shares], fontsize=14)
    axes.set(ylim=(0, 1.15), ylabel="aciertos (%)", yticks=(0, 0.5, 1), yticklabels=("0", "50", "100"))
    axes.legend(loc="upper right", ncols=2, bbox_to_anchor=(1, 1.12))
    titled(axes, "")
    return figure
