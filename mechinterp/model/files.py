"""Which files make a checkpoint, of those that a folder, or a repository on the hub, has."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path

CONFIG = "config.json"
TOKENIZER, VOCABULARY, MERGES = "tokenizer.json", "vocab.json", "merges.txt"
WEIGHTS, INDEX = "model.safetensors", "model.safetensors.index.json"
CHECKSUMS = "SHA256SUMS"


def files_in(folder: Path) -> list[Path]:
    """Return a checkpoint's files; raise ValueError where one is missing, or its weights are pickled."""
    files = [folder / name for name in chosen({path.name for path in _files(folder)}, str(folder))]
    if folder / INDEX in files and (
        missing := sorted(_listed(folder / INDEX) - {path.name for path in files})
    ):
        raise ValueError(f"{folder} lacks {', '.join(missing)}, which {INDEX} lists: copy it again")
    return files


def chosen(names: Collection[str], where: str) -> list[str]:
    """Return those of the names of files that make a checkpoint; `where` they are is for messages.

    Raises ValueError where one is missing, or the weights are pickled.
    """
    if CONFIG not in names:
        raise ValueError(f"{where} is not a checkpoint: it has no {CONFIG}")
    if not (weights := _weights(names)):
        raise ValueError(_without_weights(names, where))
    if not (tokenizer := _tokenizer(names)):
        raise ValueError(
            f"{where} has no {TOKENIZER}: save it beside the weights with "
            "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    checksums = [CHECKSUMS] if CHECKSUMS in names else []
    return [CONFIG, *tokenizer, *weights, *checksums]


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _weights(names: Collection[str]) -> list[str]:
    """Return the files of the weights, as transformers looks for them: one, or those of an index; else all there are.

    What stands beside them is another copy: an adapter, or the same in another precision.
    """
    if WEIGHTS in names:
        return [WEIGHTS]
    stored = sorted(name for name in names if name.endswith(".safetensors"))
    if INDEX in names:
        return [INDEX, *(name for name in stored if name.startswith("model-"))]
    return stored


def _tokenizer(names: Collection[str]) -> list[str]:
    """Return the file of the tokenizer, or the two of which it can be made."""
    if TOKENIZER in names:
        return [TOKENIZER]
    return [VOCABULARY, MERGES] if VOCABULARY in names and MERGES in names else []


def _without_weights(names: Collection[str], where: str) -> str:
    pickled = sorted(name for name in names if name.endswith(".bin") or ".pt" in name)
    if not pickled:
        return f"{where} is not a checkpoint: it has no .safetensors file"
    return (
        f"{where} holds its weights only pickled ({', '.join(pickled)}), and unpickling can run any code. "
        "If you trust them, convert them: from transformers import AutoModelForCausalLM, AutoTokenizer; "
        f"AutoModelForCausalLM.from_pretrained({where!r}).save_pretrained(FOLDER); "
        f"AutoTokenizer.from_pretrained({where!r}).save_pretrained(FOLDER)"
    )


def _listed(index: Path) -> set[str]:
    """Return the files that an index of weights lists."""
    try:
        return set(json.loads(index.read_text(encoding="utf-8"))["weight_map"].values())
    except (ValueError, KeyError, AttributeError, TypeError) as error:
        raise ValueError(f"{index} is damaged: copy it again") from error
