"""Models of other architectures, read through TransformerLens' bridge into this project's own transformer.

The bridge knows where each architecture keeps its weights; that they are then used alike is checked by comparing the
two models' logits. Needs transformer_lens, which GPT-2's architecture does not.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mechinterp.model.transformer import ACTIVATIONS, Block, Config, Norm, Transformer

TOLERANCE = 1e-3  # greatest difference of logits for the two models to count as the same
NORMALIZATIONS = {"LN": "layer", "LNPre": "layer", "RMS": "rms", "RMSPre": "rms"}


def read_through_bridge(folder: Path) -> Transformer:
    """Return the model in a folder as this project's transformer.

    Raises ValueError where transformer_lens is not installed, or the architecture has parts that this project's
    transformer does not.
    """
    try:
        bridge = open_bridge(folder)
        transformer = converted(bridge)
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError(f"this architecture has parts that cannot be read ({error})") from error
    _check_same(bridge, transformer)
    return transformer


def open_bridge(folder: Path) -> Any:
    """Return TransformerLens' own model of a folder, in float32, with unprocessed weights."""
    try:
        from transformer_lens.model_bridge import TransformerBridge
    except ModuleNotFoundError as error:
        raise ValueError(
            "it is not of GPT-2's architecture, and transformer_lens, which others need, is not installed: make hub"
        ) from error
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("transformer_lens").setLevel(logging.ERROR)
    bridge = TransformerBridge.boot_transformers(str(folder), dtype=torch.float32)
    bridge.enable_compatibility_mode(no_processing=True)
    return bridge


def converted(bridge: Any) -> Transformer:
    """Return a bridge's weights as this project's transformer."""
    config = _config(bridge)
    return Transformer(
        config=config,
        W_E=bridge.W_E.detach(),
        W_pos=None if config.rotary_dims else bridge.W_pos.detach(),
        blocks=[_block(block, config) for block in bridge.blocks],
        ln_final=_norm(bridge.ln_final),
        W_U=bridge.W_U.detach(),
        b_U=_or_zeros(bridge.b_U, config.d_vocab),
    )


def _config(bridge: Any) -> Config:
    cfg, hf = bridge.cfg, bridge.original_model.config
    if cfg.act_fn not in ACTIVATIONS:
        raise ValueError(f"expected an activation among {', '.join(ACTIVATIONS)}, got {cfg.act_fn}")
    if getattr(hf, "sliding_window", None):
        raise ValueError("expected attention to all earlier positions, got a sliding window")
    rope = getattr(hf, "rope_parameters", None) or {}
    share = rope.get("partial_rotary_factor", getattr(hf, "rotary_pct", None)) or 1.0
    rotary = int(cfg.d_head * share) if cfg.positional_embedding_type == "rotary" else 0
    return Config(
        n_layers=cfg.n_layers,
        n_heads=cfg.n_heads,
        d_model=cfg.d_model,
        d_head=cfg.d_head,
        d_mlp=cfg.d_mlp,
        d_vocab=cfg.d_vocab,
        n_ctx=cfg.n_ctx,
        activation=cfg.act_fn,
        eps=cfg.eps,
        normalization="rms" if NORMALIZATIONS[cfg.normalization_type] == "rms" else "layer",
        rotary_dims=rotary,
        rotary_base=float(rope.get("rope_theta", cfg.rotary_base)),
        parallel=bool(cfg.parallel_attn_mlp),
    )


def _block(block: Any, config: Config) -> Block:
    attn, mlp = block.attn, block.mlp
    heads, kv = (config.n_heads, config.d_head), attn.W_K.shape[0]
    return Block(
        ln1=_norm(block.ln1),
        W_Q=attn.W_Q.detach(),
        W_K=attn.W_K.detach(),
        W_V=attn.W_V.detach(),
        W_O=attn.W_O.detach(),
        b_Q=_or_zeros(attn.b_Q, *heads),
        b_K=_or_zeros(attn.b_K, kv, config.d_head),
        b_V=_or_zeros(attn.b_V, kv, config.d_head),
        b_O=_or_zeros(attn.b_O, config.d_model),
        ln2=_norm(block.ln2),
        W_in=mlp.W_in.detach(),
        b_in=_or_zeros(mlp.b_in, config.d_mlp),
        W_out=mlp.W_out.detach(),
        b_out=_or_zeros(mlp.b_out, config.d_model),
        W_gate=mlp.W_gate.detach() if getattr(mlp, "W_gate", None) is not None else None,
    )


def _norm(norm: Any) -> Norm:
    bias = getattr(norm, "bias", None)
    return Norm(norm.weight.detach(), None if bias is None else bias.detach())


def _or_zeros(tensor: Tensor | None, *shape: int) -> Tensor:
    return torch.zeros(shape) if tensor is None else tensor.detach()


@torch.no_grad()
def _check_same(bridge: Any, transformer: Transformer) -> None:
    """Raise ValueError where the two models give different logits: some part of the architecture was missed."""
    length = min(16, transformer.config.n_ctx)
    tokens = torch.arange(2 * length).view(2, length) % transformer.config.d_vocab
    apart = (bridge(tokens) - transformer(tokens)).abs().max().item()
    if not apart <= TOLERANCE:
        raise ValueError(
            f"this project's transformer does not compute what the model does (its logits differ by "
            f"{apart:.2g}); its architecture, {bridge.cfg.architecture}, has parts that are not supported"
        )
