"""Models of other architectures, read through TransformerLens' bridge into this project's own transformer.

The bridge knows where each architecture keeps its weights; that they are then used alike is checked by comparing the
two models' logits. What an architecture does to its embeddings, or to all scores, goes into the weights: BLOOM's
normalisation and Gemma's scale into W_E, GPT-Neo's scores that are not divided into W_Q. Where attention sees only a
window, the context is no longer than that, and within it the window does not matter. Needs transformer_lens, which
GPT-2's architecture does not.
"""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from mechinterp.model.refused import refuse_parts
from mechinterp.model.transformer import ACTIVATIONS, Block, Config, Norm, Transformer, no_tap

TOLERANCE = 1e-3  # greatest difference of logits for the two models to count as the same
COMPARED = 300  # tokens they are compared on: more than GPT-Neo's window, so that a missed one shows
SAME_ACTIVATION = {"gelu_pytorch_tanh": "gelu_new", "gelu_fast": "gelu_new"}
NORMALIZATIONS = {"LN": "layer", "LNPre": "layer", "RMS": "rms", "RMSPre": "rms"}


def read_through_bridge(folder: Path) -> Transformer:
    """Return the model in a folder as this project's transformer.

    Raises ValueError where transformer_lens is not installed, or the architecture has parts that this project's
    transformer does not.
    """
    try:
        bridge = open_bridge(folder)
        refuse_parts(bridge)
        transformer = converted(bridge)
    except (AttributeError, KeyError, TypeError, RuntimeError) as error:
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
    embedded = bridge.cfg.positional_embedding_type == "standard"
    return Transformer(
        config=config,
        W_E=_embedding(bridge, config),
        W_pos=bridge.W_pos.detach()[: config.n_ctx] if embedded else None,
        blocks=[_block(block, config, bridge) for block in bridge.blocks],
        ln_final=_norm(bridge.ln_final, bridge),
        W_U=bridge.W_U.detach(),
        b_U=_or_zeros(bridge.b_U, config.d_vocab),
    )


def _config(bridge: Any) -> Config:
    cfg = bridge.cfg
    return Config(
        n_layers=cfg.n_layers,
        n_heads=cfg.n_heads,
        d_model=cfg.d_model,
        d_head=cfg.d_head,
        d_mlp=bridge.blocks[0].mlp.W_in.shape[1],  # for OPT the bridge's own number may be wrong
        d_vocab=cfg.d_vocab,
        n_ctx=min(cfg.n_ctx, _window(bridge.original_model.config) or cfg.n_ctx),
        activation=_activation(bridge),
        eps=cfg.eps,
        normalization="rms" if NORMALIZATIONS[cfg.normalization_type] == "rms" else "layer",
        rotary_frequencies=_rotary_frequencies(bridge),
        alibi_slopes=_alibi_slopes(bridge),
        parallel=bool(cfg.parallel_attn_mlp),
    )


def _activation(bridge: Any) -> str:
    """Return the name of the MLPs' activation; raise ValueError for one that this project does not have."""
    bloom = bridge.original_model.config.model_type == "bloom"  # whose configuration does not say
    name: str = bridge.cfg.act_fn
    name = "gelu_new" if bloom else SAME_ACTIVATION.get(name, name)
    if name not in ACTIVATIONS:
        raise ValueError(f"expected an activation among {', '.join(ACTIVATIONS)}, got {name}")
    return name


def _window(hf: Any) -> int | None:
    """Return how many positions attention sees, in the layers that see fewest; None where all see everything."""
    if hf.model_type == "gpt_neo":
        return hf.window_size if "local" in hf.attention_layers else None
    return getattr(hf, "sliding_window", None)


