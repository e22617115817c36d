"""The heads of a model that identify the indirect object, found by written criteria, each with its evidence.

The classes are those of Wang et al. 2022, section 3. Attention, direct attribution and path patching decide together;
an effect counts if it is at least MIN_SHARE of the mean logit difference and its bootstrap interval excludes zero.
Paths are noised: in the clean run, one path carries what its sender writes when the other person gives. A head that
fits none of the classes, but without which the difference falls by as much, is called a support; its function is left
open.
"""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum

import torch
from jaxtyping import Bool, Float, Int
from torch import Tensor

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head, all_heads, pattern_names
from mechinterp.interventions.ablation import Instead, narrow, without
from mechinterp.interventions.path_patching import Between, HeadInput, patch_paths
from mechinterp.ioi.moved import moved_from
from mechinterp.ioi.prompts import Corruption, Prompts, corrupted
from mechinterp.ioi.without import direct_effects, left_without, left_without_each, taken_over
from mechinterp.model.language_model import Model
from mechinterp.numerics.bootstrap import bootstrap_interval

MIN_SHARE = 0.05  # of the mean logit difference
MIN_ATTENTION = 0.1  # to the position that defines a class

# From a position to another, or to the token after it: what the classes are told apart by.
Look = tuple[str, str, int]
LOOKS: tuple[Look, ...] = (
    *(("END", name, after) for name in ("IO", "S1") for after in (0, 1)),
    ("END", "S2", 0),
    ("S2", "S1", 0),
    ("S2", "S1", 1),
)


class Role(Enum):
    """What a head does in the circuit."""

    NAME_MOVER = "writes the name it attends to, more often IO than S"
    NEGATIVE = "attends to IO and writes against it"
    S_INHIBITION = "attends to S2 from END and, through their queries, turns name movers away from S"
    DUPLICATE_TOKEN = "attends to S1 from S2, and S-inhibition heads read it"
    INDUCTION = "attends to the token after S1 from S2, and S-inhibition heads read it"
    BACKUP = "writes more of the difference when name movers are ablated, and then attends to IO"
    SUPPORT = "is needed, for a reason left open"


@dataclass(frozen=True)
class Verdict:
    """A head's role, with the effect that supports it, as a share of the logit difference, and its 95 % interval."""

    head: Head
    role: Role
    effect: float
    low: float
    high: float
    attention: float  # to the position that defines the role; for a support, 0


@dataclass(frozen=True, eq=False)
class Circuit:
    """The verdicts on a model, and for each role the mean effect of the heads without it, as a control."""

    verdicts: tuple[Verdict, ...]
    control: dict[Role, float]
    difference: float  # mean logit difference of the whole model

    def of(self, role: Role) -> list[Verdict]:
        """Return the heads of a role, the strongest first."""
        found = [verdict for verdict in self.verdicts if verdict.role is role]
        return sorted(found, key=lambda verdict: -abs(verdict.effect))

    @property
    def heads(self) -> list[Head]:
        """All heads that have a role."""
        return sorted({verdict.head for verdict in self.verdicts})


@torch.no_grad()
def find_circuit(model: Model, prompts: Prompts, instead: Instead) -> Circuit:
    """Return the IOI circuit of a model; `instead` is what ablated heads write.

    Raises ValueError where the model's mean logit difference is not positive.
    """
    return _Search(model, prompts, instead).circuit()


