"""How good a sparse autoencoder is: each metric with one definition.

Notation: x the vectors, x̂ their reconstructions, f the SAE's features, V the true directions where they are known. Sums
run over the vectors of a sample unless stated otherwise; a feature fires where it is not zero.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from scipy.optimize import linear_sum_assignment
from torch import Tensor
from torch.nn import functional

from mechinterp.model.transformer import Hook, Transformer
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import SAE, Features, Vectors

AT_ONCE = 64  # texts that are run together

Directions = Float[Tensor, "feature width"]


def l0(f: Features) -> float:
    """Return how many features fire on average: the mean over the vectors of ‖f‖₀.

    Source: Bricken et al. 2023, *Towards Monosemanticity*.
    """
    return (f != 0).sum(-1).cpu().double().mean().item()


def fvu(x: Vectors, x_hat: Float[Tensor, "..."]) -> float:
    """Return the fraction of variance unexplained, Σ ‖x − x̂‖² / Σ ‖x − x̄‖², x̄ being the sample's mean vector.

    The variance is the total variance, summed over d_model, so that each dimension counts in proportion to how much it
    varies. Always predicting x̄ gives 1; worse predictions exceed it. Source: Gao et al. 2024, who call it «normalized
    MSE». Raises ValueError where the shapes differ, or all vectors are the same.
    """
    if x.shape != x_hat.shape:
        raise ValueError(f"expected x̂ of the shape of x, {tuple(x.shape)}, got {tuple(x_hat.shape)}")
    x, x_hat = x.cpu().double(), x_hat.cpu().double()
    vectors = x.flatten(0, -2)
    variance = (vectors - vectors.mean(0)).square().sum()
    if not variance:
        raise ValueError("expected vectors that differ, got the same one each time: they have no variance")
    return ((x - x_hat).square().sum() / variance).item()


def explained_variance(x: Vectors, x_hat: Float[Tensor, "..."]) -> float:
    """Return 1 − FVU; raises ValueError as fvu does."""
    return 1 - fvu(x, x_hat)


def density(f: Features) -> Float[Tensor, " d_sae"]:
    """Return each feature's density: the share of the vectors for which it fires.

    Source: Bricken et al. 2023, appendix «Feature density histograms».
    """
    return (f != 0).flatten(0, -2).cpu().double().mean(0)


def dead_share(found: Float[Tensor, " d_sae"]) -> float:
    """Return the share of features that fire for no vector of the sample, given their densities.

    It depends on the sample: the fewer vectors, the more rare features count as dead.
    """
    return (found == 0).cpu().double().mean().item()


def density_histogram(found: Float[Tensor, " d_sae"], edges: Float[Tensor, " edge"]) -> Int[Tensor, " bin"]:
    """Return how many features have their log10 density in each bin [edge, next); the last bin includes its end.

    Dead features, whose logarithm is −∞, are in no bin, nor are those beyond the edges. Source: Bricken et al. 2023,
    appendix «Feature density histograms».
    """
    found, edges = found.cpu().double(), edges.cpu().double()
    logarithms = found[found > 0].log10()
    within = logarithms[(logarithms >= edges[0]) & (logarithms <= edges[-1])]
    bins = torch.bucketize(within, edges, right=True) - 1
    return torch.bincount(bins.clamp(max=len(edges) - 2), minlength=len(edges) - 1)


@dataclass(frozen=True)
class SplicedLoss:
    """A language model's cross-entropy (nats per token), clean and with the activations at a hook point replaced."""

    clean: float
    reconstructed: float  # replaced by the SAE's x̂
    zero: float  # replaced by zeros
    mean: float  # replaced by their mean

    @property
    def recovered_from_zero(self) -> float:
        """The share recovered, (CE_zero − CE_SAE) / (CE_zero − CE_clean); ValueError where zeros do no harm."""
        return _recovered(self.zero, self.reconstructed, self.clean, "zeros")

    @property
    def recovered_from_mean(self) -> float:
        """The share recovered, (CE_mean − CE_SAE) / (CE_mean − CE_clean); ValueError where the mean does no harm."""
        return _recovered(self.mean, self.reconstructed, self.clean, "the mean")


@torch.no_grad()
def spliced_loss(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], hook: str, sae: SAE
) -> SplicedLoss:
    """Return the cross-entropy of predicting each next token, with the SAE's reconstruction spliced in at a hook point.

    The share of the loss that is recovered has two baselines: zero ablation and mean ablation, with the mean of these
    texts at this hook point. Position 0, which sees only the beginning-of-text token and on which SAEs are not trained,
    is left as it is in all runs; its prediction is then the same in all, and cancels out of the shares. Source:
    Rajamanoharan et al. 2024a, whose «loss recovered» uses zero ablation.

    Raises ValueError where the model has no such hook point, or its activations are not of the SAE's width.
    """
    mean = _mean_vector(transformer, tokens, hook)
    if len(mean) != sae.d_model:
        raise ValueError(f"expected an SAE of width {len(mean)} for {hook}, got {sae.d_model}")
    zero = torch.zeros_like(mean)
    return SplicedLoss(
        clean=cross_entropy(transformer, tokens),
        reconstructed=cross_entropy(transformer, tokens, {hook: _splice(sae.reconstruct)}),
        zero=cross_entropy(transformer, tokens, {hook: _splice(zero.expand_as)}),
        mean=cross_entropy(transformer, tokens, {hook: _splice(mean.expand_as)}),
    )


