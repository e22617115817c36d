"""Sparse autoencoders in a folder, in the format of SAELens: `cfg.json` and `sae_weights.safetensors`.

`cfg.json` records the architecture, the sizes (d_in, d_sae), how x is preprocessed, and, under `metadata`, the model
and the hook point that the SAE was trained on. Options of SAELens that an SAE here does not have are folded into the
weights where that is exact (folding.py); any other option that would change the result is refused. Pickled weights are
never opened: unpickling can run arbitrary code.
"""

from __future__ import annotations

import json
import math
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from mechinterp.sae.autoencoder import SAE, GatedSAE, JumpReLUSAE, StandardSAE, TopKSAE
from mechinterp.sae.folder import CONFIG, SCALER, TEXTS, WEIGHTS, Config, centred, read_json, trained_on
from mechinterp.sae.folding import Tensors, b_dec_taken, centring, scaled, unit_decoder

FORMAT = "6.0.0"  # the first version of SAELens that reads this format
DTYPES = {torch.float32: "float32", torch.float64: "float64"}


@dataclass(frozen=True)
class Kind:
    """An architecture of SAELens: its SAE class here, and SAELens' names of its per-feature tensors, by ours."""

    sae: type[SAE]
    of_features: Mapping[str, str]

    @property
    def names(self) -> dict[str, str]:
        """SAELens' name of each tensor, by ours."""
        return {"W_enc": "W_enc", "W_dec": "W_dec", "b_dec": "b_dec"} | dict(self.of_features)

    def shapes(self, d_model: int, d_sae: int) -> dict[str, tuple[int, ...]]:
        """Return the shape of each tensor, by SAELens' names."""
        shared = {"W_enc": (d_model, d_sae), "W_dec": (d_sae, d_model), "b_dec": (d_model,)}
        return shared | dict.fromkeys(self.of_features.values(), (d_sae,))


KINDS = {
    "standard": Kind(StandardSAE, {"b_enc": "b_enc"}),
    "topk": Kind(TopKSAE, {"b_enc": "b_enc"}),
    "jumprelu": Kind(JumpReLUSAE, {"b_enc": "b_enc", "threshold": "threshold"}),
    "gated": Kind(GatedSAE, {"b_enc": "b_gate", "r_mag": "r_mag", "b_mag": "b_mag"}),
}


@dataclass(frozen=True, eq=False)
class Loaded:
    """An SAE, with the model and the hook point that its folder names."""

    sae: SAE
    model_name: str | None
    hook: str | None
    centred: (
        bool  # whether x̂ is of a residual stream less its mean over d_model, which the encoder takes off x
    )


def save_sae(folder: Path, sae: SAE, model_name: str, hook: str, text: str | None = None) -> None:
    """Write an SAE to a folder atomically: it is complete or absent. An SAE that was there before is replaced.

    Text that the SAE was not trained on is written beside it (see folder.py), unless there is some already.
    Raises ValueError where a tensor is not finite or of the wrong shape, or the folder holds anything else.
    """
    (name,) = (name for name, kind in KINDS.items() if type(sae) is kind.sae)
    tensors = {
        theirs: getattr(sae, ours).detach().cpu().contiguous() for ours, theirs in KINDS[name].names.items()
    }
    _check_tensors(folder, tensors, KINDS[name].shapes(sae.d_model, sae.d_sae))
    config = _config(name, sae, model_name, hook)
    check_folder(folder)
    beside = folder.with_name(f".{folder.name}.tmp")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    save_file(tensors, beside / WEIGHTS)
    (beside / CONFIG).write_text(json.dumps(config, indent=2) + "\n", encoding="utf-8")
    if (folder / TEXTS).is_file():
        shutil.copy(folder / TEXTS, beside / TEXTS)
    elif text is not None:
        (beside / TEXTS).write_text(text, encoding="utf-8")
    shutil.rmtree(folder, ignore_errors=True)
    beside.rename(folder)


