"""SAELens' side of sae.py, which runs in its environment: trains an SAE for each line that it reads, and times it.

A line is `l1 VECTORS` or `topk VECTORS`, VECTORS a safetensors file; the answer is the seconds that the steps took.
"""

# What it imports is in the other environment.
# pyright: reportMissingImports=false

from __future__ import annotations

import sys
import time
from collections.abc import Iterator

import torch
from sae_lens.config import LoggingConfig, SAETrainerConfig
from sae_lens.saes.standard_sae import StandardTrainingSAE, StandardTrainingSAEConfig
from sae_lens.saes.topk_sae import TopKTrainingSAE, TopKTrainingSAEConfig
from sae_lens.training.sae_trainer import SAETrainer
from safetensors.torch import load_file

BATCH, D_SAE, K, L1, WARM, STEPS, DEAD_AFTER = 1024, 768, 16, 5.0, 20, 200, 1000  # as in sae.py


def main() -> None:
    """Answer each line."""
    torch.set_num_threads(1)
    for line in sys.stdin:
        name, path = line.split()
        print(seconds(name, load_file(path)["vectors"]), flush=True)


def seconds(name: str, vectors: torch.Tensor) -> float:
    """Return how long the steps take, after some that do not count."""
    torch.manual_seed(0)
    batches = cycle(vectors)
    trainer = SAETrainer(config(), sae(name, vectors.shape[1]), batches)
    for _ in range(WARM):
        trainer.step(next(batches))
    trainer.n_training_samples = 0
    began = time.perf_counter()
    trainer.fit()
    return time.perf_counter() - began


def cycle(vectors: torch.Tensor) -> Iterator[torch.Tensor]:
    """Yield the batches in an endless cycle."""
    while True:
        yield from vectors.split(BATCH)


def sae(name: str, d_in: int) -> StandardTrainingSAE | TopKTrainingSAE:
    """Return a fresh SAE."""
    if name == "l1":
        return StandardTrainingSAE(StandardTrainingSAEConfig(d_in=d_in, d_sae=D_SAE, l1_coefficient=L1))
    return TopKTrainingSAE(TopKTrainingSAEConfig(d_in=d_in, d_sae=D_SAE, k=K))


def config() -> SAETrainerConfig:
    """Return the settings of a run that neither saves nor logs."""
    return SAETrainerConfig(
        n_checkpoints=0,
        checkpoint_path=None,
        save_final_checkpoint=False,
        total_training_samples=STEPS * BATCH,
        device="cpu",
        autocast=False,
        lr=3e-4,
        lr_end=3e-5,
        lr_scheduler_name="constant",
        lr_warm_up_steps=0,
        adam_beta1=0.9,
        adam_beta2=0.999,
        lr_decay_steps=0,
        n_restart_cycles=1,
        train_batch_size_samples=BATCH,
        dead_feature_window=DEAD_AFTER,
        feature_sampling_window=2000,
        logger=LoggingConfig(log_to_wandb=False),
    )


if __name__ == "__main__":
    main()
