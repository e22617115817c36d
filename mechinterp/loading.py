"""Load a model: the lecture's own, or any that Hugging Face's format and TransformerLens' bridge can bring."""

from __future__ import annotations

import hashlib
import json
import os
from pathlib import Path

from tokenizers import Tokenizer

from mechinterp.checkpoints import BUNDLED, CHECKSUMS, CONFIG, TOKENIZER, files_in, find, folder_of
from mechinterp.gpt2 import config_from, read
from mechinterp.model import Model


def load_model(name_or_path: str = BUNDLED) -> Model:
    """Return the model that comes with the lecture, one in a folder, or one from the Hugging Face hub.

    GPT-2's architecture is read as it is; others come through TransformerLens' bridge. All weights are float32.
    Raises ValueError where there is no such checkpoint, or it is damaged or too large for the memory.
    """
    name, _ = find(name_or_path)
    folder = folder_of(name_or_path)
    files = files_in(folder)
    _check(folder, files)
    hf = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    weights = [path for path in files if path.suffix == ".safetensors"]
    if hf.get("model_type") == "gpt2":
        transformer = read(weights, config_from(hf))
    else:
        from mechinterp.bridge import read_through_bridge

        transformer = read_through_bridge(folder)
    tokenizer = Tokenizer.from_file(str(folder / TOKENIZER))
    _check_tokenizer(tokenizer, transformer.config.d_vocab, folder)
    return Model(name, transformer, tokenizer, hf.get("bos_token_id"))


def _check(folder: Path, files: list[Path]) -> None:
    """Raise ValueError where files are not what was written, or the memory cannot hold them."""
    listed = folder / CHECKSUMS
    if listed.is_file():
        for line in listed.read_text(encoding="utf-8").splitlines():
            digest, name = line.split()
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                raise ValueError(
                    f"{folder / name} is not what {CHECKSUMS} says: it is damaged, copy it again"
                )
    size = 2 * sum(path.stat().st_size for path in files)  # half precision becomes single
    if (free := _free_memory()) and size > free:
        gigabytes = [f"{number / 1e9:.1f} GB" for number in (size, free)]
        raise ValueError(
            f"{folder} may need {gigabytes[0]} of memory, and {gigabytes[1]} are free: use a smaller model"
        )


def _free_memory() -> int | None:
    """Return the bytes of memory that are free, where the system tells."""
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (ValueError, OSError, AttributeError):
        return None


def _check_tokenizer(tokenizer: Tokenizer, d_vocab: int, folder: Path) -> None:
    if tokenizer.get_vocab_size() > d_vocab:
        raise ValueError(
            f"expected the tokenizer in {folder} to have at most the model's {d_vocab} tokens, "
            f"got {tokenizer.get_vocab_size()}: it belongs to another model"
        )
