"""Where the vectors that an SAE is trained on come from: batch after batch, never all of them at once.

A source gives the batch of a step from the step's number alone, so that a resumed run sees the same batches.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Protocol, runtime_checkable

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.transformer import Transformer

Batch = Float[Tensor, "batch d_model"]


@runtime_checkable
class Source(Protocol):
    """Gives the vectors of each step."""

    def batch(self, step: int) -> Batch:
        """Return the vectors of a step, always the same for the same step."""
        ...


@dataclass(frozen=True, eq=False)
class Held:
    """Vectors that are held in memory; a batch is drawn from them with replacement."""

    vectors: Float[Tensor, "vector d_model"]
    size: int = 1024
    seed: int = 0

    def batch(self, step: int) -> Batch:
        """Return `size` of the vectors."""
        rows = torch.randint(len(self.vectors), (self.size,), generator=generator_at(self.seed, step))
        return self.vectors.index_select(0, rows.to(self.vectors.device))


@dataclass(eq=False)
class Activations:
    """A transformer's activations at a hook point, computed as they are needed.

    A round runs `contexts` of the texts, drawn at random, and shuffles their positions; batches are cut from it. Only
    the latest round is held in memory. The first position, which sees only the beginning-of-text token, is left out.
    """

    transformer: Transformer
    tokens: Int[Tensor, "text pos"]
    hook: str
    size: int = 1024
    contexts: int = 256
    seed: int = 0
    _round: tuple[int, Float[Tensor, "vector d_model"]] | None = field(default=None, init=False)

    def batch(self, step: int) -> Batch:
        """Return `size` vectors; the last vectors of a round, too few for a batch, are not used.

        Raises ValueError where a round is smaller than a batch, or the transformer has no such hook point.
        """
        in_round = self.in_round
        if not in_round:
            raise ValueError(
                f"expected at least {self.size} positions in {self.contexts} contexts, "
                f"got {self.contexts * (self.tokens.shape[1] - 1)}"
            )
        number, index = divmod(step, in_round)
        return self._vectors(number)[index * self.size : (index + 1) * self.size]

    @property
    def in_round(self) -> int:
        """How many batches are cut from a round."""
        return self.contexts * (self.tokens.shape[1] - 1) // self.size

    def _vectors(self, number: int) -> Float[Tensor, "vector d_model"]:
        if self._round is None or self._round[0] != number:
            draw = generator_at(self.seed, number)
            rows = torch.randint(len(self.tokens), (self.contexts,), generator=draw)
            vectors = activations(self.transformer, self.tokens[rows], self.hook)[:, 1:].flatten(0, 1)
            self._round = number, vectors[torch.randperm(len(vectors), generator=draw)]
        return self._round[1]


@dataclass(frozen=True, eq=False)
class Centred:
    """A source less a fixed vector: an SAE need not learn first where the vectors are, only how they differ.

    What is added to the b_dec of an SAE trained on it makes it one of the vectors themselves.
    """

    source: Source
    mean: Float[Tensor, " d_model"]

    def batch(self, step: int) -> Batch:
        """Return the vectors of a step, less the mean."""
        return self.source.batch(step) - self.mean


@torch.no_grad()
def activations(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], hook: str
) -> Float[Tensor, "text pos d_model"]:
    """Return a transformer's activations at a hook point; those of separate heads are concatenated.

    Raises ValueError where there is no such hook point, or its activation is not a vector for each position.
    """
    found = _at(transformer, tokens, hook)
    if found.shape[:2] != tokens.shape:
        raise ValueError(
            f"expected a vector for each position at {hook}, got {tuple(found.shape)} for tokens {tuple(tokens.shape)}"
        )
    return found.flatten(2)


class _EnoughError(Exception):
    """Ends a run at the hook point that is asked for: later layers are not computed."""

    def __init__(self, found: Tensor) -> None:
        super().__init__()
        self.found = found


def _at(transformer: Transformer, tokens: Int[Tensor, "text pos"], hook: str) -> Tensor:
    """Return the tensor at a hook point; raise ValueError where it is never reached."""

    def stop(name: str, x: Tensor) -> Tensor:
        if name == hook:
            raise _EnoughError(x)
        return x

    try:
        return transformer.cache(tokens, [hook], stop)[hook]
    except _EnoughError as enough:
        return enough.found


def held_activations(
    transformer: Transformer, tokens: Int[Tensor, "text pos"], hook: str, size: int = 1024, seed: int = 0
) -> Held:
    """Return what a transformer has at a hook point, of all texts at once, as a source; first positions are left out.

    For texts that fit in memory: it runs them once, where Activations runs them again for each round.
    """
    return Held(activations(transformer, tokens, hook)[:, 1:].flatten(0, 1), size, seed)


def generator_at(seed: int, number: int) -> torch.Generator:
    """Return a generator that depends only on the seed and the number of a step or a round."""
    return torch.Generator().manual_seed(seed * 1_000_003 + number)  # torch uses the low 32 bits