class _Search:
    """The search for a circuit: what several roles need is measured once."""

    def __init__(self, model: Model, prompts: Prompts, instead: Instead) -> None:
        self.model, self.prompts, self.instead = model, prompts, instead
        self.transformer = model.transformer
        self.heads = all_heads(self.transformer)
        self.difference = prompts.difference(self.transformer)
        if self.difference.mean() <= 0:
            raise ValueError(
                f"expected {model.name} to do the task, got a mean difference of {self.difference.mean():.2f}"
            )
        self.swapped = corrupted(model, prompts, Corruption.SWAPPED)
        self.at = prompts.positions
        self.looks = self.attention()
        self.verdicts: list[Verdict] = []
        self.control: dict[Role, float] = {}

    def circuit(self) -> Circuit:
        direct = direct_effects(self.model, self.prompts).flatten(1)
        movers = self.judge(Role.NAME_MOVER, direct, self.looks["END", "IO", 0], 1, self.prefers_io())
        at_io = moved_from(self.model, self.prompts, (("IO", 0), ("IO", 1))).sum(-1).flatten(1)
        self.judge(Role.NEGATIVE, at_io, self.looks["END", "IO", 0], -1)
        if movers:
            queries = self.paths(movers, Input.Q, "END")
            inhibitors = self.judge(Role.S_INHIBITION, queries, self.looks["END", "S2", 0], -1)
            if inhibitors:
                values = self.paths(inhibitors, Input.V, "S2")
                self.judge(Role.DUPLICATE_TOKEN, values, self.looks["S2", "S1", 0], -1)
                self.judge(Role.INDUCTION, values, self.looks["S2", "S1", 1], -1)
            gained = taken_over(self.model, self.prompts, movers, self.instead).flatten(1)
            self.judge(Role.BACKUP, gained, self.attention(movers)["END", "IO", 0], 1)
        self.supports()
        return Circuit(tuple(self.verdicts), self.control, self.difference.mean().item())

    def supports(self) -> None:
        """Find the heads without which the difference falls, among those that have no role yet."""
        known = {verdict.head for verdict in self.verdicts}
        lost = left_without_each(self.model, self.prompts, self.instead) - self.difference[:, None]
        lost[:, [self.heads.index(head) for head in known]] = 0
        self.judge(Role.SUPPORT, lost, torch.zeros_like(lost[0]), -1, least_attention=0.0)

    def judge(
        self,
        role: Role,
        effects: Float[Tensor, "prompt head"],
        attention: Float[Tensor, " head"],
        sign: int,
        allowed: Tensor | None = None,
        least_attention: float = MIN_ATTENTION,
    ) -> list[Head]:
        """Add the heads whose effect has the sign and size, and whose attention the mass, that the role requires."""
        shares = effects / self.difference.mean()
        mean, (low, high) = shares.mean(0), bootstrap_interval(shares)
        chosen = counts(shares, sign) & (attention >= least_attention)
        chosen &= torch.ones_like(chosen) if allowed is None else allowed
        for i in chosen.nonzero().flatten().tolist():
            numbers = (mean[i].item(), low[i].item(), high[i].item(), attention[i].item())
            self.verdicts.append(Verdict(self.heads[i], role, *numbers))
        self.control[role] = mean[~chosen].mean().item()
        return [self.heads[i] for i in chosen.nonzero().flatten().tolist()]

    def attention(self, removed: Iterable[Head] = ()) -> dict[Look, Float[Tensor, " head"]]:
        """Return each head's mean attention from one position to another, or to the token after it."""
        removed = list(removed)

        def measure(part: Prompts, some: Tensor) -> Tensor:
            tap = without(self.transformer, removed, narrow(self.instead, some, part.tokens.shape[1]))
            names = pattern_names(self.model.config.n_layers)
            patterns = self.transformer.cache(part.tokens, names, tap).values()
            row, at = torch.arange(len(part)), part.positions
            return torch.stack(
                [
                    torch.cat([pattern[row, :, at[dest], at[src] + after] for pattern in patterns], dim=1)
                    for dest, src, after in LOOKS
                ],
                dim=1,
            )

        return dict(zip(LOOKS, self.prompts.each(self.transformer, measure).mean(0), strict=True))

    def prefers_io(self) -> Tensor:
        io, s = (self.looks["END", name, 0] + self.looks["END", name, 1] for name in ("IO", "S1"))
        return io > s

    def paths(self, receivers: Iterable[Head], into: Input, position: str) -> Float[Tensor, "prompt head"]:
        """Return the change of the difference when each head's path into the receivers is noised; 0 without a path."""
        ends = [HeadInput(head, into) for head in receivers]
        last = max(end.head.layer for end in ends)
        senders = [head for head in self.heads if head.layer < last]
        found = self.difference.new_zeros(len(self.prompts), len(self.heads))
        if senders:
            patched = patch_paths(
                self.transformer,
                self.prompts.tokens,
                self.swapped,
                senders,
                ends,
                self.prompts.metric,
                Between.MLPS,
                positions=self.at[position],
            )
            found[:, : len(senders)] = patched - self.difference[:, None]
        return found


def counts(shares: Float[Tensor, "prompt head"], sign: int) -> Bool[Tensor, " head"]:
    """Return whether each effect, as a share of the logit difference, has the sign and the size, and for certain.

    Its mean is at least MIN_SHARE in the direction of `sign`, and its bootstrap interval excludes zero.
    """
    low, high = bootstrap_interval(shares)
    return (sign * shares.mean(0) >= MIN_SHARE) & (sign * low > 0) & (sign * high > 0)


@torch.no_grad()
def faithfulness(
    model: Model, prompts: Prompts, kept: Iterable[Head], instead: Instead
) -> Float[Tensor, " prompt"]:
    """Return the logit difference with all heads except those kept ablated."""
    kept = set(kept)
    removed = [head for head in all_heads(model.transformer) if head not in kept]
    return left_without(model, prompts, removed, instead)


def faithfulness_of_random(
    model: Model, prompts: Prompts, n_heads: int, instead: Instead, n_draws: int, seed: int
) -> Float[Tensor, " draw"]:
    """Return the mean logit difference that sets of as many heads keep, drawn at random: a circuit's control."""
    draw, heads = random.Random(seed), all_heads(model.transformer)
    sets = [draw.sample(heads, n_heads) for _ in range(n_draws)]
    return torch.stack([faithfulness(model, prompts, kept, instead).mean() for kept in sets])


def minimality(model: Model, prompts: Prompts, circuit: Circuit, instead: Instead) -> dict[Head, float]:
    """Return, for each head of the circuit, the share of the difference that the circuit loses without it."""
    whole = faithfulness(model, prompts, circuit.heads, instead).mean()
    found = {}
    for head in circuit.heads:
        rest = [other for other in circuit.heads if other != head]
        found[head] = (
            (whole - faithfulness(model, prompts, rest, instead).mean()) / circuit.difference
        ).item()
    return found


def incompleteness(
    model: Model, prompts: Prompts, circuit: Circuit, instead: Instead, n: int = 10, seed: int = 0
) -> float:
    """Return how far circuit and model differ when the same heads, random halves of the circuit, are ablated.

    The largest difference of the two mean logit differences, as a share of the model's. Source: Wang et al. 2022,
    section 4.
    """
    draw = torch.Generator().manual_seed(seed)
    worst = 0.0
    for _ in range(n):
        chosen: Int[Tensor, " head"] = torch.randperm(len(circuit.heads), generator=draw)
        removed = [circuit.heads[int(i)] for i in chosen[: max(1, len(chosen) // 2)]]
        rest = [head for head in circuit.heads if head not in removed]
        alone = faithfulness(model, prompts, rest, instead).mean()
        whole = left_without(model, prompts, removed, instead).mean()
        worst = max(worst, (alone - whole).abs().item())
    return worst / circuit.difference
