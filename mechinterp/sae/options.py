"""What python -m mechinterp.sae can be asked for."""

from __future__ import annotations

import argparse
import math
from dataclasses import dataclass, fields
from pathlib import Path

from mechinterp.model.checkpoints import BUNDLED
from mechinterp.sae.architectures import ARCHITECTURES, Architecture
from mechinterp.sae.training import Settings

HOOK = "blocks.1.hook_resid_post"


@dataclass(frozen=True)
class Job:
    """An SAE to be trained: on what, how, and into which folder."""

    folder: Path
    model: str
    hook: str
    texts: Path | None  # None for the lecture's own
    architecture: Architecture
    settings: Settings

    @property
    def state(self) -> Path:
        """The file that the run goes on from."""
        return self.folder.with_name(f"{self.folder.name}.state")


def job_of(options: argparse.Namespace) -> Job:
    """Return what the options ask for; raise ValueError where they mean nothing."""
    for name, least in (("k", 1), ("d_sae", 1), ("steps", 1), ("seed", 0)):
        value = getattr(options, name)
        if value is not None and value < least:
            raise ValueError(f"expected --{name.replace('_', '-')} from {least} on, got {value}")
    if options.coefficient is not None and not 0 <= options.coefficient < math.inf:
        raise ValueError(f"expected a --coefficient from 0 on, got {options.coefficient}")
    return Job(
        folder=options.out.resolve(),
        model=options.model,
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
        raise ValueError(f"--{wrong[0]} means nothing for {name}, whose sparsity is set by {right}")
    return kind(**given)


def parser(description: str) -> argparse.ArgumentParser:
    """Return what reads the options."""
    found = argparse.ArgumentParser(prog="python -m mechinterp.sae", description=description)
    add, default = found.add_argument, "default: %(default)s"
    add("--out", type=Path, required=True, metavar="DIR", help="where the SAE goes: a folder for it alone")
    add("--model", default=BUNDLED, help=f"a folder with a checkpoint, or an id on the hub; {default}")
    add("--hook", default=HOOK, help=f"the hook point whose vectors it tells; {default}")
    add("--architecture", default="topk", choices=ARCHITECTURES, help=default)
    add("--k", type=int, metavar="N", help="how many features fire; of topk and batchtopk (default: 16)")
    add(
        "--coefficient",
        type=float,
        metavar="X",
        help="what firing costs; of l1 (default: 5), gated (2.5) and jumprelu (1)",
    )
    add("--d-sae", type=int, default=Settings.d_sae, metavar="N", help=f"features; {default}")
    add("--steps", type=int, default=Settings.steps, metavar="N", help=default)
    add("--seed", type=int, default=Settings.seed, metavar="N", help=default)
    add(
        "--texts",
        type=Path,
        metavar="FILE",
        help="a text in UTF-8, cut into contexts one after the other, whatever its lines; the last tenth is held out "
        "(default: the lecture's own texts)",
    )
    return found
