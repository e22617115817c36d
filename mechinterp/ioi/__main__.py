"""Find the heads of a model that identify the indirect object: python -m mechinterp.ioi [MODEL].

Options: --memory GB, --device DEVICE.
"""

from __future__ import annotations

import argparse
import sys

from mechinterp.ioi.circuit import Role, faithfulness, find_circuit, incompleteness
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.published import (
    DIFFERENCE,
    FAITHFULNESS,
    PUBLISHED,
    faithfulness_of_published,
    is_gpt2_small,
    precision_and_recall,
)
from mechinterp.ioi.reference import other_names
from mechinterp.model.devices import DEVICES
from mechinterp.model.loading import load_model


def main(
    name: str, memory: float = 1.0, n_prompts: int = 200, seed: int = 1_000_000, device: str = "auto"
) -> None:
    """Print the circuit of a model, compared, for GPT-2 small, with the published one.

    A large model is searched with fewer prompts. Activations take up to `memory` gigabytes at once.
    """
    model = load_model(name, memory, device)
    n_heads = model.config.n_layers * model.config.n_heads
    drawn = prompts(model, model.affordable(n_prompts, runs=n_heads / 3), seed)
    instead = other_names(model, drawn)
    circuit, compared = find_circuit(model, drawn, instead), is_gpt2_small(model)
    print(f"{name}: mean logit difference {circuit.difference:.2f} on {len(drawn)} prompts")
    for role in Role:
        listed = [f"{v.head} {v.effect:+.2f} [{v.low:+.2f}, {v.high:+.2f}]" for v in circuit.of(role)]
        print(
            f"{role.name.lower():16} {', '.join(listed) or 'none'}   (other heads: {circuit.control.get(role, 0):+.3f})"
        )
        if compared and role in PUBLISHED:
            right, all_of_them = precision_and_recall([v.head for v in circuit.of(role)], PUBLISHED[role])
            listed = ", ".join(map(str, PUBLISHED[role]))
            print(f"{'':16} published: {listed} (precision {right:.0%}, recall {all_of_them:.0%})")
    kept = faithfulness(model, drawn, circuit.heads, instead).mean() / circuit.difference
    print(f"faithfulness {kept:.0%}, incompleteness {incompleteness(model, drawn, circuit, instead):.0%}")
    if compared:
        theirs = faithfulness_of_published(model, drawn, instead).mean() / circuit.difference
        print(f"of the published circuit {theirs:.0%}; published: {FAITHFULNESS:.0%}, of {DIFFERENCE} logits")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m mechinterp.ioi")
    parser.add_argument("model", nargs="?", default="bundled", metavar="MODEL")
    parser.add_argument("--memory", type=float, default=1.0, metavar="GB")
    parser.add_argument("--device", default="auto", choices=DEVICES, help="default: %(default)s")
    options = parser.parse_args()
    try:
        main(options.model, options.memory, device=options.device)
    except ValueError as error:
        sys.exit(f"error: {error}")
