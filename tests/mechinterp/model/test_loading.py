"""What loads, and what it is then."""

from __future__ import annotations

import json

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import mechinterp.model.loading
from mechinterp import load_model
from mechinterp.model.checkpoints import WEIGHTS
from mechinterp.model.gpt2 import config_from
from tests.mechinterp.checkpoint_files import (
    CHECKPOINT,
    Make,
    edit_config,
    edit_tensors,
    imports_transformers,
    sums,
)


@pytest.fixture
def tokens() -> Tensor:
    return torch.randint(1, 256, (2, 9), generator=torch.Generator().manual_seed(1))


@imports_transformers
def test_a_model_must_fit_into_the_memory(checkpoint: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkpoint("gpt2")
    # Twice what the files hold: half precision becomes single.
    size = 2 * sum((folder / name).stat().st_size for name in CHECKPOINT)
    monkeypatch.setattr(mechinterp.model.loading, "_free_memory", lambda: size)
    load_model(str(folder))
    monkeypatch.setattr(mechinterp.model.loading, "_free_memory", lambda: size - 1)
    with pytest.raises(
        ValueError, match=r"gpt2.* may need 0\.0 GB of memory.*0\.0 GB are free: use a smaller model"
    ):
        load_model(str(folder))


@imports_transformers
def test_a_system_that_does_not_tell_its_memory_is_trusted(
    checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mechinterp.model.loading, "_free_memory", lambda: None)
    assert load_model(str(checkpoint("gpt2"))).config.n_layers == 3


@imports_transformers
def test_tied_checkpoints_unembed_with_their_embedding(checkpoint: Make) -> None:
    tied = load_model(str(checkpoint("gpt2_tied"))).transformer
    assert torch.equal(tied.W_U, tied.W_E.T)


@imports_transformers
def test_untied_checkpoints_unembed_with_their_own(checkpoint: Make) -> None:
    untied = load_model(str(checkpoint("gpt2"))).transformer
    written = load_file(checkpoint("gpt2") / "model.safetensors")
    assert torch.equal(untied.W_U, written["lm_head.weight"].T)
    assert torch.equal(untied.W_E, written["transformer.wte.weight"])
    assert not torch.equal(untied.W_U, untied.W_E.T)


@imports_transformers
@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16], ids=str)
def test_half_precision_becomes_single(dtype: torch.dtype, copy: Make) -> None:
    folder = copy("gpt2")
    edit_tensors(folder, lambda tensors: tensors.update({n: t.to(dtype) for n, t in tensors.items()}))
    transformer = load_model(str(folder)).transformer
    assert {tensor.dtype for _, tensor in transformer.parameters()} == {torch.float32}
    written = load_file(folder / "model.safetensors")["transformer.wte.weight"]
    assert written.dtype == dtype
    assert torch.equal(transformer.W_E, written.float())


@imports_transformers
def test_sharded_weights_load(copy: Make, tokens: Tensor) -> None:
    folder = copy("gpt2")
    whole = load_model(str(folder))(tokens)
    tensors = {name: tensor.clone() for name, tensor in load_file(folder / "model.safetensors").items()}
    (folder / "model.safetensors").unlink()
    shards = [f"model-{i}-of-00002.safetensors" for i in ("00001", "00002")]
    names = sorted(tensors)
    weight_map = {name: shards[i % 2] for i, name in enumerate(names)}
    for shard in shards:
        save_file({name: tensors[name] for name in names if weight_map[name] == shard}, folder / shard)
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": weight_map}))
    assert torch.equal(load_model(str(folder))(tokens), whole)
    (folder / shards[1]).unlink()
    with pytest.raises(ValueError, match=f"lacks {shards[1]}, which .*index.json lists: copy it again"):
        load_model(str(folder))


@imports_transformers
def test_tensors_need_no_prefix_and_masks_are_passed_over(copy: Make, tokens: Tensor) -> None:
    """OpenAI's own checkpoints are so."""
    folder = copy("gpt2")
    before = load_model(str(folder))(tokens)

    def rename(tensors: dict[str, Tensor]) -> None:
        for name in list(tensors):
            tensors[name.removeprefix("transformer.")] = tensors.pop(name)
        tensors["h.0.attn.bias"] = torch.ones(1, 1, 24, 24, dtype=torch.uint8).tril()

    edit_tensors(folder, rename)
    assert torch.equal(load_model(str(folder))(tokens), before)


@imports_transformers
def test_files_that_are_what_was_summed_load(copy: Make) -> None:
    folder = copy("gpt2")
    (folder / "SHA256SUMS").write_text(sums(folder, *CHECKPOINT))
    model = load_model(str(folder))
    assert model.name == "copy_of_gpt2"
    assert model.bos == 0


@imports_transformers
def test_a_model_without_a_token_for_the_beginning_has_none(copy: Make) -> None:
    folder = copy("gpt2")
    edit_config(folder, bos_token_id=None)
    assert load_model(str(folder)).bos is None


def test_the_bundled_model_is_the_default() -> None:
    model = load_model()
    hf = json.loads((WEIGHTS / "config.json").read_text())
    written = load_file(WEIGHTS / "model.safetensors")
    assert model.name == "bundled"
    assert model.config == config_from(hf)
    assert model.bos == hf["bos_token_id"]
    embedding = next(tensor for name, tensor in written.items() if name.endswith("wte.weight"))
    assert torch.equal(model.transformer.W_E, embedding)
    assert model.strings(model.tokens("One and one")[0])[1:] == [
        model.string(token) for token in model.tokenizer.encode("One and one").ids
    ]


def test_the_bundled_model_is_summed() -> None:
    listed = [line.split()[1] for line in (WEIGHTS / "SHA256SUMS").read_text().splitlines()]
    assert sorted(listed) == sorted(CHECKPOINT)
