"""An SAE in a folder: what is read is what was written, and anything else is refused with a reason."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

from mechinterp.sae.autoencoder import SAE, GatedSAE
from mechinterp.sae.checkpoint import load_sae, save_sae
from mechinterp.sae.folder import CONFIG, SCALER, TEXTS, WEIGHTS
from tests.mechinterp.sae.random_saes import KINDS, random_sae

HOOK = "blocks.2.hook_resid_pre"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    save_sae(tmp_path / "sae", random_sae("standard"), "a-model", HOOK)
    return tmp_path / "sae"


def vectors(n: int = 50) -> Tensor:
    return torch.randn(n, 6, generator=torch.Generator().manual_seed(1))


def change_config(folder: Path, **changes: Any) -> None:
    config = json.loads((folder / CONFIG).read_text())
    (folder / CONFIG).write_text(json.dumps(config | changes))


def change_tensors(folder: Path, change: Callable[[dict[str, Tensor]], dict[str, Tensor]]) -> None:
    tensors = load_file(folder / WEIGHTS)
    save_file(change(tensors), folder / WEIGHTS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_read_is_what_was_written(kind: str, tmp_path: Path) -> None:
    sae = random_sae(kind)
    save_sae(tmp_path / "sae", sae, "a-model", HOOK)
    loaded = load_sae(tmp_path / "sae", model_name="a-model", hook=HOOK)
    assert (type(loaded.sae), loaded.model_name, loaded.hook) == (type(sae), "a-model", HOOK)
    for field in fields(sae):
        written, read = getattr(sae, field.name), getattr(loaded.sae, field.name)
        assert torch.equal(written, read) if isinstance(written, Tensor) else written == read


def test_the_folder_says_what_saelens_has_to_know(tmp_path: Path) -> None:
    save_sae(tmp_path / "sae", random_sae("topk"), "a-model", "blocks.0.attn.hook_z")
    config = json.loads((tmp_path / "sae" / CONFIG).read_text())
    assert config == {
        "architecture": "topk",
        "k": 4,
        "rescale_acts_by_decoder_norm": False,
        "d_in": 6,
        "d_sae": 15,
        "dtype": "float32",
        "device": "cpu",
        "apply_b_dec_to_input": True,
        "normalize_activations": "none",
        "reshape_activations": "hook_z",
        "metadata": {
            "sae_lens_version": "6.0.0",
            "model_name": "a-model",
            "hook_name": "blocks.0.attn.hook_z",
        },
    }


def test_saving_again_replaces_and_leaves_nothing_beside(folder: Path) -> None:
    save_sae(folder, random_sae("gated"), "a-model", HOOK)
    assert isinstance(load_sae(folder).sae, GatedSAE)
    assert [path.name for path in folder.parent.iterdir()] == ["sae"]
    assert sorted(path.name for path in folder.iterdir()) == [CONFIG, WEIGHTS]


def test_a_folder_with_other_things_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "thesis.tex").write_text("years of work")
    with pytest.raises(ValueError, match=r"holds more than an SAE \(thesis.tex\): choose another folder"):
        save_sae(tmp_path, random_sae("standard"), "a-model", HOOK)
    assert (tmp_path / "thesis.tex").exists()


def test_a_write_that_fails_leaves_what_was_there(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("mechinterp.sae.checkpoint.save_file", full)
    with pytest.raises(OSError, match="disk full"):
        save_sae(folder, random_sae("gated"), "a-model", HOOK)
    assert torch.equal(load_sae(folder).sae.W_dec, random_sae("standard").W_dec)


def test_an_sae_that_is_not_finite_is_not_written(tmp_path: Path) -> None:
    sae = random_sae("standard")
    sae.W_dec[1, 1] = torch.nan
    with pytest.raises(ValueError, match="expected finite numbers in W_dec, got NaN or infinity"):
        save_sae(tmp_path / "sae", sae, "a-model", HOOK)
    assert not (tmp_path / "sae").exists()


def test_parameters_that_are_being_trained_can_be_written(tmp_path: Path) -> None:
    sae = random_sae("standard")
    save_sae(tmp_path / "sae", replace(sae, W_enc=sae.W_enc.requires_grad_()), "a-model", HOOK)
    assert not load_sae(tmp_path / "sae").sae.W_enc.requires_grad


def same(found: SAE, f: Tensor, x_hat: Tensor, x: Tensor) -> None:
    torch.testing.assert_close(found.encode(x), f, rtol=1e-5, atol=1e-5)
    torch.testing.assert_close(found.reconstruct(x), x_hat, rtol=1e-5, atol=1e-5)


@pytest.mark.parametrize("kind", KINDS)
def test_features_that_read_x_without_b_dec_taken_from_it(kind: str, tmp_path: Path) -> None:
    sae, x = random_sae(kind), vectors()
    save_sae(tmp_path / "sae", sae, "a-model", HOOK)
    change_config(tmp_path / "sae", apply_b_dec_to_input=False)
    f = sae.encode(x + sae.b_dec)  # x − 0 is what they read then
    same(load_sae(tmp_path / "sae").sae, f, sae.decode(f), x)


def test_topk_of_features_times_the_norms_of_the_decoder(tmp_path: Path) -> None:
    sae, x = random_sae("topk"), vectors()
    save_sae(tmp_path / "sae", sae, "a-model", HOOK)
    change_config(tmp_path / "sae", rescale_acts_by_decoder_norm=True)
    norms = sae.W_dec.norm(dim=-1)
    strength = sae.pre(x) * norms
    cut = strength.sort(dim=-1).values[:, -4:-3]
    f = torch.where(strength >= cut, strength, 0).relu()
    assert not torch.equal(f > 0, sae.encode(x) > 0)  # or the test would say nothing
    same(load_sae(tmp_path / "sae").sae, f, (f / norms) @ sae.W_dec + sae.b_dec, x)


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_that_are_multiplied_by_a_constant(kind: str, tmp_path: Path) -> None:
    sae, x = random_sae(kind), vectors()
    save_sae(tmp_path / "sae", sae, "a-model", HOOK)
    change_config(tmp_path / "sae", normalize_activations="expected_average_only_in")
    with pytest.raises(
        ValueError, match=f"'expected_average_only_in' needs {SCALER}, which is missing: fold"
    ):
        load_sae(tmp_path / "sae")
    (tmp_path / "sae" / SCALER).write_text('{"scaling_factor": 2.5}')
    same(load_sae(tmp_path / "sae").sae, sae.encode(2.5 * x), sae.reconstruct(2.5 * x) / 2.5, x)
    (tmp_path / "sae" / SCALER).write_text('{"scaling_factor": null}')
    with pytest.raises(ValueError, match="expected a positive scaling_factor, got None"):
        load_sae(tmp_path / "sae")


def test_half_precision_is_widened(folder: Path) -> None:
    change_tensors(folder, lambda tensors: {name: t.bfloat16() for name, t in tensors.items()})
    assert torch.equal(load_sae(folder).sae.W_dec, random_sae("standard").W_dec.bfloat16().float())


def test_what_older_versions_wrote_tells_its_model_too(folder: Path) -> None:
    config = json.loads((folder / CONFIG).read_text())
    del config["metadata"]
    (folder / CONFIG).write_text(
        json.dumps(config | {"model_name": "old", "hook_point": "blocks.0.hook_mlp_out"})
    )
    loaded = load_sae(folder)
    assert (loaded.model_name, loaded.hook) == ("old", "blocks.0.hook_mlp_out")


def test_an_sae_of_another_model_or_hook_is_refused(folder: Path) -> None:
    of = f"is of model a-model at hook {HOOK}, expected"
    with pytest.raises(ValueError, match=f"{of} model gpt2: choose another SAE"):
        load_sae(folder, model_name="gpt2")
    with pytest.raises(ValueError, match=f"{of} model a-model at hook blocks.1.hook_mlp_out"):
        load_sae(folder, "a-model", "blocks.1.hook_mlp_out")
    change_config(folder, metadata={})
    assert load_sae(folder).model_name is None
    with pytest.raises(ValueError, match=r"is of model \(unknown\) at hook \(unknown\), expected model gpt2"):
        load_sae(folder, model_name="gpt2")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"architecture": "batchtopk"},
            "unknown architecture 'batchtopk', expected one of standard, topk, jumprelu, gated",
        ),
        ({"architecture": None}, "unknown architecture None"),
        ({"architecture": ["standard"]}, "unknown architecture"),
        (
            {"activation_fn_str": "tanh-relu"},
            "architecture standard with activation 'tanh-relu' is not supported",
        ),
        ({"normalize_activations": "layer_norm"}, "'layer_norm' cannot be folded into weights"),
        ({"normalize_activations": "constant_norm_rescale"}, "'constant_norm_rescale' cannot be folded"),
        ({"reshape_activations": "sideways"}, "unknown reshape_activations 'sideways'"),
        ({"d_in": 7}, r"expected W_enc of shape \(7, 15\), got \(6, 15\)"),
        ({"d_sae": "15"}, "expected a positive whole number as d_sae, got '15'"),
        ({"architecture": "jumprelu"}, f"{WEIGHTS} lacks threshold"),
        ({"architecture": "topk"}, "expected a positive whole number as k, got None"),
        ({"architecture": "topk", "k": 16}, "expected k from 1 to the 15 features of the dictionary, got 16"),
    ],
)
def test_a_configuration_that_is_not_understood_is_refused(
    changes: dict[str, Any], message: str, folder: Path
) -> None:
    change_config(folder, **changes)
    with pytest.raises(ValueError, match=message) as refused:
        load_sae(folder)
    assert str(folder) in str(refused.value)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t: {name: t[name] for name in t if name != "b_dec"}, "lacks b_dec"),
        (lambda t: t | {"scale": torch.ones(15)}, "has scale, unknown to this architecture"),
        (lambda t: t | {"b_enc": torch.ones(14)}, r"expected b_enc of shape \(15,\), got \(14,\)"),
        (lambda t: t | {"b_enc": torch.full((15,), torch.inf)}, "expected finite numbers in b_enc"),
        (
            lambda t: t | {"b_enc": torch.ones(15, dtype=torch.int32)},
            "expected b_enc of floating-point numbers",
        ),
    ],
)
def test_tensors_that_do_not_fit_are_refused(change: Callable, message: str, folder: Path) -> None:
    change_tensors(folder, change)
    with pytest.raises(ValueError, match=message) as refused:
        load_sae(folder)
    assert str(folder / WEIGHTS) in str(refused.value)


def test_files_that_are_missing_or_damaged_are_refused(folder: Path) -> None:
    whole = (folder / WEIGHTS).read_bytes()
    (folder / WEIGHTS).write_bytes(whole[:-20])
    with pytest.raises(ValueError, match=rf"{WEIGHTS} is damaged \(.+\): copy the folder again"):
        load_sae(folder)
    (folder / WEIGHTS).unlink()
    with pytest.raises(ValueError, match=f"is not an SAE: it has no {WEIGHTS}"):
        load_sae(folder)
    (folder / CONFIG).write_text('{"architecture": ')
    with pytest.raises(ValueError, match=rf"{CONFIG} is damaged \(.+\): copy the folder again"):
        load_sae(folder)
    (folder / CONFIG).write_text("[]")
    with pytest.raises(ValueError, match="expected an object, got list"):
        load_sae(folder)
    with pytest.raises(ValueError, match=f"nowhere is not an SAE: it has no {CONFIG}"):
        load_sae(folder / "nowhere")


def test_pickled_weights_are_never_opened(folder: Path, tmp_path: Path) -> None:
    trap = f"cbuiltins\nopen\n(V{tmp_path}/sprung\nVw\ntR."  # opened, it would run open(…, "w")
    (folder / WEIGHTS).unlink()
    (folder / "sae_weights.pt").write_text(trap)
    with pytest.raises(ValueError, match=r"only pickled files, which are never opened \(sae_weights.pt\)"):
        load_sae(folder)
    (folder / "sae_weights.pt").rename(folder / WEIGHTS)
    with pytest.raises(ValueError, match="is damaged"):
        load_sae(folder)
    assert not (tmp_path / "sprung").exists()


@pytest.mark.parametrize("kind", KINDS)
def test_vectors_of_a_stream_that_was_centred(kind: str, tmp_path: Path) -> None:
    """The encoder takes the mean over d_model off: it is the same SAE on vectors whose mean is zero already."""
    plain = random_sae(kind)
    save_sae(tmp_path / "sae", plain, "a-model", HOOK)
    assert not load_sae(tmp_path / "sae").centred
    change_config(
        tmp_path / "sae", metadata={"model_from_pretrained_kwargs": {"center_writing_weights": True}}
    )
    loaded = load_sae(tmp_path / "sae")
    assert loaded.centred
    x = torch.randn(20, 6, generator=torch.Generator().manual_seed(3))
    centred = x - x.mean(-1, keepdim=True)
    torch.testing.assert_close(loaded.sae.encode(x), plain.encode(centred), atol=1e-5, rtol=1e-4)
    torch.testing.assert_close(loaded.sae.reconstruct(x), plain.reconstruct(centred), atol=1e-4, rtol=1e-4)


def test_text_beside_it_is_written_once_and_then_left_as_it_is(tmp_path: Path) -> None:
    save_sae(tmp_path / "sae", random_sae("topk"), "a-model", HOOK, "held out")
    assert (tmp_path / "sae" / TEXTS).read_text() == "held out"
    (tmp_path / "sae" / TEXTS).write_text("of my own")
    save_sae(tmp_path / "sae", random_sae("gated"), "a-model", HOOK, "held out")
    assert (tmp_path / "sae" / TEXTS).read_text() == "of my own"
    assert isinstance(load_sae(tmp_path / "sae").sae, GatedSAE)