def check_folder(folder: Path) -> None:
    """Raise ValueError where writing an SAE to a folder would lose anything else that is there."""
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"{folder} is not a folder: choose another")
    if found := sorted(path.name for path in folder.glob("*") if path.name not in (CONFIG, WEIGHTS, TEXTS)):
        more = ", …" if len(found) > 4 else ""
        raise ValueError(
            f"{folder} holds more than an SAE ({', '.join(found[:4])}{more}): choose another folder"
        )


def load_sae(folder: Path, model_name: str | None = None, hook: str | None = None) -> Loaded:
    """Return the SAE in a folder, on the CPU; half precision is converted to single.

    Raises ValueError, saying where and what to do, where a file is missing or damaged, the architecture or the
    preprocessing of x is unknown, a tensor is missing, unexpected, of the wrong shape or not finite, or the SAE is not
    of the given model or hook point.
    """
    config = read_json(folder / CONFIG)
    kind = _kind(folder, config)
    _check_prepared(folder, config)
    origin = trained_on(config)
    _check_trained_on(folder, origin, {"model": model_name, "hook": hook})
    tensors = _folded(folder, config, _read_tensors(folder, config, kind))
    fields: dict[str, Any] = {ours: tensors[theirs] for ours, theirs in kind.names.items()}
    if kind.sae is TopKSAE:
        fields["k"] = _k(folder, config)
    return Loaded(kind.sae(**fields), origin["model"], origin["hook"], centred(config))


def _config(architecture: str, sae: SAE, model_name: str, hook: str) -> Config:
    own = {"k": sae.k, "rescale_acts_by_decoder_norm": False} if isinstance(sae, TopKSAE) else {}
    return own | {
        "architecture": architecture,
        "d_in": sae.d_model,
        "d_sae": sae.d_sae,
        "dtype": DTYPES[sae.W_dec.dtype],
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "hook_z" if hook.endswith(".hook_z") else "none",  # heads concatenated
        "metadata": {"sae_lens_version": FORMAT, "model_name": model_name, "hook_name": hook},
    }


def _kind(folder: Path, config: Config) -> Kind:
    """Return the architecture; raise ValueError where it is unknown, or another setting contradicts it."""
    name = config.get("architecture")
    if not isinstance(name, str) or name not in KINDS:
        raise ValueError(
            f"{folder / CONFIG}: unknown architecture {name!r}, expected one of {', '.join(KINDS)}; "
            "SAELens' save_inference_model writes an SAE in training as one of them"
        )
    activation = config.get("activation_fn", config.get("activation_fn_str", "relu"))  # before SAELens 6
    if activation not in ("relu", name):
        raise ValueError(
            f"{folder / CONFIG}: architecture {name} with activation {activation!r} is not supported: "
            "open it with SAELens 6 or newer and save it again"
        )
    return KINDS[name]


def _check_prepared(folder: Path, config: Config) -> None:
    """Raise ValueError where the preprocessing of x depends on x, or is unknown."""
    normalized = config.get("normalize_activations") or "none"
    if normalized not in ("none", "expected_average_only_in"):
        raise ValueError(
            f"{folder / CONFIG}: normalize_activations {normalized!r} cannot be folded into weights, expected 'none' "
            "or 'expected_average_only_in': train the SAE without it"
        )
    if (reshaped := config.get("reshape_activations", "none")) not in ("none", "hook_z"):
        raise ValueError(
            f"{folder / CONFIG}: unknown reshape_activations {reshaped!r}, expected 'none' or 'hook_z'"
        )


def _check_trained_on(
    folder: Path, trained_on: Mapping[str, str | None], wanted: Mapping[str, str | None]
) -> None:
    if any(wanted[what] not in (None, trained_on[what]) for what in wanted):
        expected = " at ".join(f"{what} {name}" for what, name in wanted.items() if name is not None)
        model, hook = (trained_on[what] or "(unknown)" for what in ("model", "hook"))
        raise ValueError(
            f"{folder} is of model {model} at hook {hook}, expected {expected}: "
            "choose another SAE, or load it for the model and hook that it is of"
        )


