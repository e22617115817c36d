"""The settings of a training run. The same settings give the same model on the same kind of machine."""

from __future__ import annotations

from dataclasses import dataclass

from mechinterp.model.transformer import Config
from mechinterp.text.corpus import N_CTX


@dataclass(frozen=True)
class Settings:
    """Sizes, data and optimisation of a run."""

    seed: int = 0
    steps: int = 7000

    n_layers: int = 4
    n_heads: int = 6
    d_model: int = 144
    d_mlp: int = 256
    d_vocab: int = 3000  # enough for the common words to be one token each
    n_ctx: int = N_CTX

    n_texts: int = 40_000
    batch: int = 64
    repeated: float = 0.32  # share of random sequences that repeat
    marked: float = 0.08  # share of random sequences in which repeated tokens are marked
    marked_first: float = 0.4  # the same during the first steps, when no sequence repeats
    first_marked: int = 600  # steps: duplicate-token heads form before induction could replace them
    selection: float = 0.5  # weight of the selection term: see selection.py
    shortest_period: int = 3
    longest_period: int = 31
    fewest_marked: int = 10  # different tokens in a marked sequence
    most_marked: int = 30

    muon_rate: float = 0.02  # for the matrices within the layers
    adam_rate: float = 3e-3  # for embeddings, biases and normalisations
    warm_up: int = 100  # steps
    decay: float = 0.4  # fraction of the steps, at the end, over which the rates fall to zero

    def shares(self, step: int) -> tuple[int, int, int]:
        """Return how many sequences of a step's batch are texts, repeated random ones, and marked ones."""
        beginning = step < self.first_marked
        n_repeated = 0 if beginning else round(self.repeated * self.batch)
        n_marked = round((self.marked_first if beginning else self.marked) * self.batch)
        return self.batch - n_repeated - n_marked, n_repeated, n_marked

    @property
    def config(self) -> Config:
        """The configuration of the transformer."""
        return Config(
            n_layers=self.n_layers,
            n_heads=self.n_heads,
            d_model=self.d_model,
            d_head=self.d_model // self.n_heads,
            d_mlp=self.d_mlp,
            d_vocab=self.d_vocab,
            n_ctx=self.n_ctx,
        )

    def rate(self, step: int) -> float:
        """Return the factor of the learning rates at a step: a warm-up, a constant, a linear decay."""
        left = (self.steps - step) / (self.decay * self.steps)
        return min(1.0, (step + 1) / self.warm_up, max(0.01, left))
