"""Find checkpoints: those that come with the lecture, in a folder, or on the Hugging Face hub.

Nothing is loaded here: a name is resolved to files, and what is not a checkpoint is refused with the reason and a
remedy.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

BUNDLED = "bundled"
WEIGHTS = Path(__file__).resolve().parent.parent / "weights"
HUB_ID = re.compile(r"\w[\w.-]*(/\w[\w.-]*)?")
CONFIG, TOKENIZER, INDEX = "config.json", "tokenizer.json", "model.safetensors.index.json"
CHECKSUMS = "SHA256SUMS"
WANTED = [CONFIG, TOKENIZER, "tokenizer_config.json", "*.safetensors", INDEX]


def bundled() -> dict[str, Path]:
    """Return the checkpoints that come with the lecture: the lecture's model, and others trained to compare it with."""
    others = sorted(path.parent for path in WEIGHTS.glob(f"*/{CONFIG}"))
    return {BUNDLED: WEIGHTS} | {f"{BUNDLED}-{folder.name}": folder for folder in others}


def find(name_or_path: str) -> tuple[str, list[Path]]:
    """Return a name that can serve as a folder's, and the files of the checkpoint that `name_or_path` names.

    Raises ValueError where there is no such checkpoint, or it lacks a file.
    """
    folder = folder_of(name_or_path)
    if _bundled(name_or_path):
        return name_or_path, files_in(folder)
    name = folder.name if Path(name_or_path).expanduser().is_dir() else name_or_path.replace("/", "--")
    return name, files_in(folder)


def folder_of(name_or_path: str) -> Path:
    """Return the folder of a checkpoint; one on the hub is downloaded into Hugging Face's own cache."""
    if found := _bundled(name_or_path):
        return found
    if name_or_path.startswith(f"{BUNDLED}-"):
        raise ValueError(f"no model {name_or_path} comes with the lecture: there are {', '.join(bundled())}")
    path = Path(name_or_path).expanduser()
    if name_or_path and path.is_dir():
        return path.resolve()
    if path.exists() or not HUB_ID.fullmatch(name_or_path):
        raise ValueError(f"there is no folder {name_or_path}: name one with a checkpoint in it, or a hub id")
    return _from_hub(name_or_path)


def _bundled(name: str) -> Path | None:
    """Return the folder of a checkpoint that comes with the lecture; None for any other name.

    Which others there are is not looked up: a figure made on one of them may read that one alone.
    """
    if name == BUNDLED:
        return WEIGHTS
    folder = WEIGHTS / name.removeprefix(f"{BUNDLED}-")
    comes = name == f"{BUNDLED}-{folder.name}" and (folder / CONFIG).is_file()
    return folder if comes else None


def files_in(folder: Path) -> list[Path]:
    """Return a checkpoint's files; raise ValueError where one is missing, or its weights are pickled."""
    if not (folder / CONFIG).is_file():
        raise ValueError(f"{folder} is not a checkpoint: it has no {CONFIG}")
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickled = sorted(path.name for path in folder.glob("*.bin")) + sorted(
            p.name for p in folder.glob("*.pt*")
        )
        if pickled:
            raise ValueError(
                f"{folder} holds its weights only pickled ({', '.join(pickled)}), and unpickling can run any code. "
                "If you trust them, convert them: from transformers import AutoModelForCausalLM; "
                "AutoModelForCausalLM.from_pretrained(FOLDER).save_pretrained(FOLDER)"
            )
        raise ValueError(f"{folder} is not a checkpoint: it has no .safetensors file")
    if not (folder / TOKENIZER).is_file():
        raise ValueError(
            f"{folder} has no {TOKENIZER}: save it beside the weights with "
            "AutoTokenizer.from_pretrained(NAME).save_pretrained(FOLDER)"
        )
    checksums = [folder / CHECKSUMS] if (folder / CHECKSUMS).is_file() else []
    return [folder / CONFIG, folder / TOKENIZER, *weights, *checksums]


def _from_hub(name: str) -> Path:
    try:
        os.environ.setdefault("HF_HUB_DISABLE_PROGRESS_BARS", "1")
        from huggingface_hub import snapshot_download
    except ModuleNotFoundError as error:
        raise ValueError(f"to load {name} from the hub, install transformer_lens: make hub") from error
    try:
        return Path(snapshot_download(name, allow_patterns=WANTED))
    except Exception as error:  # hub, network and disk errors are of several libraries
        raise ValueError(
            f"{name} is not a folder, and could not be downloaded from the Hugging Face hub "
            f"({type(error).__name__}). Check the name and the network; "
            f"the model {BUNDLED!r}, which comes with the lecture, works offline"
        ) from error
