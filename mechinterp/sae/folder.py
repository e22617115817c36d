"""The folder of an SAE: its files, and what they say that it was trained on. Nothing is loaded here.

The format is SAELens'. Beside its files there may be `texts.txt`, UTF-8 text that the SAE was not trained on: it is
shown on that.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

CONFIG, WEIGHTS, SCALER = "cfg.json", "sae_weights.safetensors", "activation_scaler.json"
TEXTS = "texts.txt"
MODEL_CONFIG = "config.json"  # Hugging Face's, in which sizes have different names
WIDTH, LAYERS = ("n_embd", "hidden_size"), ("n_layer", "num_hidden_layers")
OF_THE_STREAM = ("resid_pre", "resid_mid", "resid_post", "attn_out", "mlp_out")  # hook points as wide as it
NONE = "none"  # the value that stands for no SAE
ALIASES = {"gpt2-small": "gpt2"}  # names of TransformerLens, which SAELens writes, for models of the hub

Config = dict[str, Any]


def find(value: str, quiet: bool = False) -> tuple[str, list[Path], str, str]:
    """Return a name that can serve as a folder's, the files of the SAE in a folder, its name and its place.

    Of «none» there are no files; nothing is fetched, `quiet` or not. Raises ValueError where there is no such folder,
    or it lacks a file.
    """
    del quiet
    if value == NONE:
        return NONE, [], NONE, NONE
    folder = Path(value).expanduser().resolve()
    needed = [folder / CONFIG, folder / WEIGHTS]
    missing = [path.name for path in needed if not path.is_file()]
    if missing:
        raise ValueError(
            f"{value} is no folder with an SAE: it has no {' and no '.join(missing)}. "
            "Train one with python -m mechinterp.sae --out FOLDER, or save one with SAELens' save_model"
        )
    files = needed + [path for name in (SCALER, TEXTS) if (path := folder / name).is_file()]
    return folder.name, files, value, str(folder)


def fits(value: str, found: Mapping[str, tuple[str, Sequence[Path]]]) -> None:
    """Raise ValueError where the SAE in a folder names no hook point, or is of another model, by name or by size.

    `found` gives the name and the files of the model, of which the configuration is read. Names are compared without
    the organisation; an SAE that names no model fits where its layer and its width do. The width of other hook points
    than the residual stream, and what is added to it, is known only when the model is loaded.
    """
    folder = Path(value).expanduser().resolve()
    config, (model, files) = read_json(folder / CONFIG), found["model"]
    origin, hook = trained_on(config)["model"], hook_of(folder)
    if origin is not None and _plain(origin) != _plain(model):
        raise ValueError(
            f"the SAE in {value} is of the model {origin}, and the figures are of {model}: "
            "choose another SAE, or the model that it is of"
        )
    for path in (path for path in files if path.name == MODEL_CONFIG):
        _check_sizes(value, config, hook, read_json(path))


def _check_sizes(value: str, config: Config, hook: str, model: Config) -> None:
    """Raise ValueError where a model, by its configuration, has no such layer or another width."""
    width, n_layers = (
        next((model[name] for name in names if name in model), None) for names in (WIDTH, LAYERS)
    )
    place, _, rest = hook.partition(".")
    layer = rest.partition(".")[0]
    if place == "blocks" and layer.isdigit() and n_layers is not None and int(layer) >= n_layers:
        raise ValueError(
            f"the SAE in {value} is of {hook}, and the model has {n_layers} layers: choose another SAE"
        )
    if hook.endswith(OF_THE_STREAM) and width not in (None, config.get("d_in")):
        raise ValueError(
            f"the SAE in {value} reads vectors of width {config.get('d_in')}, and {hook} of the model has width "
            f"{width}: choose another SAE"
        )


def hook_of(folder: Path) -> str:
    """Return the hook point that the SAE in a folder reconstructs; raise ValueError where it names none."""
    hook = trained_on(read_json(folder / CONFIG))["hook"]
    if hook is None:
        raise ValueError(
            f"{folder / CONFIG} names no hook point: write there, as hook_name, which activations it is of"
        )
    return hook


def _plain(name: str) -> str:
    """Return the name of a model without its organisation and revision, as the hub has it."""
    last = name.replace("--", "/").rpartition("/")[2].partition("@")[0]
    return ALIASES.get(last, last)


def trained_on(config: Config) -> dict[str, str | None]:
    """Return the names of the model and the hook point; before SAELens 6 the configuration itself held them."""
    metadata = config.get("metadata")
    if not isinstance(metadata, dict):
        metadata = config
    return {
        "model": metadata.get("model_name"),
        "hook": metadata.get("hook_name", metadata.get("hook_point")),
    }


def centred(config: Config) -> bool:
    """Whether it was trained on a model whose residual stream TransformerLens had centred (center_writing_weights)."""
    metadata = config.get("metadata")
    asked = metadata.get("model_from_pretrained_kwargs") if isinstance(metadata, dict) else None
    return isinstance(asked, dict) and bool(asked.get("center_writing_weights"))


def read_json(path: Path) -> Config:
    """Return the object in a JSON file; raise ValueError where there is none."""
    if not path.is_file():
        raise ValueError(f"{path.parent} is not an SAE: it has no {path.name}")
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path} is damaged ({error}): copy the folder again") from error
    if not isinstance(found, dict):
        raise ValueError(
            f"{path} is damaged (expected an object, got {type(found).__name__}): copy the folder again"
        )
    return found
