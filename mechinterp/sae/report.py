"""How good an SAE is on texts that it was not trained on, as a table for the terminal."""

from __future__ import annotations

from collections.abc import Callable

import torch
from rich.table import Table

from mechinterp.model.language_model import Model
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.interpretability import interpretable_share
from mechinterp.sae.metrics import AT_ONCE, dead_share, density, fvu, l0, spliced_loss
from mechinterp.sae.texts import Texts


def report(model: Model, hook: str, sae: SAE, texts: Texts) -> Table:
    """Return each metric with its definition; raises ValueError where the SAE does not fit the hook point."""
    parts = [activations(model.transformer, rows, hook) for rows in texts.held_out.split(AT_ONCE)]
    x = torch.cat(parts)
    f = sae.encode(x)
    fired, loss = f[:, 1:], spliced_loss(model.transformer, texts.held_out, hook, sae)
    table = Table("measured on held-out texts", "", "unit")
    table.add_row("FVU", f"{fvu(x[:, 1:], sae.decode(fired)):.3f}", "of the variance, unexplained")
    table.add_row("L0", f"{l0(fired):.2f}", f"of {sae.d_sae} features, per token")
    table.add_row("dead", f"{dead_share(density(fired)):.3f}", "of the features")
    table.add_row(
        "loss recovered, from zero",
        _shown(lambda: loss.recovered_from_zero),
        "of the damage of zero ablation",
    )
    table.add_row(
        "loss recovered, from mean",
        _shown(lambda: loss.recovered_from_mean),
        "of the damage of mean ablation",
    )
    if texts.labelled is not None:
        share = interpretable_share(f, texts.labelled)
        table.add_row("interpretable", f"{share:.3f}", "of the live features: F1 ≥ 0.8")
    return table


def _shown(share: Callable[[], float]) -> str:
    """Return a share with three decimals, or that it is not defined."""
    try:
        return f"{share():.3f}"
    except ValueError:
        return "not defined"
