"""Parts of other architectures that this project's transformer does not have, each refused with the reason.

They could be computed, but what the lecture says of a transformer would no longer be so: that heads and MLPs add what
they write to the residual stream, and that logits are read off it. What is not listed here, and differs, is found when
the logits are compared (bridge.py).
"""

from __future__ import annotations

from typing import Any

ROTATED_ALIKE = ("default", "linear", "llama3")  # rotary positions, by frequencies alone


def refuse_parts(bridge: Any) -> None:
    """Raise ValueError, one paragraph with all reasons, where a model has parts that are not supported."""
    if reasons := _reasons(bridge, bridge.original_model.config):
        raise ValueError(f"{bridge.cfg.architecture} is not supported: " + "; ".join(reasons))


def _reasons(bridge: Any, hf: Any) -> list[str]:
    from transformer_lens.model_bridge.generalized_components import MoEBridge

    block, rotary = bridge.blocks[0], _rotary_kind(hf)
    has = {
        "its attention scores are capped by a tanh (attn_logit_softcapping), so that they are not the products of "
        "queries and keys that QK circuits describe": getattr(hf, "attn_logit_softcapping", None),
        "its logits are capped by a tanh (final_logit_softcapping), so that contributions do not add up to them": (
            getattr(hf, "final_logit_softcapping", None)
        ),
        "what attention and MLPs write is normalised before it is added to the residual stream, so that heads do not "
        "write into it independently": hasattr(block, "ln1_post") or hasattr(block, "ln2_post"),
        "it normalises the residual stream itself after each layer (do_layer_norm_before is false), so that it is "
        "not the sum of what was written": not getattr(hf, "do_layer_norm_before", True),
        "a router chooses among several MLPs in a layer (experts), and there is no single one to read": (
            isinstance(block.mlp, MoEBridge)
        ),
        f"its rotary positions are of the kind {rotary!r}, which does more than turn by fixed frequencies": (
            rotary not in ROTATED_ALIKE
        ),
    }
    return [reason for reason, applies in has.items() if applies]


def _rotary_kind(hf: Any) -> str:
    parameters = getattr(hf, "rope_parameters", None) or {}
    return parameters.get("rope_type", "default")
