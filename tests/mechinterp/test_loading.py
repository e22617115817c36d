from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file, save_file
from torch import Tensor

import mechinterp.loading
from mechinterp import load_model
from mechinterp.checkpoints import WEIGHTS, find
from mechinterp.gpt2 import config_from

Make = Callable[[str], Path]
Damage = Callable[[Path], object]

CHECKPOINT = ("config.json", "model.safetensors", "tokenizer.json")


def imports_transformers(test: Callable[..., None]) -> Callable[..., None]:
    """Mark a test as one that needs a checkpoint that Hugging Face's library writes, with its warnings."""
    return pytest.mark.heavy(pytest.mark.filterwarnings("default")(test))


@pytest.fixture
def copy(checkpoint: Make, tmp_path: Path) -> Make:
    """Copy a checkpoint to where it may be damaged."""
    return lambda shape: Path(shutil.copytree(checkpoint(shape), tmp_path / f"copy_of_{shape}"))


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cut the network, and return the empty folder where what was downloaded before would be."""
    from huggingface_hub import constants

    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_DISABLE_PROGRESS_BARS", "1")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path / "hub"))
    return tmp_path / "hub"


@pytest.fixture
def tokens() -> Tensor:
    return torch.randint(1, 256, (2, 9), generator=torch.Generator().manual_seed(1))


def folder_with(folder: Path, *names: str) -> Path:
    """Make a folder with empty files: to find a checkpoint, nothing in it is read."""
    folder.mkdir(parents=True)
    for name in names:
        (folder / name).touch()
    return folder


def edit_config(folder: Path, **changes: object) -> None:
    path = folder / "config.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def edit_tensors(folder: Path, change: Callable[[dict[str, Tensor]], object]) -> None:
    path = folder / "model.safetensors"
    tensors = {name: tensor.clone() for name, tensor in load_file(path).items()}
    change(tensors)
    save_file(tensors, path)


def sums(folder: Path, *names: str) -> str:
    return "".join(f"{hashlib.sha256((folder / name).read_bytes()).hexdigest()}  {name}\n" for name in names)


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
    "a tensor of another shape": (
        cut_positions,
        r"expected wpe\.weight to have shape \(24, 32\), got \(23, 32\)",
    ),
    "not a number": (spoil(torch.nan), r"expected h\.1\.mlp\.c_fc\.weight to hold numbers.*not finite"),
    "an infinity": (spoil(-torch.inf), r"expected h\.1\.mlp\.c_fc\.weight to hold numbers.*not finite"),
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
        ([], r"model is no checkpoint: it has no config\.json"),
        (["model.safetensors", "tokenizer.json"], r"model is no checkpoint: it has no config\.json"),
        (["config.json", "tokenizer.json"], r"model is no checkpoint: it has no \.safetensors file"),
        (
            ["config.json", "model.safetensors"],
            r"model has no tokenizer\.json: save it beside the weights with AutoTokenizer.*save_pretrained",
        ),
        (
            ["config.json", "tokenizer.json", "pytorch_model.bin", "rest.pth"],
            r"model holds its weights only pickled \(pytorch_model\.bin, rest\.pth\).*can run any code.*"
            r"convert them: from transformers import AutoModelForCausalLM; .*save_pretrained",
        ),
    ],
    ids=["nothing", "no configuration", "no weights", "no tokenizer", "pickled weights"],
)
def test_a_folder_that_lacks_a_part_is_refused(names: list[str], message: str, tmp_path: Path) -> None:
    folder = folder_with(tmp_path / "model", *names)
    for look in (find, load_model):
        with pytest.raises(ValueError, match=message):
            look(str(folder))


def test_pickled_weights_beside_safe_ones_do_not_matter(tmp_path: Path) -> None:
    _, files = find(str(folder_with(tmp_path / "model", *CHECKPOINT, "pytorch_model.bin")))
    assert [file.name for file in files] == ["config.json", "tokenizer.json", "model.safetensors"]


@pytest.mark.parametrize("name", ["no/such/folder/here", "/no/such", "~/no/such/folder"])
def test_a_path_to_nothing_is_refused(name: str) -> None:
    with pytest.raises(
        ValueError, match=f"there is no folder {name}: name one with a checkpoint in it, or a hub id"
    ):
        load_model(name)


def test_a_file_is_no_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("model.safetensors").touch()  # a name that might be one on the hub, were there no such file
    with pytest.raises(ValueError, match=r"no folder model\.safetensors: name one with a checkpoint in it"):
        load_model("model.safetensors")


@pytest.mark.heavy
@pytest.mark.parametrize("name", ["nobody/nothing", "nothing"])
def test_a_hub_id_without_network_is_refused(name: str, hub: Path) -> None:
    assert not hub.exists()
    with pytest.raises(
        ValueError,
        match=f"^{name} is neither a folder here nor .* hub .*Check the name and the network; "
        "the model 'bundled', which comes with the lecture, works offline",
    ):
        load_model(name)


@pytest.mark.heavy
def test_a_hub_id_downloaded_before_needs_no_network(hub: Path) -> None:
    commit = "0" * 40
    kept = hub / "models--nobody--something"
    folder_with(kept / "refs")
    (kept / "refs" / "main").write_text(commit)
    folder_with(kept / "snapshots" / commit, *CHECKPOINT)
    name, files = find("nobody/something")
    assert name == "nobody--something"
    assert {file.name for file in files} == set(CHECKPOINT)


def test_a_hub_id_without_the_hub_library_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ValueError, match="to load nobody/nothing from the hub, install transformer_lens"):
        load_model("nobody/nothing")


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
    folder = copy("llama")
    edit_config(folder, rope_parameters={"rope_type": "linear", "factor": 4.0, "rope_theta": 10_000.0})
    with pytest.raises(
        ValueError,
        match=r"copy_of_llama: .*does not compute what the model does.* has parts that are not supported",
    ):
        load_model(str(folder))


@pytest.mark.parametrize("hf", [{"model_type": "llama"}, {}])
def test_a_configuration_of_another_kind_is_refused(hf: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=f"with model_type gpt2, got {hf.get('model_type')}"):
        config_from(hf)


@imports_transformers
def test_a_model_must_fit_into_the_memory(checkpoint: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = checkpoint("gpt2")
    # Twice what the files hold: half precision becomes single.
    size = 2 * sum((folder / name).stat().st_size for name in CHECKPOINT)
    monkeypatch.setattr(mechinterp.loading, "_free_memory", lambda: size)
    load_model(str(folder))
    monkeypatch.setattr(mechinterp.loading, "_free_memory", lambda: size - 1)
    with pytest.raises(
        ValueError, match=r"gpt2.* may need 0\.0 GB of memory.*0\.0 GB are free: use a smaller model"
    ):
        load_model(str(folder))


@imports_transformers
def test_a_system_that_does_not_tell_its_memory_is_trusted(
    checkpoint: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mechinterp.loading, "_free_memory", lambda: None)
    assert load_model(str(checkpoint("gpt2"))).config.n_layers == 2


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
    with pytest.raises(ValueError, match=r"expected a tensor .*, got none"):
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


def test_the_bundled_model_is_found_by_name() -> None:
    name, files = find("bundled")
    assert name == "bundled"
    assert files == [
        WEIGHTS / file for file in ("config.json", "tokenizer.json", "model.safetensors", "SHA256SUMS")
    ]


def test_a_folder_is_found_by_any_path_and_named_after_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = folder_with(
        tmp_path / "some" / "tiny", "config.json", "tokenizer.json", "b.safetensors", "a.safetensors"
    )
    monkeypatch.chdir(folder.parent)
    monkeypatch.setenv("HOME", str(tmp_path))
    files = [
        folder.resolve() / n for n in ("config.json", "tokenizer.json", "a.safetensors", "b.safetensors")
    ]
    for path in (str(folder), f"{folder}/", "tiny", "../some/tiny", "~/some/tiny"):
        assert find(path) == ("tiny", files)


@pytest.mark.heavy
@pytest.mark.parametrize(
    ("code", "imported"),
    [
        ("from mechinterp.checkpoints import find; find('bundled')", []),
        # Loading needs them: the test above could fail.
        ("from mechinterp import load_model", ["tokenizers", "torch"]),
    ],
    ids=["finding", "loading"],
)
def test_finding_a_checkpoint_does_not_wait_for_torch(code: str, imported: list[str]) -> None:
    shown = "print(sorted({'torch', 'tokenizers', 'transformers', 'huggingface_hub'} & set(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", f"import sys; {code}; {shown}"],
        cwd=WEIGHTS.parents[1],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert re.findall(r"\w+", done.stdout) == imported
