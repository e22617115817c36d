"""From a fresh process to the first logits of the lecture's model, against TransformerLens' bridge."""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.measure import in_turn, python, report
from lectern.project import ENGINE_ROOT
from mechinterp.model.checkpoints import WEIGHTS

COMMON = "import torch; torch.set_num_threads(1); tokens = torch.arange(1, 33)[None]\n"
OURS = COMMON + "from mechinterp import load_model; model = load_model(); model(tokens)"
BRIDGE = COMMON + (
    "from transformer_lens.model_bridge import TransformerBridge\n"
    f"model = TransformerBridge.boot_transformers({str(WEIGHTS)!r}, dtype=torch.float32)\n"
    "model.enable_compatibility_mode(no_processing=True); model(tokens)"
)


def main() -> None:
    """Measure whole processes."""
    with tempfile.TemporaryDirectory() as folder:
        commands = {}
        for name, code in {"load_model": OURS, "TransformerBridge": BRIDGE}.items():
            script = Path(folder) / f"{name}.py"
            script.write_text(
                f"import sys; sys.path.insert(0, {str(ENGINE_ROOT)!r})\n{code}\n", encoding="utf-8"
            )
            commands[name] = [python(), script]
        times = in_turn(commands, Path(folder))
    report("the bundled model, from a fresh process to its first logits", times, "≤ 0.5")


if __name__ == "__main__":
    main()
