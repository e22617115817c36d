"""Path patching on IOI: one head writes the answer, and another tells it, through its queries, where to look."""

import torch
from matplotlib.colors import CenteredNorm
from matplotlib.figure import Figure

from figures.style.heads import heads_map
from figures.style.look import SIZE, STRONG, lecture_style
from figures.style.spanish import decimal
from lectern.figure import Claim, Result
from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head, all_heads
from mechinterp.interventions.path_patching import Between, Final, HeadInput, patch_paths
from mechinterp.ioi.prompts import Corruption, corrupted, prompts
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval

NOTABLE = 0.05  # of the logit difference: heads from there on are labelled


def compute(model: Model, n_prompts=200, seed=1_000_000) -> Result:
    """Noise: paths of the clean run carry what their head does when the other one gives."""
    asked = prompts(model, n_prompts, seed)
    clean, broken = asked.tokens, corrupted(model, asked, Corruption.SWAPPED)
    difference = asked.logit_diff(model(clean))
    heads, end = all_heads(model.transformer), asked.positions["END"]

    def effects(senders: list[Head], *receivers: Final | HeadInput) -> torch.Tensor:
        """Return the change of the logit difference by each sender's paths, as a share of it: (prompt, sender)."""
        patched = patch_paths(
            model.transformer, clean, broken, senders, receivers, asked.metric, Between.MLPS, positions=end
        )
        return (patched - difference[:, None]) / difference.mean()

    to_logits = effects(heads, Final())
    mover = heads[int(to_logits.mean(0).argmin())]
    earlier = [head for head in heads if head.layer < mover.layer]
    to_queries = effects(earlier, HeadInput(mover, Input.Q))
    inhibitor = int(to_queries.mean(0).argmin())
    low, high = bootstrap_interval(to_queries[:, inhibitor])
    others = torch.cat((to_queries[:, :inhibitor], to_queries[:, inhibitor + 1 :]), dim=1)
    shape = (model.config.n_layers, model.config.n_heads)
    queries = torch.zeros(len(heads))
    queries[: len(earlier)] = to_queries.mean(0)
    direct = to_logits.mean(0)
    return Result(
        data={"to_logits": direct.view(shape), "to_queries": queries.view(shape), "mover": str(mover)},
        values={
            "mover": str(mover),
            "mover_effect": direct.min(),
            "inhibitor": str(earlier[inhibitor]),
            "effect": to_queries[:, inhibitor].mean(),
            "low": low,
            "high": high,
            "others": others.mean(),
            "difference": difference.mean(),
            "n_prompts": n_prompts,
        },
        claims={
            "mover": Claim(f"efecto directo de {mover} en los logits", direct.min().item(), at_most=-0.5),
            "inhibitor": Claim(
                f"efecto de {earlier[inhibitor]} por las consultas de {mover}",
                to_queries[:, inhibitor].mean().item(),
                at_most=-0.3,
            ),
        },
        alt=(
            f"Efecto del camino directo de cada cabeza a los logits, con {mover} a la cabeza "
            f"({decimal(direct.min(), 1)} veces la diferencia), y a las consultas de {mover}, con {earlier[inhibitor]} "
            f"({decimal(to_queries[:, inhibitor].mean(), 1)})."
        ),
    )


@lecture_style
def draw(data) -> Figure:
    figure = Figure(figsize=SIZE)
    panels = figure.subplots(1, 2, sharey=True)
    most = max(abs(data["to_logits"]).max(), abs(data["to_queries"]).max())
    norm = CenteredNorm(halfrange=most)
    image = heads_map(panels[0], data["to_logits"], norm, NOTABLE, decimals=2)
    heads_map(panels[1], data["to_queries"], norm, NOTABLE, decimals=2)
    panels[0].set_title("camino directo de cada cabeza a los logits", **STRONG)
    panels[1].set_title(f"camino a las consultas de {data['mover']}", **STRONG)
    panels[1].set_ylabel("")
    figure.colorbar(image, ax=panels, label="cambio de logit(IO) − logit(S),\nen veces su valor")
    return figure
