"""SAEs trained here open in SAELens, SAEs of SAELens open here, and both compute the same: `make interop`.

SAELens has an environment of its own, in `.interop`, as its requirements are not ours; peer.py runs there.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from safetensors.torch import load_file, save_file

from mechinterp.sae.architectures import L1, Architecture, BatchTopK, Gated, JumpReLU, TopK
from mechinterp.sae.checkpoint import load_sae, save_sae
from mechinterp.sae.known_features import known_features
from mechinterp.sae.training import Settings, train

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".interop" / "bin" / "python"
BESIDE = "expected.safetensors"
TOLERANCE = 1e-5  # of the largest number
HOOK, MODEL = "blocks.1.hook_resid_post", "some-model"
ARCHITECTURES: dict[str, tuple[Architecture, str]] = {
    "l1": (L1(coefficient=1.0), "standard"),
    "topk": (TopK(k=4), "topk"),
    "batchtopk": (BatchTopK(k=4), "jumprelu"),
    "jumprelu": (JumpReLU(coefficient=0.3), "jumprelu"),
    "gated": (Gated(coefficient=0.5), "gated"),
}


def main() -> int:
    """Exchange SAEs both ways; return 0 where both sides agree on all of them."""
    if not PYTHON.exists():
        print("SAELens is not installed: make interop", file=sys.stderr)
        return 1
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as temporary:
        mine, yours = Path(temporary) / "mine", Path(temporary) / "yours"
        wrong = [*ours_there(mine), *theirs_here(yours)]
    print(
        *(wrong or ["SAELens: all SAEs agree, both ways"]), sep="\n", file=sys.stderr if wrong else sys.stdout
    )
    return bool(wrong)


def ours_there(folder: Path) -> Iterator[str]:
    """Yield what is wrong with SAEs that were trained here for a few steps, as SAELens opens them."""
    source = known_features(24, 12, sparsity=0.8, size=256)
    for name, (architecture, _) in ARCHITECTURES.items():
        sae = train(architecture, Settings(d_sae=32, steps=60), source)
        save_sae(folder / name, sae, MODEL, HOOK)
        x = source.batch(1000)
        f = sae.encode(x)
        if not 0 < (f > 0).float().mean() < 0.9:
            yield f"{name}: features that fire always or never would show no error"
        save_file({"x": x, "f": f, "x_hat": sae.decode(f)}, folder / name / BESIDE)
    found = json.loads(peer("MINE", folder))
    for name, (_, expected) in ARCHITECTURES.items():
        told = found[name]
        about = [told["architecture"], told["model"], told["hook"]]
        if about != [expected, MODEL, HOOK]:
            yield f"{name}, trained here: expected {[expected, MODEL, HOOK]} in SAELens, got {about}"
        yield from too_far(f"{name}, trained here", told["f"], told["x_hat"])


def theirs_here(folder: Path) -> Iterator[str]:
    """Yield what is wrong with SAEs of SAELens as they open here."""
    peer("YOURS", folder)
    paths = sorted(folder.iterdir())
    if len(paths) != 15:
        yield f"expected 15 SAEs of SAELens, got {len(paths)}"
    for path in paths:
        sae, expected = load_sae(path, MODEL, HOOK).sae, load_file(path / BESIDE)
        f = sae.encode(expected["x"])
        distances = [distance(f, expected["f"]), distance(sae.decode(f), expected["x_hat"])]
        yield from too_far(f"{path.name}, of SAELens", *distances)


def too_far(name: str, f: float, x_hat: float) -> Iterator[str]:
    """Yield a message where features or output differ by more than the tolerance."""
    for what, found in {"features": f, "output": x_hat}.items():
        if not found <= TOLERANCE:  # NaN is too far too
            yield f"{name}: {what} differ by {found:.1e} of the largest, expected at most {TOLERANCE:.0e}"


def distance(found: torch.Tensor, expected: torch.Tensor) -> float:
    """Return the largest difference, relative to the largest number expected."""
    return ((found - expected).abs().max() / expected.abs().max()).item()


def peer(command: str, folder: Path) -> str:
    """Return what peer.py prints; raise RuntimeError with its messages where it fails."""
    words = [str(PYTHON), str(Path(__file__).with_name("peer.py")), command, str(folder)]
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"SAELens' side failed:\n{done.stdout}{done.stderr}")
    return done.stdout.splitlines()[-1] if done.stdout else ""


if __name__ == "__main__":
    sys.exit(main())
