"""Load a model: the lecture's own, or any in Hugging Face's format that TransformerLens' bridge supports."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from mechinterp.model.checkpoints import BUNDLED, find
from mechinterp.model.devices import device_for, device_named, moved
from mechinterp.model.files import CHECKSUMS, CONFIG
from mechinterp.model.gpt2 import config_from, read
from mechinterp.model.language_model import Model
from mechinterp.model.tokenizer import read_tokenizer
from mechinterp.model.transformer import Transformer


def load_model(name_or_path: str = BUNDLED, memory: float = 1.0, device: str = "auto") -> Model:
    """Return the model that comes with the lecture, one in a folder, or one from the Hugging Face hub.

    GPT-2's architecture is read directly; others go through TransformerLens' bridge. All weights are float32. `memory`
    is how many gigabytes activations may take at once: with more, more prompts are run together. The model computes on
    `device`: cpu, cuda, mps, or auto, which is a GPU where there is one and the model is large enough to gain.
    Raises ValueError, naming the folder, where there is no such checkpoint, or it is damaged, of an architecture
    that is not supported, or too large for the memory; and where there is no such device.
    """
    asked = device_named(device)
    name, files, *_ = find(name_or_path)
    folder = files[0].parent
    try:
        _check(folder, files)
        hf = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        transformer = _transformer(folder, files, hf)
        transformer = moved(transformer, asked or device_for(transformer))
        tokenizer = read_tokenizer(folder, hf, transformer.config.d_vocab)
        bos = hf.get("bos_token_id")
        if bos is not None and not 0 <= bos < transformer.config.d_vocab:
            raise ValueError(
                f"expected bos_token_id below {transformer.config.d_vocab} in config.json, got {bos}"
            )
    except ValueError as error:
        raise ValueError(f"cannot load the model in {folder}: {error}") from error
    transformer.memory = int(memory * 2**30)
    return Model(name, transformer, tokenizer, bos)


def _transformer(folder: Path, files: list[Path], hf: dict[str, Any]) -> Transformer:
    if hf.get("model_type") == "gpt2":
        weights = [path for path in files if path.suffix == ".safetensors"]
        return read(weights, config_from(hf), tied=hf.get("tie_word_embeddings", True))
    from mechinterp.model.bridge import read_through_bridge

    return read_through_bridge(folder)


def _check(folder: Path, files: list[Path]) -> None:
    """Raise ValueError where files do not match their checksums, or do not fit into memory."""
    listed = folder / CHECKSUMS
    if listed.is_file():
        for line in filter(None, listed.read_text(encoding="utf-8").splitlines()):
            digest, name = line.split()
            if not (folder / name).is_file():
                raise ValueError(f"{name}, which {CHECKSUMS} lists, is missing: copy it again")
            if hashlib.sha256((folder / name).read_bytes()).hexdigest() != digest:
                raise ValueError(
                    f"{folder / name} is not what {CHECKSUMS} says: it is damaged, copy it again"
                )
    size = 2 * sum(path.stat().st_size for path in files)  # half precision becomes single
    if (free := _free_memory()) is not None and size > free:
        gigabytes = [f"{number / 1e9:.1f} GB" for number in (size, free)]
        raise ValueError(
            f"{folder} may need {gigabytes[0]} of memory, and {gigabytes[1]} are free: use a smaller model"
        )


def _free_memory() -> int | None:
    """Return the bytes of available memory, file caches included, or None where the system does not report it."""
    try:
        lines = Path("/proc/meminfo").read_text(encoding="ascii").splitlines()
        kilobytes = next(int(line.split()[1]) for line in lines if line.startswith("MemAvailable:"))
    except (OSError, StopIteration):
        return None
    return 1024 * kilobytes
