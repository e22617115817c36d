"""An SAE as figures show it: what it reads, texts that it was not trained on, and directions at random beside it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Transformer
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import SAE, Features, TopKSAE
from mechinterp.sae.checkpoint import load_sae
from mechinterp.sae.folder import NONE, TEXTS, hook_of
from mechinterp.sae.metrics import fvu, l0
from mechinterp.sae.steering import continuations
from mechinterp.sae.texts import packed

AT_ONCE = 16  # texts whose features are held together: there may be tens of thousands at each token
MOST, FEWEST = 64, 4  # texts that an SAE is shown on
WRITTEN = 32  # tokens of a text that the model writes


@dataclass(frozen=True, eq=False)
class Given:
    """An SAE that somebody gives, with the hook point that it reconstructs."""

    sae: SAE
    hook: str
    centred: bool  # whether it reconstructs the activation less its mean over d_model
    text: str | None  # that it was not trained on


@dataclass(frozen=True, eq=False)
class Shown:
    """A given SAE on a model: texts, and what it makes of the activations there."""

    given: Given
    transformer: Transformer
    tokens: Int[Tensor, "text pos"]  # that it was not trained on
    mean: Float[Tensor, " d_model"]  # of the activations, without first positions

    def vectors(self, tokens: Int[Tensor, "some pos"]) -> Float[Tensor, "some pos d_model"]:
        """Return the activations that the SAE reconstructs."""
        return _vectors(self.transformer, self.given, tokens)

    def fvu(self, sae: SAE) -> float:
        """Return the fraction of variance that an SAE leaves unexplained in the texts, without first positions."""
        parts = [self.vectors(rows)[:, 1:] for rows in self.tokens.split(AT_ONCE)]
        return fvu(torch.cat(parts), torch.cat([sae.reconstruct(x) for x in parts]))

    def l0(self) -> float:
        """Return how many features fire on average."""
        parts = [l0(self.features(rows)[:, 1:]) * len(rows) for rows in self.tokens.split(AT_ONCE)]
        return sum(parts) / len(self.tokens)

    def features(self, tokens: Int[Tensor, "some pos"]) -> Features:
        """Return how strongly each feature fires."""
        return self.given.sae.encode(self.vectors(tokens))

    def at_random(self, seed: int) -> SAE:
        """Return a control: as many random directions around the mean, of which as many fire, those that fit best."""
        sae = self.given.sae
        draw = torch.Generator().manual_seed(seed)
        W_dec = torch.randn(sae.W_dec.shape, generator=draw).to(self.mean.device)
        W_dec = W_dec / W_dec.norm(dim=-1, keepdim=True)
        k = min(sae.d_sae, max(1, round(self.l0())))
        return TopKSAE(W_dec.T.contiguous(), W_dec.new_zeros(sae.d_sae), W_dec, self.mean, k)

    def raised(self, features: Sequence[int], n: int) -> Int[Tensor, "feature n"]:
        """Return the n tokens whose logits each feature raises most by the direct path."""
        return self.direct_logits(features).topk(n).indices

    def direct_logits(self, features: Sequence[int]) -> Float[Tensor, "feature d_vocab"]:
        """Return what each feature's direction adds to each token's logit, up to the scale of the final norm.

        The norm's weights count. Its scale, which is left out, changes no order.
        """
        directions = self.given.sae.W_dec[list(features)]
        if self.transformer.config.normalization == "layer":
            directions = directions - directions.mean(-1, keepdim=True)
        return (directions * self.transformer.ln_final.w) @ self.transformer.W_U


def load(value: str) -> Given | None:
    """Return the SAE in a folder, None for «none»; raise ValueError as load_sae does."""
    if value == NONE:
        return None
    folder = Path(value).expanduser().resolve()
    found, path = load_sae(folder), folder / TEXTS
    text = path.read_text(encoding="utf-8") if path.is_file() else None
    return Given(found.sae, hook_of(folder), found.centred, text)


def shown(model: Model, given: Given, seed: int) -> Shown:
    """Return a given SAE with texts to show it on: those beside it, or else texts that the model writes.

    Raises ValueError where the model has no such hook point or its activations are of another width, there is too
    little text, or there is none and the model does not know how a text begins.
    """
    given, tokens = replace(given, sae=given.sae.to(model.device)), _texts(model, given.text, seed)
    if (width := activations(model.transformer, tokens[:1], given.hook).shape[-1]) != given.sae.d_model:
        raise ValueError(
            f"expected an SAE of width {width} for {given.hook} of {model.name}, got {given.sae.d_model}"
        )
    parts = [_vectors(model.transformer, given, rows)[:, 1:] for rows in tokens.split(AT_ONCE)]
    return Shown(given, model.transformer, tokens, torch.cat(parts).mean((0, 1)))


def _vectors(
    transformer: Transformer, given: Given, tokens: Int[Tensor, "some pos"]
) -> Float[Tensor, "some pos d_model"]:
    x = activations(transformer, tokens, given.hook)
    return x - x.mean(-1, keepdim=True) if given.centred else x


def _texts(model: Model, text: str | None, seed: int) -> Int[Tensor, "text pos"]:
    if text is not None:
        rows = packed(model, text, FEWEST, f"{TEXTS} beside the SAE")
        return rows[: model.affordable(MOST, runs=4, n_positions=rows.shape[1])]
    if not model.start:
        raise ValueError(
            f"{model.name} does not know how a text begins, and there is no {TEXTS} beside the SAE: add one"
        )
    n = model.affordable(MOST, runs=WRITTEN, n_positions=WRITTEN)
    start = torch.tensor(model.start, device=model.device)
    written = continuations(model.transformer, start, {}, n=n, length=WRITTEN, seed=seed)
    return torch.cat((start.expand(n, -1), written), dim=1)
