"""Steering: a model runs with more or less of one feature of an SAE, and its predictions are observed.

At a hook point x becomes x + s d, where d is the feature's direction. The strength s is given, or it is value − f,
where f is the feature's own activation, which sets the feature to that value; a value of 0 ablates it. Everything else
in x stays, including what the SAE does not reconstruct. Source: Templeton et al. 2024, section «Influence
on behavior», who set features to multiples of their greatest observed activation.

This shows what the model does with more or less of a direction, including amounts that no text produces. It does not
show that the model needs the feature: for that, the feature has to be ablated where it fires.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Hook, Transformer
from mechinterp.sae.activations import activations
from mechinterp.sae.autoencoder import SAE

Hooks = Mapping[str, Hook]


def add_feature(sae: SAE, feature: int, strength: float) -> Hook:
    """Return a hook that adds `strength` times a feature's direction, its row of W_dec, whatever its activation.

    It acts at every position but the first, which sees only the beginning-of-text token. Raises ValueError where the
    SAE has no such feature.
    """
    return _changing(sae, feature, lambda f: torch.full_like(f, strength))


def set_feature(sae: SAE, feature: int, value: float) -> Hook:
    """Return a hook that sets a feature at every position but the first, which sees only the beginning of text.

    Raises ValueError where the SAE has no such feature.
    """
    return _changing(sae, feature, lambda f: value - f)


def _changing(sae: SAE, feature: int, strength: Callable[[Tensor], Tensor]) -> Hook:
    """Return a hook that adds strength(f) times the direction, f being the activation, except at position 0."""
    if not 0 <= feature < sae.d_sae:
        raise ValueError(f"expected a feature from 0 to {sae.d_sae - 1}, got {feature}")

    def hook(x: Float[Tensor, "batch pos d_model"]) -> Tensor:
        f = sae.encode(x)[..., feature]
        change = strength(f)[..., None] * sae.W_dec[feature]
        return torch.cat((x[:, :1], (x + change)[:, 1:]), dim=1)

    return hook


def ablate_feature(sae: SAE, feature: int) -> Hook:
    """Return a hook that sets a feature to 0 at every position but the first."""
    return set_feature(sae, feature, 0.0)


@torch.no_grad()
def mass_on(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], words: Int[Tensor, " word"], hooks: Hooks
) -> Float[Tensor, "text pos"]:
    """Return, after each token, the probability that the next one is among some words, under the hooks."""
    return transformer.run_with_hooks(tokens, hooks).softmax(-1)[..., words].sum(-1)


@dataclass(frozen=True)
class Effect:
    """What setting a feature does to the probability of some words, on average over texts."""

    untouched: float  # where the feature does not fire, without intervention
    raised: float  # there, with the feature set to its greatest activation
    raised_by_other: float  # there, with another feature so set, as a control: the most that any raised it
    firing: float  # where the feature fires, without intervention
    ablated: float  # there, with the feature set to 0


def steering_effect(
    model: Model,
    hook: str,
    sae: SAE,
    feature: int,
    words: Int[Tensor, " word"],
    tokens: Int[Tensor, "text pos"],
    *,
    n_others: int,
    seed: int,
) -> Effect:
    """Return the effect of a feature on the probability of some words, and that of random other live features.

    A feature counts as firing above half of its greatest activation in these texts; the first position, where nothing
    is set, is left out. Raises ValueError where it never or always fires, no other feature fires, or n_others < 1.
    """
    if n_others < 1:
        raise ValueError(f"expected at least one other feature as the control, got n_others = {n_others}")
    f = sae.encode(activations(model.transformer, tokens, hook)[:, 1:])
    most = f.amax((0, 1))
    if not most[feature]:
        raise ValueError(f"expected a feature that fires in these texts, got {feature}, which does not")
    silent, firing = f[..., feature] == 0, f[..., feature] > most[feature] / 2
    live = [i for i in most.nonzero().flatten().tolist() if i != feature]
    if not silent.any() or not live:
        raise ValueError(
            f"expected feature {feature} to be silent somewhere, and another to fire as the control"
        )
    order = torch.randperm(len(live), generator=torch.Generator().manual_seed(seed))[:n_others]

    def mass(set_to: Hooks) -> Tensor:
        return mass_on(model.transformer, tokens, words, set_to)[:, 1:]

    def at_most(i: int) -> float:
        return mass({hook: set_feature(sae, i, most[i].item())})[silent].mean().item()

    base = mass({})
    return Effect(
        untouched=base[silent].mean().item(),
        raised=at_most(feature),
        raised_by_other=max(at_most(live[i]) for i in order.tolist()),
        firing=base[firing].mean().item(),
        ablated=mass({hook: ablate_feature(sae, feature)})[firing].mean().item(),
    )


@torch.no_grad()
def continuations(
    transformer: Transformer,
    prompt: Int[Tensor, " pos"],
    hooks: Hooks,
    *,
    n: int,
    length: int,
    seed: int,
) -> Int[Tensor, "n length"]:
    """Return n continuations of a prompt, each token sampled from the model's distribution under the hooks.

    The same seed draws the same random numbers whatever the hooks, so that texts differ only by what the hooks do.
    Raises ValueError where prompt and continuation do not fit into the context.
    """
    if len(prompt) + length > transformer.config.n_ctx:
        raise ValueError(
            f"expected a prompt and a continuation of at most {transformer.config.n_ctx} tokens together, "
            f"got {len(prompt)} and {length}"
        )
    draw = torch.Generator().manual_seed(seed)
    tokens = prompt.expand(n, -1)
    for _ in range(length):
        probabilities = transformer.run_with_hooks(tokens, hooks)[:, -1].softmax(-1)
        # Inverse transform sampling: the first token at which the cumulative mass exceeds a uniform number.
        passed = probabilities.cumsum(-1) < torch.rand(n, 1, generator=draw).to(probabilities.device)
        token = passed.sum(-1).clamp(max=probabilities.shape[-1] - 1)
        tokens = torch.cat((tokens, token[:, None]), dim=1)
    return tokens[:, len(prompt) :]


def steered_texts(
    model: Model,
    hook: str,
    sae: SAE,
    feature: int,
    words: Int[Tensor, " word"],
    prompt: str,
    values: Mapping[str, float | None],
    *,
    length: int,
    seed: int,
) -> dict[str, tuple[float, str]]:
    """Return what follows a prompt with a feature set to each value (None: no intervention), by the values' names.

    That is the probability that the next token is among some words, and one continuation of `length` tokens.
    """
    tokens = torch.tensor(model.tokenize(prompt), device=model.device)
    found = {}
    for name, value in values.items():
        hooks: Hooks = {} if value is None else {hook: set_feature(sae, feature, value)}
        (text,) = continuations(model.transformer, tokens, hooks, n=1, length=length, seed=seed)
        mass = mass_on(model.transformer, tokens[None], words, hooks)[0, -1].item()
        found[name] = mass, "".join(model.strings(text))
    return found