def _rotary_frequencies(bridge: Any) -> tuple[float, ...]:
    """Return the frequencies that the model itself has computed, scaled for long contexts as in Llama 3."""
    if bridge.cfg.positional_embedding_type != "rotary":
        return ()
    buffers = {name.split(".")[-1]: buffer for name, buffer in bridge.original_model.named_buffers()}
    if "inv_freq" not in buffers:
        raise ValueError(
            "expected rotary positions of one kind in all layers, in planes of dimensions half of the rotated "
            f"ones apart, got those of {bridge.cfg.architecture}"
        )
    return tuple(buffers["inv_freq"].tolist())


def _alibi_slopes(bridge: Any) -> tuple[float, ...]:
    """Return what the model adds to each head's scores for the second position: that of the first is 0."""
    if bridge.cfg.positional_embedding_type != "alibi":
        return ()
    added = bridge.original_model.transformer.build_alibi_tensor(
        torch.ones(1, 2), bridge.cfg.n_heads, torch.float32
    )
    return tuple(added[:, 0, 1].tolist())


@torch.no_grad()
def _embedding(bridge: Any, config: Config) -> Tensor:
    """Return what each token is embedded as, with what the architecture then does to it."""
    W_E = bridge.embed(torch.arange(config.d_vocab))
    if not hasattr(bridge, "embed_ln"):
        return W_E.detach()
    return _norm(bridge.embed_ln, bridge).forward(W_E.detach(), config, "", no_tap)


def _block(block: Any, config: Config, bridge: Any) -> Block:
    attn, mlp = block.attn, block.mlp
    heads, kv = (config.n_heads, config.d_head), attn.W_K.shape[0]
    ln1 = _norm(block.ln1, bridge)
    undivided = config.d_head**0.5 if bridge.original_model.config.model_type == "gpt_neo" else 1.0
    return Block(
        ln1=ln1,
        W_Q=undivided * attn.W_Q.detach(),
        W_K=attn.W_K.detach(),
        W_V=attn.W_V.detach(),
        W_O=attn.W_O.detach(),
        b_Q=undivided * _or_zeros(attn.b_Q, *heads),
        b_K=_or_zeros(attn.b_K, kv, config.d_head),
        b_V=_or_zeros(attn.b_V, kv, config.d_head),
        b_O=_or_zeros(attn.b_O, config.d_model),
        ln2=_norm(block.ln2, bridge) if hasattr(block, "ln2") else ln1,  # Phi's attention and MLP share one
        W_in=mlp.W_in.detach(),
        b_in=_or_zeros(mlp.b_in, config.d_mlp),
        W_out=mlp.W_out.detach(),
        b_out=_or_zeros(mlp.b_out, config.d_model),
        W_gate=mlp.W_gate.detach() if getattr(mlp, "W_gate", None) is not None else None,
        q_norm=_norm(attn.q_norm, bridge) if hasattr(attn, "q_norm") else None,
        k_norm=_norm(attn.k_norm, bridge) if hasattr(attn, "k_norm") else None,
    )


def _norm(norm: Any, bridge: Any) -> Norm:
    """Return a normalisation with the weights that it multiplies by: Gemma keeps them less one."""
    bias, offset = getattr(norm, "bias", None), float(getattr(bridge.cfg, "rmsnorm_uses_offset", False))
    return Norm(offset + norm.weight.detach(), None if bias is None else bias.detach())


def _or_zeros(tensor: Tensor | None, *shape: int) -> Tensor:
    return torch.zeros(shape) if tensor is None else tensor.detach()


@torch.no_grad()
def _check_same(bridge: Any, transformer: Transformer) -> None:
    """Raise ValueError where the two models give different logits: some part of the architecture was missed."""
    length, draw = min(COMPARED, transformer.config.n_ctx), torch.Generator().manual_seed(0)
    tokens = torch.randint(transformer.config.d_vocab, (1, length), generator=draw)
    apart = (bridge(tokens) - transformer(tokens)).abs().max().item()
    if not apart <= TOLERANCE:
        raise ValueError(
            f"this project's transformer does not compute what the model does (its logits differ by "
            f"{apart:.2g}); its architecture, {bridge.cfg.architecture}, has parts that are not supported"
        )