@torch.no_grad()
def cross_entropy(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], hooks: dict[str, Hook] | None = None
) -> float:
    """Return −log p of each token given those before it, in nats, averaged over all but each text's first."""
    total = 0.0
    for rows in tokens.split(AT_ONCE):
        logits = transformer.run_with_hooks(rows, hooks or {})[:, :-1].flatten(0, 1)
        total += functional.cross_entropy(logits, rows[:, 1:].flatten(), reduction="sum").item()
    return total / tokens[:, 1:].numel()


@dataclass(frozen=True, eq=False)
class Matching:
    """The one-to-one matching of an SAE's features to true directions that maximises the sum of cosines.

    A direction left without a feature, where the SAE has fewer features, has feature −1 and a cosine of 0.
    """

    feature: Int[Tensor, " feature"]
    cosine: Float[Tensor, " feature"]


def matching(W_dec: Float[Tensor, "d_sae d_model"], true: Directions) -> Matching:
    """Return the best one-to-one matching of features and true directions.

    Source: Kuhn 1955, by scipy.optimize.linear_sum_assignment. Raises ValueError where the widths differ.
    """
    cosine = _cosines(W_dec, true)
    rows, columns = (
        torch.from_numpy(found) for found in linear_sum_assignment(cosine.numpy(), maximize=True)
    )
    feature, matched = torch.full((len(true),), -1), torch.zeros(len(true), dtype=cosine.dtype)
    feature[rows], matched[rows] = columns, cosine[rows, columns]
    return Matching(feature, matched)


def matched_cosine(W_dec: Float[Tensor, "d_sae d_model"], true: Directions) -> float:
    """Return how well an SAE recovers the true directions: the mean cosine of the best matching.

    That is the maximum over one-to-one matchings m of Σ_i cos(V_i, W_dec,m(i)) / n, where i runs over the n true
    directions. Unlike mmcs, it does not let one feature match several. Raises ValueError where the widths differ.
    """
    return matching(W_dec, true).cosine.mean().item()


def chance_cosines(true: Directions, d_sae: int, n: int, seed: int) -> Float[Tensor, " n"]:
    """Return the matched cosines of n sets of directions drawn at random: what an SAE recovers that learned nothing."""
    draw = torch.Generator().manual_seed(seed)
    sets = [torch.randn(d_sae, true.shape[1], generator=draw) for _ in range(n)]
    return torch.stack([matching(directions, true).cosine.mean() for directions in sets])


def mmcs(W_dec: Float[Tensor, "d_sae d_model"], true: Directions) -> float:
    """Return the mean max cosine similarity: Σ_i max_j cos(V_i, W_dec,j) / n, where i runs over n directions.

    Source: Sharkey et al. 2022, *Taking features out of superposition with sparse autoencoders*. Raises ValueError
    where the widths differ.
    """
    return _cosines(W_dec, true).amax(-1).mean().item()


def _cosines(W_dec: Float[Tensor, "d_sae d_model"], true: Directions) -> Float[Tensor, "feature d_sae"]:
    if W_dec.shape[1] != true.shape[1]:
        raise ValueError(f"expected directions of width {true.shape[1]}, got {W_dec.shape[1]}")
    found = functional.normalize(W_dec.detach().cpu().double(), dim=-1)
    return functional.normalize(true.cpu().double(), dim=-1) @ found.T


def _recovered(ablated: float, reconstructed: float, clean: float, ablation: str) -> float:
    if ablated <= clean:
        raise ValueError(
            f"expected {ablation} to raise the loss above {clean:.4f}, got {ablated:.4f}: no share is defined"
        )
    return (ablated - reconstructed) / (ablated - clean)


def _splice(replacement: Hook) -> Hook:
    """Return a hook that applies `replacement` to the vectors, except at position 0; heads are concatenated."""

    def hook(x: Tensor) -> Tensor:
        changed = x.flatten(2).clone()
        changed[:, 1:] = replacement(changed[:, 1:])
        return changed.reshape(x.shape)

    return hook


def _mean_vector(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], hook: str
) -> Float[Tensor, " d_model"]:
    sums = [activations(transformer, rows, hook)[:, 1:].sum((0, 1)) for rows in tokens.split(AT_ONCE)]
    return torch.stack(sums).sum(0) / tokens[:, 1:].numel()
