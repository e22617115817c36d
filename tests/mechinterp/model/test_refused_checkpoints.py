"""Checkpoints that are damaged, lack a part, or are of another kind: refused, with the remedy."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from torch import Tensor

from mechinterp import load_model
from mechinterp.model import bridge
from mechinterp.model.checkpoints import find
from mechinterp.model.gpt2 import config_from
from tests.mechinterp.architectures import REFUSED
from tests.mechinterp.checkpoint_files import (
    CHECKPOINT,
    Make,
    edit_config,
    edit_tensors,
    folder_with,
    imports_transformers,
    sums,
)

Damage = Callable[[Path], object]


def shorten(folder: Path) -> None:
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-10])


def change_after_summing(folder: Path) -> None:
    (folder / "SHA256SUMS").write_text(sums(folder, *CHECKPOINT))
    edit_tensors(folder, lambda tensors: tensors["transformer.ln_f.weight"].add_(0.001))


def lose_tokens(folder: Path) -> None:
    edit_config(folder, vocab_size=200)
    kept = ("transformer.wte.weight", "lm_head.weight")
    edit_tensors(folder, lambda tensors: tensors.update({name: tensors[name][:200].clone() for name in kept}))


def cut_positions(folder: Path) -> None:
    name = "transformer.wpe.weight"
    edit_tensors(folder, lambda tensors: tensors.update({name: tensors[name][:23].clone()}))


def spoil(number: float) -> Damage:
    def damage(tensors: dict[str, Tensor]) -> None:
        tensors["transformer.h.1.mlp.c_fc.weight"][3, 4] = number

    return lambda folder: edit_tensors(folder, damage)


DAMAGES: dict[str, tuple[Damage, str]] = {
    "many layers": (
        lambda folder: edit_config(folder, n_layer=10**9),
        r"expected a tensor h\.3\.ln_1\.weight of shape \(32,\), got none",
    ),
    "layers that are no number": (
        lambda folder: edit_config(folder, n_layer="x"),
        r"expected n_layer in config\.json to be a positive whole number, got 'x'",
    ),
    "no heads": (
        lambda folder: edit_config(folder, n_head=0),
        r"expected n_head in config\.json to be a positive whole number, got 0",
    ),
    "a tensor of another shape": (
        cut_positions,
        r"expected wpe\.weight to have shape \(24, 32\), got \(23, 32\)",
    ),
    "not a number": (
        spoil(torch.nan),
        r"expected h\.1\.mlp\.c_fc\.weight to hold finite numbers, got NaN or infinity",
    ),
    "an infinity": (
        spoil(-torch.inf),
        r"expected h\.1\.mlp\.c_fc\.weight to hold finite numbers, got NaN or infinity",
    ),
    "a missing tensor": (
        lambda folder: edit_tensors(folder, lambda tensors: tensors.pop("transformer.h.0.ln_2.bias")),
        r"expected a tensor h\.0\.ln_2\.bias of shape \(32,\), got none",
    ),
    "a truncated file": (
        shorten,
        r"copy_of_gpt2.model\.safetensors is damaged or truncated .*: copy it again",
    ),
    "an empty file": (
        lambda folder: (folder / "model.safetensors").write_bytes(b""),
        r"copy_of_gpt2.model\.safetensors is damaged or truncated .*: copy it again",
    ),
    "a file that is not what was summed": (
        change_after_summing,
        r"copy_of_gpt2.model\.safetensors is not what SHA256SUMS says: it is damaged, copy it again",
    ),
    "heads of uneven width": (
        lambda folder: edit_config(folder, n_head=5),
        "expected n_embd to be a multiple of n_head, got 32 and 5",
    ),
    "another model's tokenizer": (
        lose_tokens,
        r"copy_of_gpt2: expected tokenizer.json to have at most the model's 200 tokens, got 256: it belongs to another model",
    ),
}


@imports_transformers
@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_checkpoint_is_refused(damage: str, copy: Make) -> None:
    folder = copy("gpt2")
    load_model(str(folder))  # it was good
    make, message = DAMAGES[damage]
    make(folder)
    with pytest.raises(ValueError, match=message):
        load_model(str(folder))


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ([], r"model is not a checkpoint: it has no config\.json"),
        (["model.safetensors", "tokenizer.json"], r"model is not a checkpoint: it has no config\.json"),
        (["config.json", "tokenizer.json"], r"model is not a checkpoint: it has no \.safetensors file"),
        (
            ["config.json", "model.safetensors"],
            r"model has no tokenizer\.json: save it beside the weights with AutoTokenizer.*save_pretrained",
        ),
        (
            ["config.json", "tokenizer.json", "pytorch_model.bin", "rest.pth"],
            r"model holds its weights only pickled \(pytorch_model\.bin, rest\.pth\).*can run any code.*"
            r"convert them: from transformers import AutoModelForCausalLM, AutoTokenizer; .*save_pretrained",
        ),
    ],
    ids=["nothing", "no configuration", "no weights", "no tokenizer", "pickled weights"],
)
def test_a_folder_that_lacks_a_part_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "model", *names)
    for look in (find, load_model):
        with pytest.raises(ValueError, match=message):
            look(str(folder))


@imports_transformers
def test_another_architecture_without_the_bridge_is_refused(
    checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("transformer_lens", "transformer_lens.model_bridge"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(ValueError, match=r"llama.*: it is not of GPT-2's architecture, and transformer_lens"):
        load_model(str(checkpoint("llama")))


@imports_transformers
def test_an_architecture_with_unsupported_parts_is_refused(copy: Make) -> None:
    folder = copy("bloom")
    edit_config(folder, apply_residual_connection_post_layernorm=True)
    with pytest.raises(
        ValueError,
        match=r"copy_of_bloom: .*does not compute what the model does.* has parts that are not supported",
    ):
        load_model(str(folder))


@imports_transformers
@pytest.mark.parametrize("architecture", ["mistral", "gpt_neo"])
def test_a_window_limits_the_context_and_would_be_noticed_if_missed(
    architecture: str, checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = str(checkpoint(architecture))
    assert load_model(folder).config.n_ctx == 20  # of 24
    monkeypatch.setattr(bridge, "_window", lambda hf: None)
    with pytest.raises(ValueError, match="does not compute what the model does"):
        load_model(folder)


@imports_transformers
def test_an_architecture_that_the_bridge_refuses_is_refused(copy: Make) -> None:
    folder = copy("phi")
    edit_config(folder, qk_layernorm=True)
    with pytest.raises(ValueError, match=r"copy_of_phi: .*has parts that cannot be read .*q_norm"):
        load_model(str(folder))


@imports_transformers
@pytest.mark.parametrize("architecture", REFUSED)
def test_an_architecture_whose_parts_the_lecture_does_not_describe_is_refused(
    architecture: str, checkpoint: Make
) -> None:
    with pytest.raises(ValueError, match=REFUSED[architecture][1]) as refused:
        load_model(str(checkpoint(architecture)))
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize("hf", [{"model_type": "llama"}, {}])
def test_a_configuration_of_another_kind_is_refused(hf: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"with model_type gpt2, got {hf.get('model_type')}"):
        config_from(hf)
