"""Metrics of a run: a number for each prompt, from the logits at the positions that the metric reads."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.transformer import Tap, Transformer, no_tap

OfLogits = Callable[[Float[Tensor, "run read d_vocab"], Int[Tensor, " run"]], Float[Tensor, " run"]]


@dataclass(frozen=True, eq=False)
class Metric:
    """Any function of the logits at some positions of each prompt.

    `of_logits` gets the logits of several runs, and the index of each run's prompt; it returns a number for each run.
    """

    positions: Int[Tensor, "prompt read"]
    of_logits: OfLogits

    def of(self, some: Int[Tensor, " some"]) -> Metric:
        """Return the metric of some of the prompts, which then count from 0."""
        return Metric(self.positions[some], lambda logits, prompts: self.of_logits(logits, some[prompts]))

    def of_run(
        self, transformer: Transformer, tokens: Int[Tensor, "prompt pos"], tap: Tap = no_tap
    ) -> Float[Tensor, " prompt"]:
        """Return the metric of a run of the prompts, showing each hook point of the layers to `tap`.

        Logits are computed only at the positions read.
        """
        rows = torch.arange(len(tokens))
        return self.measure(transformer, transformer.stream(tokens, tap)[rows[:, None], self.positions], rows)

    def measure(
        self,
        transformer: Transformer,
        resid: Float[Tensor, "run read d_model"],
        prompts: Int[Tensor, " run"],
    ) -> Float[Tensor, " run"]:
        """Return the metric of runs whose last layer leaves `resid` at the positions read.

        Raises ValueError where `of_logits` returns another shape, or a number that is not finite.
        """
        logits = _normalized(transformer, resid) @ transformer.W_U + transformer.b_U
        found = self.of_logits(logits, prompts)
        if tuple(found.shape) != (len(prompts),):
            raise ValueError(
                f"expected the metric to return shape ({len(prompts)},), got {tuple(found.shape)}"
            )
        return _finite(found)


@dataclass(frozen=True, eq=False)
class LogitDiff(Metric):
    """logit(right) − logit(wrong) at one position of each prompt; only these two logits are computed."""

    right: Int[Tensor, " prompt"]
    wrong: Int[Tensor, " prompt"]

    def of(self, some: Int[Tensor, " some"]) -> LogitDiff:
        """Return the difference for some of the prompts."""
        return logit_diff(self.right[some], self.wrong[some], self.positions[some, 0])

    def measure(
        self,
        transformer: Transformer,
        resid: Float[Tensor, "run read d_model"],
        prompts: Int[Tensor, " run"],
    ) -> Float[Tensor, " run"]:
        """Return the logit difference of runs whose last layer leaves `resid` at the positions read."""
        right, wrong = self.right[prompts], self.wrong[prompts]
        direction = (transformer.W_U[:, right] - transformer.W_U[:, wrong]).T
        found = (_normalized(transformer, resid[:, 0]) * direction).sum(-1)
        return _finite(found + transformer.b_U[right] - transformer.b_U[wrong])


def logit_diff(
    right: Int[Tensor, " prompt"], wrong: Int[Tensor, " prompt"], positions: Int[Tensor, " prompt"]
) -> LogitDiff:
    """Return the metric logit(right) − logit(wrong), read at a position of each prompt."""

    def of_logits(logits: Tensor, prompts: Tensor) -> Tensor:
        run = torch.arange(len(prompts))
        return logits[run, 0, right[prompts]] - logits[run, 0, wrong[prompts]]

    return LogitDiff(positions[:, None], of_logits, right, wrong)


def _normalized(transformer: Transformer, resid: Tensor) -> Tensor:
    return transformer.ln_final.forward(resid, transformer.config, "ln_final", no_tap)


def _finite(found: Tensor) -> Tensor:
    if not found.isfinite().all():
        raise ValueError("expected the metric to return finite numbers, got NaN or infinity")
    return found
