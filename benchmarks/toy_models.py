"""Toy models over a sweep of sparsities, against a plain loop like that of the published notebook.

The loop is that of the notebook for *Toy Models of Superposition* (Elhage et al. 2022), all sparsities in one batched
model: automatic differentiation, Adam, batches of 1024, a constant learning rate of 1e-3, 10 000 steps. Ours has one
start for each sparsity, like the loop, or several, of which it keeps the best. Both are evaluated on the same unseen
inputs.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from mechinterp.superposition.model import ToyModels, reconstruct, weighted_loss
from mechinterp.superposition.samplers import independent_features
from mechinterp.superposition.training import best_of, train

RUNS = 3
N_SPARSITIES = 10
STEPS = 1500  # of ours
HELD_OUT = 400  # batches by which ours chooses among its starts; their time counts
JUDGED_ON = 40  # batches of 10 000, the same for both


@dataclass(frozen=True)
class Setting:
    """A sweep."""

    n_features: int
    hidden: int
    several: int  # starts for each sparsity

    @property
    def importance(self) -> Tensor:
        """Importances from 1 downwards, each 0.9 times the one before, as in the notebook's first example."""
        return 0.9 ** torch.arange(float(self.n_features))


SETTINGS = (Setting(5, 2, several=12), Setting(20, 5, several=4))


def main() -> None:
    """Measure on one thread, alternately."""
    torch.set_num_threads(1)
    sparsity = 1 - 20 ** -torch.linspace(0, 1, N_SPARSITIES)
    for setting in SETTINGS:
        print(f"\n{setting.n_features} features in {setting.hidden} dimensions, {N_SPARSITIES} sparsities")
        ratios: dict[int, list[float]] = {1: [], setting.several: []}
        for seed in range(RUNS):
            slow, theirs = _timed(partial(_plain_loop, setting, sparsity, seed))
            for n_starts, measured in ratios.items():
                seconds, ours = _timed(partial(_ours, setting, sparsity, n_starts, seed))
                measured.append(slow / seconds)
                print(
                    f"  best of {n_starts:2}: {seconds:5.2f} s against {slow:5.2f} s: {measured[-1]:5.1f} ×",
                    end="",
                )
                print(f"   {_compared(_judged(ours, setting, sparsity), _judged(theirs, setting, sparsity))}")
        for n_starts, measured in ratios.items():
            print(f"  best of {n_starts:2}: median {statistics.median(measured):.1f} × (wanted ≥ 5)")


def _timed(run: Callable[[], ToyModels]) -> tuple[float, ToyModels]:
    began = time.perf_counter()
    models = run()
    return time.perf_counter() - began, models


def _compared(ours: Tensor, theirs: Tensor) -> str:
    lower, worst = int((ours <= theirs).sum()), (ours / theirs).max()
    means = f"mean loss {ours.mean():.5f} against {theirs.mean():.5f}"
    return f"{means}, no higher in {lower} of {len(ours)}, at worst {worst:.3f} ×"


def _ours(setting: Setting, sparsity: Tensor, n_starts: int, seed: int) -> ToyModels:
    starts = sparsity.repeat_interleave(n_starts)
    sampler = independent_features(starts, setting.n_features)
    models = train(
        sampler, setting.importance, len(starts), setting.hidden, steps=STEPS, held_out=HELD_OUT, seed=seed
    )
    return best_of(models, n_starts)


def _plain_loop(setting: Setting, sparsity: Tensor, seed: int) -> ToyModels:
    torch.manual_seed(seed)
    n, importance, present = setting.n_features, setting.importance, 1 - sparsity[:, None]
    weight = torch.nn.init.xavier_normal_(torch.empty(len(sparsity), n, setting.hidden))
    b = torch.zeros(len(sparsity), n, requires_grad=True)
    weight.requires_grad_()
    optimizer = torch.optim.Adam([weight, b], lr=1e-3)
    for _ in range(10_000):
        optimizer.zero_grad(set_to_none=True)
        shape = (1024, len(sparsity), n)
        x = torch.where(torch.rand(shape) <= present, torch.rand(shape), torch.zeros(()))
        hidden = torch.einsum("bif,ifh->bih", x, weight)
        x_hat = torch.relu(torch.einsum("bih,ifh->bif", hidden, weight) + b)
        loss = (importance * (x - x_hat) ** 2).mean((0, 2)).sum()
        loss.backward()
        optimizer.step()
    return ToyModels(weight.detach().mT.contiguous(), b.detach(), torch.zeros(len(sparsity)))


def _judged(models: ToyModels, setting: Setting, sparsity: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(12345)
    sampler, total = independent_features(sparsity, setting.n_features), torch.zeros(len(sparsity))
    for _ in range(JUDGED_ON):
        x = sampler(10_000, generator)
        total += weighted_loss(x, reconstruct(models.W, models.b, x), setting.importance) / JUDGED_ON
    return total


if __name__ == "__main__":
    main()
