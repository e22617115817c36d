"""The side of the exchange that runs in SAELens' environment: it opens what is written here, and writes its own.

`python peer.py MINE FOLDER` opens each SAE in FOLDER, and prints how far its features and output are from those beside it.
`python peer.py YOURS FOLDER` writes SAEs of every architecture to FOLDER, each with vectors, features and output beside it.
It imports nothing of this project.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import torch
from sae_lens import (
    SAE,
    BatchTopKTrainingSAE,
    BatchTopKTrainingSAEConfig,
    GatedSAE,
    GatedSAEConfig,
    GatedTrainingSAE,
    GatedTrainingSAEConfig,
    JumpReLUSAE,
    JumpReLUSAEConfig,
    JumpReLUTrainingSAE,
    JumpReLUTrainingSAEConfig,
    StandardSAE,
    StandardSAEConfig,
    StandardTrainingSAE,
    StandardTrainingSAEConfig,
    TopKSAE,
    TopKSAEConfig,
    TopKTrainingSAE,
    TopKTrainingSAEConfig,
)
from sae_lens.saes.sae import SAEMetadata
from safetensors.torch import load_file, save_file

SIZES = {"d_in": 12, "d_sae": 40}
ABOUT = {"model_name": "some-model", "hook_name": "blocks.1.hook_resid_post"}
BESIDE = "expected.safetensors"

IN_USE = {
    "standard": (StandardSAE, StandardSAEConfig, {}),
    "topk": (TopKSAE, TopKSAEConfig, {"k": 5}),
    "topk_rescaled": (TopKSAE, TopKSAEConfig, {"k": 5, "rescale_acts_by_decoder_norm": True}),
    "jumprelu": (JumpReLUSAE, JumpReLUSAEConfig, {}),
    "gated": (GatedSAE, GatedSAEConfig, {}),
}
IN_TRAINING = {
    "standard": (StandardTrainingSAE, StandardTrainingSAEConfig, {}),
    "topk": (TopKTrainingSAE, TopKTrainingSAEConfig, {"k": 5}),
    "batchtopk": (BatchTopKTrainingSAE, BatchTopKTrainingSAEConfig, {"k": 5}),
    "jumprelu": (JumpReLUTrainingSAE, JumpReLUTrainingSAEConfig, {}),
    "gated": (GatedTrainingSAE, GatedTrainingSAEConfig, {}),
}


@torch.no_grad()
def check_mine(folder: Path) -> None:
    """Print, as JSON, how far each SAE's features and output are from what is expected, and what it tells of itself."""
    found = {}
    for path in sorted(folder.iterdir()):
        sae, expected = SAE.load_from_disk(path), load_file(path / BESIDE)
        f = sae.encode(expected["x"])
        found[path.name] = {
            "f": distance(f, expected["f"]),
            "x_hat": distance(sae.decode(f), expected["x_hat"]),
            "architecture": sae.cfg.architecture(),
            "model": sae.cfg.metadata.model_name,
            "hook": sae.cfg.metadata.hook_name,
        }
    print(json.dumps(found))


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference, relative to the largest number expected."""
    return ((found - expected).abs().max() / expected.abs().max()).item()


@torch.no_grad()
def write_yours(folder: Path) -> None:
    """Write SAEs with random weights: those in use, with b_dec taken from x and not, and those in training."""
    draw = torch.Generator().manual_seed(0)
    for name, (kind, config, settings) in IN_USE.items():
        for taken in (True, False):
            about = SAEMetadata(**ABOUT)
            sae = kind(config(**SIZES, **settings, apply_b_dec_to_input=taken, metadata=about))
            randomize(sae, draw)
            path = folder / f"{name}{'' if taken else '_without_b_dec'}"
            sae.save_model(path)
            write_expected(path, sae, draw)
    for name, (kind, config, settings) in IN_TRAINING.items():
        sae = kind(config(**SIZES, **settings, metadata=SAEMetadata(**ABOUT)))
        randomize(sae, draw)
        path = folder / f"{name}_trained"
        sae.save_inference_model(path)
        write_expected(path, SAE.load_from_disk(path), draw)


def randomize(sae: torch.nn.Module, draw: torch.Generator) -> None:
    """Give every parameter and every threshold numbers at which an error would show."""
    for name, tensor in [*sae.named_parameters(), *sae.named_buffers()]:
        noise = 0.5 * torch.randn(tensor.shape, generator=draw)
        tensor.copy_(noise.abs() if "threshold" in name else noise)


def write_expected(path: Path, sae: torch.nn.Module, draw: torch.Generator) -> None:
    """Write vectors, and the features and output that SAELens has for them."""
    x = torch.randn(200, SIZES["d_in"], generator=draw)
    f = sae.encode(x)
    assert 0 < (f > 0).float().mean() < 0.9, (
        f"{path.name}: features that fire always or never would show no error"
    )
    save_file({"x": x, "f": f, "x_hat": sae.decode(f)}, path / BESIDE)


if __name__ == "__main__":
    {"MINE": check_mine, "YOURS": write_yours}[sys.argv[1]](Path(sys.argv[2]))
