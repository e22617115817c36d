"""Find the heads of a model that identify the indirect object: python -m mechinterp.ioi [MODEL]."""

from __future__ import annotations

import sys

from mechinterp.ioi.circuit import PUBLISHED, Role, faithfulness, find_circuit, incompleteness
from mechinterp.ioi.prompts import prompts
from mechinterp.ioi.reference import other_names
from mechinterp.model.loading import load_model


def main(name: str, n_prompts: int = 200, seed: int = 1_000_000) -> None:
    """Print the circuit of a model, compared, for GPT-2 small, with the published one."""
    model = load_model(name)
    drawn = prompts(model, n_prompts, seed)
    instead = other_names(model, drawn)
    circuit = find_circuit(model, drawn, instead)
    print(f"{name}: mean logit difference {circuit.difference:.2f} on {n_prompts} prompts")
    for role in Role:
        listed = [f"{v.head} {v.effect:+.2f} [{v.low:+.2f}, {v.high:+.2f}]" for v in circuit.of(role)]
        print(
            f"{role.name.lower():16} {', '.join(listed) or 'none'}   (other heads: {circuit.control.get(role, 0):+.3f})"
        )
        if name in ("gpt2", "openai-community/gpt2") and role in PUBLISHED:
            found = {verdict.head for verdict in circuit.of(role)}
            both = [str(head) for head in PUBLISHED[role] if head in found]
            print(
                f"{'':16} published: {', '.join(map(str, PUBLISHED[role]))}; found: {', '.join(both) or 'none'}"
            )
    kept = faithfulness(model, drawn, circuit.heads, instead).mean() / circuit.difference
    print(f"faithfulness {kept:.0%}, incompleteness {incompleteness(model, drawn, circuit, instead):.0%}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "bundled")
