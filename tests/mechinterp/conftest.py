"""Small random checkpoints of each architecture, as Hugging Face's own library writes them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers

SHAPES = ("gpt2", "gpt2_tied", "gpt_neox", "llama")


def write_tokenizer(folder: Path) -> None:
    """Write a byte-level tokenizer in which every byte is a token."""
    alphabet = sorted(pre_tokenizers.ByteLevel.alphabet())
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(alphabet)}, []))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "tokenizer_config.json").write_text('{"tokenizer_class": "PreTrainedTokenizerFast"}')


def write_checkpoint(shape: str, folder: Path) -> Path:
    """Write a random checkpoint; its weights are larger than at a usual start, so that errors show."""
    import transformers

    torch.manual_seed(0)
    common = {"vocab_size": 256, "bos_token_id": 0, "eos_token_id": 0}
    if shape.startswith("gpt2"):
        tied = shape.endswith("tied")
        config = transformers.GPT2Config(
            n_layer=2, n_head=4, n_embd=32, n_positions=24, tie_word_embeddings=tied, **common
        )
    else:
        sizes = {"num_hidden_layers": 2, "num_attention_heads": 4, "max_position_embeddings": 24, **common}
        if shape == "gpt_neox":
            config = transformers.GPTNeoXConfig(
                hidden_size=64,
                intermediate_size=96,
                rope_parameters={
                    "partial_rotary_factor": 0.25,
                    "rope_theta": 10_000.0,
                    "rope_type": "default",
                },
                **sizes,
            )
        else:
            config = transformers.LlamaConfig(
                hidden_size=32, intermediate_size=48, num_key_value_heads=2, **sizes
            )
    model = transformers.AutoModelForCausalLM.from_config(config)
    for parameter in model.parameters():
        parameter.data += 0.1 * torch.randn_like(parameter)
    model.save_pretrained(folder)
    write_tokenizer(folder)
    return folder


@pytest.fixture(scope="session")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    made: dict[str, Path] = {}

    def make(shape: str) -> Path:
        if shape not in made:
            made[shape] = write_checkpoint(shape, tmp_path_factory.mktemp(shape))
        return made[shape]

    return make


@pytest.fixture
def copy(checkpoint: Callable[[str], Path], tmp_path: Path) -> Callable[[str], Path]:
    """Copy a checkpoint to where it may be damaged."""
    return lambda shape: Path(shutil.copytree(checkpoint(shape), tmp_path / f"copy_of_{shape}"))


@pytest.fixture(scope="module", autouse=True)
def one_thread() -> Iterator[None]:
    """Compute in one thread: on busy cores, waiting for a second takes longer than all of these tests."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)
