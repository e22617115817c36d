"""Small random checkpoints of each architecture, as Hugging Face's own library writes them, with its usual parts."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

from mechinterp.model.checkpoints import WEIGHTS

BYTES = 256  # tokens of a tokenizer in which every byte is one
LAYERS = 3
LESS = 4  # positions that attention sees where it is local, than the context has
LLAMA_3 = {
    "rope_type": "llama3",
    "factor": 8.0,
    "low_freq_factor": 1.0,
    "high_freq_factor": 4.0,
    "original_max_position_embeddings": 16,
    "rope_theta": 500_000.0,
}
YARN = {"rope_type": "yarn", "factor": 4.0, "original_max_position_embeddings": 16, "rope_theta": 10_000.0}
EXPERTS = {"num_local_experts": 2, "num_experts_per_tok": 1, "sliding_window": None}


def _gpt2(**rest: Any) -> Callable[..., Any]:
    def config(t: Any, n_ctx: int, **common: Any) -> Any:
        return t.GPT2Config(n_layer=LAYERS, n_head=4, n_embd=32, n_positions=n_ctx, **rest, **common)

    return config


def _gpt_neo(t: Any, n_ctx: int, **common: Any) -> Any:
    kinds = [[["global", "local", "global"], 1]]
    sizes = {"hidden_size": 32, "num_layers": LAYERS, "num_heads": 4, "window_size": n_ctx - LESS}
    return t.GPTNeoConfig(attention_types=kinds, max_position_embeddings=n_ctx, **sizes, **common)


def _bloom(t: Any, n_ctx: int, **common: Any) -> Any:
    return t.BloomConfig(hidden_size=48, n_layer=LAYERS, n_head=6, **common)  # six: no power of two


def _gpt_neox(t: Any, n_ctx: int, **common: Any) -> Any:
    return t.GPTNeoXConfig(**_sizes(n_ctx, 64, 96), rope_parameters=_rotated(0.25), **common)


def _phi(t: Any, n_ctx: int, **common: Any) -> Any:
    return t.PhiConfig(**_sizes(n_ctx, 64, 96), rope_parameters=_rotated(0.5), **common)


def _opt(**rest: Any) -> Callable[..., Any]:
    def config(t: Any, n_ctx: int, **common: Any) -> Any:
        sizes = _sizes(n_ctx, 32, 64)
        sizes["ffn_dim"] = sizes.pop("intermediate_size")
        return t.OPTConfig(**sizes, **{"word_embed_proj_dim": 32, **rest}, **common)

    return config


def _like_llama(kind: str, **rest: Any) -> Callable[..., Any]:
    def config(t: Any, n_ctx: int, **common: Any) -> Any:
        return getattr(t, f"{kind}Config")(**_sizes(n_ctx, 32, 48), num_key_value_heads=2, **rest, **common)

    return config


def _mistral(t: Any, n_ctx: int, **common: Any) -> Any:
    return _like_llama("Mistral", sliding_window=n_ctx - LESS)(t, n_ctx, **common)


def _sizes(n_ctx: int, d_model: int, d_mlp: int) -> dict[str, Any]:
    return {
        "hidden_size": d_model,
        "intermediate_size": d_mlp,
        "num_hidden_layers": LAYERS,
        "num_attention_heads": 4,
        "max_position_embeddings": n_ctx,
    }


def _rotated(share: float) -> dict[str, Any]:
    return {"partial_rotary_factor": share, "rope_theta": 10_000.0, "rope_type": "default"}


SUPPORTED: dict[str, Callable[..., Any]] = {
    "gpt2": _gpt2(tie_word_embeddings=False),
    "gpt2_tied": _gpt2(tie_word_embeddings=True),
    "gpt_neo": _gpt_neo,
    "gpt_neox": _gpt_neox,
    "llama": _like_llama("Llama"),
    "llama_3": _like_llama("Llama", rope_parameters=LLAMA_3),
    "mistral": _mistral,
    "qwen_2": _like_llama("Qwen2"),
    "qwen_3": _like_llama("Qwen3", head_dim=16),
    "gemma": _like_llama("Gemma", head_dim=16),
    "phi": _phi,
    "opt": _opt(),
    "bloom": _bloom,
}

# Each with what the refusal has to say.
REFUSED: dict[str, tuple[Callable[..., Any], str]] = {
    "gemma_2": (
        _like_llama("Gemma2", head_dim=8, query_pre_attn_scalar=12),
        r"Gemma2ForCausalLM is not supported: .*attn_logit_softcapping.*final_logit_softcapping.*"
        r"is normalised before it is added to the residual stream",
    ),
    "gemma_3": (
        _like_llama("Gemma3Text", head_dim=8),
        r"Gemma3ForCausalLM is not supported: .*is normalised before it is added to the residual stream",
    ),
    "opt_350m": (
        _opt(word_embed_proj_dim=16, do_layer_norm_before=False),
        r"OPTForCausalLM is not supported: it normalises the residual stream itself after each layer",
    ),
    "mixtral": (
        _like_llama("Mixtral", **EXPERTS),
        r"MixtralForCausalLM is not supported: a router chooses among several MLPs",
    ),
    "llama_with_yarn": (
        _like_llama("Llama", rope_parameters=YARN),
        r"LlamaForCausalLM is not supported: its rotary positions are of the kind 'yarn'",
    ),
    "gpt_j": (
        lambda t, n_ctx, **common: t.GPTJConfig(
            n_embd=32, n_layer=LAYERS, n_head=4, rotary_dim=4, n_positions=n_ctx, **common
        ),
        r"expected rotary positions of one kind in all layers, .*GPTJForCausalLM",
    ),
}


def write_checkpoint(architecture: str, folder: Path, n_ctx: int = 24, words: bool = False) -> Path:
    """Write a random checkpoint, with a tokenizer of bytes, or of the lecture's words.

    Its weights are larger than at a usual start, so that errors show.
    """
    import transformers

    torch.manual_seed(0)
    make = SUPPORTED[architecture] if architecture in SUPPORTED else REFUSED[architecture][0]
    d_vocab = _copy_tokenizer(folder) if words else write_tokenizer(folder)
    tokens = {"vocab_size": d_vocab, "bos_token_id": 0, "eos_token_id": 0, "pad_token_id": None}
    model = transformers.AutoModelForCausalLM.from_config(make(transformers, n_ctx, **tokens))
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    return folder


def write_tokenizer(folder: Path) -> int:
    """Write a byte-level tokenizer in which every byte is a token; return how many there are."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')
    return BYTES


def _copy_tokenizer(folder: Path) -> int:
    for name in ("tokenizer.json", "tokenizer_config.json"):
        shutil.copy(WEIGHTS / name, folder / name)
    return Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab_size()
