"""A trained model written as Hugging Face writes GPT-2: configuration, weights, tokenizer, card, checksums."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

from safetensors.torch import save_file
from tokenizers import Tokenizer

from mechinterp.model.files import CHECKSUMS, CONFIG, TOKENIZER
from mechinterp.text.tokenizer import BOS
from mechinterp.training.parameters import checkpoint_of
from mechinterp.training.run import Run
from mechinterp.training.settings import Settings

WEIGHTS, HISTORY = "model.safetensors", "history.json"


def write_checkpoint(run: Run, tokenizer: Tokenizer, folder: Path) -> None:
    """Write the files that transformers, TransformerLens and this project load."""
    tensors = checkpoint_of({name: tensor.detach().cpu() for name, tensor in run.parameters.items()})
    named = {name if name.startswith("lm_head") else f"transformer.{name}": t for name, t in tensors.items()}
    save_file(
        {name: tensor.contiguous() for name, tensor in named.items()}, folder / WEIGHTS, {"format": "pt"}
    )
    _write_json(folder / CONFIG, _hugging_face_config(run.settings, tokenizer))
    tokenizer.save(str(folder / TOKENIZER))
    _write_json(
        folder / "tokenizer_config.json",
        {
            "tokenizer_class": "PreTrainedTokenizerFast",
            "bos_token": BOS,
            "eos_token": BOS,
            "unk_token": BOS,
            "model_max_length": run.settings.n_ctx,
        },
    )
    _write_json(folder / HISTORY, run.history)


def write_checksums(folder: Path) -> None:
    """Write the checksums of the files that are loaded, so that a damaged copy is noticed."""
    names = sorted((CONFIG, TOKENIZER, WEIGHTS))
    lines = [f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names]
    (folder / CHECKSUMS).write_text("".join(lines), encoding="utf-8")


def _hugging_face_config(settings: Settings, tokenizer: Tokenizer) -> dict[str, object]:
    bos = tokenizer.token_to_id(BOS)
    return {
        "architectures": ["GPT2LMHeadModel"],
        "model_type": "gpt2",
        "n_layer": settings.n_layers,
        "n_head": settings.n_heads,
        "n_embd": settings.d_model,
        "n_inner": settings.d_mlp,
        "n_positions": settings.n_ctx,
        "vocab_size": settings.d_vocab,
        "activation_function": settings.config.activation,
        "layer_norm_epsilon": settings.config.eps,
        "tie_word_embeddings": False,
        "bos_token_id": bos,
        "eos_token_id": bos,
        "attn_pdrop": 0.0,
        "embd_pdrop": 0.0,
        "resid_pdrop": 0.0,
        "torch_dtype": "float32",
    }


def _write_json(path: Path, content: object) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
