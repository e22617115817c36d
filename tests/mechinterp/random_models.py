"""Small random transformers of every shape that this project computes, in double precision where errors matter."""

from __future__ import annotations

import torch

from mechinterp.model.transformer import Block, Config, Norm, Transformer

SHAPES = {
    "gpt2": {},
    "gpt_neox": {"rotary_dims": 4, "parallel": True, "activation": "gelu"},
    "llama": {"rotary_dims": 8, "normalization": "rms", "activation": "silu", "kv_heads": 2, "gated": True},
    "qwen_3": {"rotary_dims": 8, "normalization": "rms", "gated": True, "qk_norms": True},
    "bloom": {"alibi_slopes": (0.5, 0.25, 0.9, 0.0625)},
}


def frequencies(rotary_dims: int, base: float = 10_000.0) -> tuple[float, ...]:
    """Those of Su et al. 2021 (RoFormer), section 3.3."""
    return tuple(base ** (-2 * i / rotary_dims) for i in range(rotary_dims // 2))


def random_transformer(
    shape: str = "gpt2",
    n_layers: int = 3,
    n_heads: int = 4,
    d_model: int = 16,
    d_head: int = 8,
    d_mlp: int = 24,
    d_vocab: int = 20,
    n_ctx: int = 16,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Transformer:
    options = dict(SHAPES[shape])
    n_kv, gated = options.pop("kv_heads", n_heads), options.pop("gated", False)
    qk_norms, rotary_dims = options.pop("qk_norms", False), options.pop("rotary_dims", 0)
    options["rotary_frequencies"] = frequencies(rotary_dims)
    config = Config(n_layers, n_heads, d_model, d_head, d_mlp, d_vocab, n_ctx, **options)  # type: ignore[arg-type]
    draw = torch.Generator().manual_seed(seed)

    def random(*size: int, scale: float = 0.4) -> torch.Tensor:
        return (scale * torch.randn(size, generator=draw, dtype=torch.float64)).to(dtype)

    def norm(size: int = d_model) -> Norm:
        return Norm(1 + random(size), None if config.normalization == "rms" else random(size))

    def block() -> Block:
        return Block(
            ln1=norm(),
            W_Q=random(n_heads, d_model, d_head),
            W_K=random(n_kv, d_model, d_head),
            W_V=random(n_kv, d_model, d_head),
            W_O=random(n_heads, d_head, d_model),
            b_Q=random(n_heads, d_head),
            b_K=random(n_kv, d_head),
            b_V=random(n_kv, d_head),
            b_O=random(d_model),
            ln2=norm(),
            W_in=random(d_model, d_mlp),
            b_in=random(d_mlp),
            W_out=random(d_mlp, d_model),
            b_out=random(d_model),
            W_gate=random(d_model, d_mlp) if gated else None,
            q_norm=norm(d_head) if qk_norms else None,
            k_norm=norm(d_head) if qk_norms else None,
        )

    return Transformer(
        config=config,
        W_E=random(d_vocab, d_model, scale=1.0),
        W_pos=None if config.rotary_dims or config.alibi_slopes else random(n_ctx, d_model, scale=1.0),
        blocks=[block() for _ in range(n_layers)],
        ln_final=norm(),
        W_U=random(d_model, d_vocab),
        b_U=random(d_vocab),
    )
