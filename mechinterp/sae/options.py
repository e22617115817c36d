"""The options of python -m mechinterp.sae, and the training run that they describe."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields
from pathlib import Path

from mechinterp.model.checkpoints import BUNDLED
from mechinterp.model.devices import DEVICES
from mechinterp.sae.architectures import ARCHITECTURES, Architecture
from mechinterp.sae.training import Settings

HOOK = "blocks.1.hook_resid_post"


@dataclass(frozen=True)
class Job:
    """An SAE to train: on what, how, and into which folder."""

    folder: Path
    model: str
    device: str  # of the model, and of the SAE
    hook: str
    texts: Path | None  # None for the lecture's own texts
    architecture: Architecture
    settings: Settings

    @property
    def state(self) -> Path:
        """The file from which the run resumes."""
        return self.folder.with_name(f"{self.folder.name}.state")


def job_of(options: argparse.Namespace) -> Job:
    """Return the job that the options describe; raise ValueError where they are invalid."""
    for name, least in (("k", 1), ("d_sae", 1), ("steps", 1), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise ValueError(f"expected --{name.replace('_', '-')} of at least {least}, got {value}")
    if options.coefficient is not None and not 0 <= options.coefficient < math.inf:
        raise ValueError(f"expected a --coefficient of at least 0, got {options.coefficient}")
    return Job(
        folder=options.out.resolve(),
        model=options.model,
        device=options.device,
        hook=options.hook,
        texts=options.texts,
        architecture=_architecture(options.architecture, options.k, options.coefficient),
        settings=Settings(d_sae=options.d_sae, steps=options.steps, seed=options.seed),
    )


def _architecture(name: str, k: int | None, coefficient: float | None) -> Architecture:
    kind, own = ARCHITECTURES[name], {field.name for field in fields(ARCHITECTURES[name])}
    given = {key: value for key, value in (("k", k), ("coefficient", coefficient)) if value is not None}
    if wrong := sorted(set(given) - own):
        right = "--coefficient" if "coefficient" in own else "--k"
        raise ValueError(f"--{wrong[0]} does not apply to {name}, whose sparsity is set by {right}")
    return kind(**given)


def parser(description: str) -> argparse.ArgumentParser:
    """Return the parser of the options."""
    found = argparse.ArgumentParser(prog="python -m mechinterp.sae", description=description)
    add, default = found.add_argument, "default: %(default)s"
    add(
        "--out",
        type=Path,
        required=True,
        metavar="DIR",
        help="the folder to write the SAE to; it holds nothing else",
    )
    add("--model", default=BUNDLED, help=f"a folder with a checkpoint, or a Hugging Face id; {default}")
    add("--device", default="auto", choices=DEVICES, help=f"where the model and the SAE compute; {default}")
    add("--hook", default=HOOK, help=f"the hook point whose activations it reconstructs; {default}")
    add("--architecture", default="topk", choices=ARCHITECTURES, help=default)
    add(
        "--k",
        type=int,
        metavar="N",
        help="number of features that fire, for topk and batchtopk (default: 16)",
    )
    add(
        "--coefficient",
        type=float,
        metavar="X",
        help="weight λ of the sparsity penalty, for l1 (default: 5), gated (2.5) and jumprelu (1)",
    )
    add("--d-sae", type=int, default=Settings.d_sae, metavar="N", help=f"number of features; {default}")
    add("--steps", type=int, default=Settings.steps, metavar="N", help=default)
    add("--seed", type=int, default=Settings.seed, metavar="N", help=default)
    add(
        "--texts",
        type=Path,
        metavar="FILE",
        help="a UTF-8 text, cut into consecutive contexts regardless of its lines; the last tenth is held out "
        "(default: the lecture's own texts)",
    )
    return found
