"""A training run: parameters, optimisers and the history so far; it can be resumed from any step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.transformer import Cache, Transformer
from mechinterp.numerics.training_state import read_state, restore, write_state
from mechinterp.training.batches import batch_at
from mechinterp.training.loss import next_token_loss
from mechinterp.training.parameters import (
    Parameters,
    initial_parameters,
    is_matrix_of_a_layer,
    transformer_of,
)
from mechinterp.training.selection import hook_names, subtraction
from mechinterp.training.settings import Settings

MEASURE_EVERY = 50  # steps
SAVE_EVERY = 250  # steps
GRADIENT_NORM = 1.0  # gradients with a larger norm are clipped to it

Measure = Callable[[Transformer], dict[str, float]]


@dataclass
class Run:
    """A training run at some step."""

    settings: Settings
    device: torch.device
    parameters: Parameters
    optimizers: list[torch.optim.Optimizer]
    step: int = 0
    history: list[dict[str, float]] = field(default_factory=list)

    @property
    def transformer(self) -> Transformer:
        """The current model, on the CPU, where it is measured."""
        parameters = {name: tensor.detach().cpu() for name, tensor in self.parameters.items()}
        return transformer_of(parameters, self.settings.config)

    def advance(self, texts: Int[Tensor, "text pos"], names: Int[Tensor, " name"], measure: Measure) -> float:
        """Take one step; return the loss, in nats per token, without the selection term."""
        for optimizer in self.optimizers:
            for group in optimizer.param_groups:
                group["lr"] = group["initial_lr"] * self.settings.rate(self.step)
        batch = batch_at(self.step, texts, self.settings).to(self.device)
        transformer = transformer_of(self.parameters, self.settings.config)
        cache: Cache = {}
        loss = next_token_loss(read_by_unembedding(transformer, batch, cache), transformer.W_U, batch)
        total = loss
        if self.settings.selection:
            total = loss + self.settings.selection * self._subtraction(transformer, cache, batch, names)
        total.backward()
        torch.nn.utils.clip_grad_norm_(list(self.parameters.values()), GRADIENT_NORM)
        for optimizer in self.optimizers:
            optimizer.step()
            optimizer.zero_grad()
        self.step += 1
        if self.step % MEASURE_EVERY == 0 or self.step == self.settings.steps:
            self.history.append({"step": self.step, "loss": loss.item(), **measure(self.transformer)})
        return loss.item()

    def _subtraction(self, transformer: Transformer, cache: Cache, batch: Tensor, names: Tensor) -> Tensor:
        """Return the selection term, on the batch's texts, which come first."""
        n_texts, _, _ = self.settings.shares(self.step)
        texts = {name: tensor[:n_texts] for name, tensor in cache.items()}
        return subtraction(transformer, texts, batch[:n_texts], names.to(self.device))

    def save(self, path: Path) -> None:
        """Write the run to a safetensors file atomically: it is complete or absent."""
        metadata = {"settings": asdict(self.settings), "step": self.step, "history": self.history}
        write_state(path, self.parameters, self.optimizers, metadata)


def begin(settings: Settings, device: torch.device) -> Run:
    """Return a run at its first step."""
    draw = torch.Generator().manual_seed(settings.seed)
    parameters = initial_parameters(settings.config, draw)
    return _run(settings, device, parameters)


def resume(path: Path, settings: Settings, device: torch.device) -> Run:
    """Return the run that was saved.

    Raises ValueError where the file is damaged, or of a run with other settings.
    """
    metadata, tensors = read_state(path, asdict(settings))
    run = begin(settings, device)
    restore(tensors, run.parameters, run.optimizers)
    run.step, run.history = metadata["step"], metadata["history"]
    return run


def read_by_unembedding(
    transformer: Transformer, tokens: Int[Tensor, "batch pos"], cache: Cache
) -> Float[Tensor, "batch pos d_model"]:
    """Return the residual stream after the final normalisation; put into the cache what the selection term reads."""
    wanted = hook_names(transformer.config.n_layers)

    def keep(name: str, x: Tensor) -> Tensor:
        if name in wanted:
            cache[name] = x
        return x

    stream = transformer.stream(tokens, keep)
    return transformer.ln_final.forward(stream, transformer.config, "ln_final", keep)


def _run(settings: Settings, device: torch.device, parameters: Parameters) -> Run:
    parameters = {name: tensor.detach().to(device).requires_grad_() for name, tensor in parameters.items()}
    return Run(settings, device, parameters, _optimizers(parameters, settings))


def _optimizers(parameters: Parameters, settings: Settings) -> list[torch.optim.Optimizer]:
    """Return Muon for the matrices within the layers, and Adam for the rest.

    Source: Jordan et al. 2024 (Muon); Loshchilov and Hutter 2019 (AdamW). Here Muon takes half of AdamW's steps.
    """
    matrices = [tensor for name, tensor in parameters.items() if is_matrix_of_a_layer(name, tensor)]
    others = [tensor for name, tensor in parameters.items() if not is_matrix_of_a_layer(name, tensor)]
    optimizers = [
        torch.optim.Muon(matrices, lr=settings.muon_rate, momentum=0.95, weight_decay=0.01),
        torch.optim.AdamW(others, lr=settings.adam_rate, betas=(0.9, 0.98), weight_decay=0.01),
    ]
    for optimizer in optimizers:
        for group in optimizer.param_groups:
            group["initial_lr"] = group["lr"]
    return optimizers