def _read_tensors(folder: Path, config: Config, kind: Kind) -> Tensors:
    path = folder / WEIGHTS
    if not path.is_file():
        pickled = sorted(
            found.name for end in ("*.pt", "*.pth", "*.bin", "*.pkl") for found in folder.glob(end)
        )
        also = f", only pickled files, which are never opened ({', '.join(pickled)})" if pickled else ""
        raise ValueError(
            f"{folder} is not an SAE: it has no {WEIGHTS}{also}. Save it with SAELens' save_model"
        )
    try:
        tensors = load_file(path)
    except SafetensorError as error:
        raise ValueError(f"{path} is damaged ({error}): copy the folder again") from error
    sizes = [_whole_number(folder, config, name) for name in ("d_in", "d_sae")]
    _check_tensors(path, tensors, kind.shapes(*sizes))
    dtype = torch.float64 if tensors["W_dec"].dtype == torch.float64 else torch.float32
    return {name: tensor.to(dtype) for name, tensor in tensors.items()}


def _check_tensors(path: Path, tensors: Tensors, shapes: Mapping[str, tuple[int, ...]]) -> None:
    """Raise ValueError where a tensor is missing, unexpected, of another shape or dtype, or not finite."""
    if missing := sorted(set(shapes) - set(tensors)):
        raise ValueError(f"{path} lacks {', '.join(missing)}: it is of another architecture, or incomplete")
    if extra := sorted(set(tensors) - set(shapes)):
        raise ValueError(
            f"{path} has {', '.join(extra)}, unknown to this architecture, expected only {', '.join(sorted(shapes))}"
        )
    for name, shape in shapes.items():
        tensor = tensors[name]
        if tuple(tensor.shape) != shape:
            raise ValueError(f"{path}: expected {name} of shape {shape}, got {tuple(tensor.shape)}")
        if not tensor.is_floating_point():
            raise ValueError(f"{path}: expected {name} of floating-point numbers, got {tensor.dtype}")
        if not tensor.isfinite().all():
            raise ValueError(
                f"{path}: expected finite numbers in {name}, got NaN or infinity: train the SAE again"
            )


def _whole_number(folder: Path, config: Config, name: str) -> int:
    """Return a size of the configuration; raise ValueError where it is not a positive whole number."""
    value = config.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 1:
        raise ValueError(f"{folder / CONFIG}: expected a positive whole number as {name}, got {value!r}")
    return value


def _k(folder: Path, config: Config) -> int:
    k = _whole_number(folder, config, "k")
    if k > config["d_sae"]:
        raise ValueError(
            f"{folder / CONFIG}: expected k from 1 to the {config['d_sae']} features of the dictionary, got {k}"
        )
    return k


def _folded(folder: Path, config: Config, tensors: Tensors) -> Tensors:
    """Return weights that include what the configuration does to x and f."""
    if config.get("rescale_acts_by_decoder_norm"):
        tensors = unit_decoder(tensors)
    if not config.get("apply_b_dec_to_input", True):
        tensors = b_dec_taken(tensors)
    if centred(config):
        tensors = centring(tensors)
    return scaled(tensors, _scale(folder, config))


def _scale(folder: Path, config: Config) -> float:
    """Return the factor by which x is multiplied before it is encoded."""
    if config.get("normalize_activations") != "expected_average_only_in":
        return 1.0
    if not (folder / SCALER).is_file():
        raise ValueError(
            f"{folder / CONFIG}: normalize_activations 'expected_average_only_in' needs {SCALER}, which is missing: "
            "fold the factor into the SAE with SAELens' fold_activation_norm_scaling_factor and save it again"
        )
    scale = read_json(folder / SCALER).get("scaling_factor")
    if not isinstance(scale, int | float) or not math.isfinite(scale) or scale <= 0:
        raise ValueError(f"{folder / SCALER}: expected a positive scaling_factor, got {scale!r}")
    return float(scale)
