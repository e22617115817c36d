"""Training a sparse autoencoder: deterministic given its seed, and resumable from any step."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.numerics.memory import keep_memory
from mechinterp.numerics.training_state import read_state, restore, write_state
from mechinterp.sae.activations import Batch, Source
from mechinterp.sae.architectures import ARCHITECTURES, Architecture, Parameters
from mechinterp.sae.autoencoder import SAE
from mechinterp.sae.resampling import resample

SAMPLED = 8  # batches on which the scale is measured, and a BatchTopK's threshold


@dataclass(frozen=True)
class Settings:
    """Size and optimisation of a run."""

    d_sae: int = 768
    steps: int = 2000
    rate: float = 4e-3
    seed: int = 0
    warm_up: float = 0.1  # fraction of the steps, at the start, over which λ rises from zero
    decay: float = 0.3  # fraction of the steps, at the end, over which the learning rate falls to zero
    dead_after: int = 200  # steps without firing after which a feature counts as dead
    resample_until: float = (
        0.6  # fraction of the steps; features resampled later would have no time to settle
    )

    def rate_at(self, step: int) -> float:
        """Return the learning rate of a step."""
        return self.rate * min(1.0, (self.steps - step) / (self.decay * self.steps))

    def warm_at(self, step: int) -> float:
        """Return the fraction of λ that counts at a step."""
        return min(1.0, step / max(1.0, self.warm_up * self.steps))

    def resamples_at(self, step: int) -> bool:
        """Whether dead features are resampled after a step."""
        return step % self.dead_after == 0 and step <= self.resample_until * self.steps


@dataclass
class Run:
    """A training run at some step."""

    architecture: Architecture
    settings: Settings
    source: Source
    scale: float  # the factor of the vectors that makes ‖x‖² d_model on average
    parameters: Parameters
    optimizer: torch.optim.Optimizer
    unfired: Int[Tensor, " d_sae"]  # steps since each feature last fired
    step: int = 0
    about: Mapping[str, str] = field(default_factory=dict)  # what the vectors are of: see begin

    def advance(self) -> dict[str, float]:
        """Take one step; return, both on its batch before the step, the error as a fraction of ‖x‖² and L0."""
        rate = self.settings.rate_at(self.step)
        for group in self.optimizer.param_groups:
            group["lr"] = rate
        x = self.scale * checked(self.source.batch(self.step), len(self.parameters["b_dec"]), self.step)
        loss = self.architecture.loss(self.parameters, x, self.settings.warm_at(self.step), self.dead)
        loss.total.backward()
        self.architecture.constrain_gradients(self.parameters)
        self.optimizer.step()
        self.optimizer.zero_grad()
        self.step += 1
        with torch.no_grad():
            self.architecture.constrain(self.parameters)
            fired = loss.f.sign().sum(0)  # how often each feature; f is never negative
            self.unfired = torch.where(fired > 0, 0, self.unfired + 1)
        if self.architecture.resampled and self.settings.resamples_at(self.step) and self.dead.any():
            self._resample(x)
        return {"error": loss.error.item() / x.shape[1], "l0": fired.sum().item() / len(x)}

    @property
    def dead(self) -> Tensor:
        """Which features have not fired for `dead_after` steps."""
        return self.unfired >= self.settings.dead_after

    def _resample(self, x: Batch) -> None:
        draw = torch.Generator().manual_seed(self.settings.seed * 1_000_003 + self.step)
        resample(self.architecture, self.parameters, self.optimizer, self.dead, x, draw)
        self.unfired[self.dead] = 0

    @torch.no_grad()
    def finished(self) -> SAE:
        """Return the current autoencoder, for vectors that are not scaled; its directions have length 1.

        Raises ValueError where no feature fires.
        """
        sample = self.scale * sample_of(self.source)
        parameters = {name: tensor.detach().clone() for name, tensor in self.parameters.items()}
        sae = self.architecture.finished(parameters, sample)
        if not (sae.encode(sample) > 0).any():
            raise ValueError(
                f"all {sae.d_sae} features are dead after {self.step} steps of {self.architecture}: "
                "lower the sparsity coefficient or the learning rate"
            )
        return rescaled(sae, 1 / self.scale)

    def save(self, path: Path) -> None:
        """Write the run to a file atomically: it is complete or absent."""
        metadata = {
            "settings": settings_of(self.architecture, self.settings) | dict(self.about),
            "step": self.step,
            "scale": self.scale,
            "unfired": self.unfired.tolist(),
        }
        write_state(path, self.parameters, [self.optimizer], metadata)


def begin(
    architecture: Architecture, settings: Settings, source: Source, about: Mapping[str, str] | None = None
) -> Run:
    """Return a run at its first step; `about` records what its vectors are of, so that no other run resumes from it.

    Raises ValueError where the source's vectors are all the same or not finite, or the architecture does not fit d_sae.
    """
    return _run(architecture, settings, source, scale_of(sample_of(source)), about)


def resume(
    path: Path,
    architecture: Architecture,
    settings: Settings,
    source: Source,
    about: Mapping[str, str] | None = None,
) -> Run:
    """Return the run that was saved.

    Raises ValueError where the file is damaged, or of a run with other settings, other vectors or another width.
    """
    expected = settings_of(architecture, settings) | dict(about or {})
    metadata, tensors = read_state(path, expected)
    run = _run(architecture, settings, source, metadata["scale"], about)
    restore(tensors, run.parameters, [run.optimizer])
    run.step, run.unfired = metadata["step"], run.unfired.new_tensor(metadata["unfired"])
    return run


def train(
    architecture: Architecture,
    settings: Settings,
    source: Source,
    watch: Callable[[Run, dict[str, float]], None] = lambda run, measured: None,
) -> SAE:
    """Return a trained autoencoder; `watch` is called after each step with its error and L0 (see Run.advance)."""
    run = begin(architecture, settings, source)
    while run.step < settings.steps:
        watch(run, run.advance())
    return run.finished()


def scale_of(x: Batch) -> float:
    """Return the factor that makes ‖x‖² of vectors d_model on average; raise ValueError where they are all the same."""
    if (x == x[0]).all():
        raise ValueError(
            "expected vectors that differ, got the same one each time: there is nothing to learn"
        )
    return (x.shape[1] / x.square().sum(-1).mean().item()) ** 0.5


def checked(x: Batch, d_model: int, step: int) -> Batch:
    """Return the batch; raise ValueError where its width is not d_model or a number is not finite."""
    if x.shape[1] != d_model:
        raise ValueError(f"expected vectors of width {d_model} at step {step}, got {x.shape[1]}")
    if not x.sum().isfinite() and (bad := int((~x.isfinite()).any(-1).sum())):  # the sum alone is fast
        raise ValueError(f"expected finite vectors at step {step}, got NaN or infinity in {bad} of {len(x)}")
    return x


def sample_of(source: Source) -> Float[Tensor, "vector d_model"]:
    """Return the vectors of the first batches."""
    first = source.batch(0)
    return torch.cat([checked(source.batch(step), first.shape[1], step) for step in range(SAMPLED)])


def rescaled(sae: SAE, factor: float) -> SAE:
    """Return the autoencoder that does to factor·x what this one does to x; f and x̂ are scaled by the factor too."""
    lengths = {"b_enc", "b_dec", "b_mag", "threshold"}
    changed = {name: getattr(sae, name) * factor for name in lengths if hasattr(sae, name)}
    return replace(sae, **changed)


def settings_of(architecture: Architecture, settings: Settings) -> dict[str, Any]:
    """Return everything that determines a run's result, given its vectors."""
    (name,) = (name for name, kind in ARCHITECTURES.items() if kind is type(architecture))
    return {"architecture": name} | asdict(architecture) | asdict(settings)


def _run(
    architecture: Architecture,
    settings: Settings,
    source: Source,
    scale: float,
    about: Mapping[str, str] | None,
) -> Run:
    keep_memory()
    draw = torch.Generator().manual_seed(settings.seed)
    first = source.batch(0)
    parameters = architecture.initial(first.shape[1], settings.d_sae, draw)
    parameters = {name: tensor.to(first.device).requires_grad_() for name, tensor in parameters.items()}
    optimizer = torch.optim.Adam(list(parameters.values()), lr=settings.rate, fused=True)
    unfired = torch.zeros(settings.d_sae, dtype=torch.long, device=first.device)
    return Run(architecture, settings, source, scale, parameters, optimizer, unfired, about=dict(about or {}))
