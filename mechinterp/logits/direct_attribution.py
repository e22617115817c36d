"""Direct logit attribution: what each component of the model adds to a logit, or to a difference of two.

The final residual stream is the sum of what was written into it, so with the scale of the final normalisation held at
its value in the run, a logit is a sum too: contributions + bias = logit, exactly. Only direct effects are attributed;
what a component does through later ones is part of their contributions. Sources: Elhage et al. 2021; nostalgebraist
2020.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.model.transformer import Cache, Transformer


@dataclass(frozen=True, eq=False)
class Reader:
    """Reads a number off each prompt's final residual stream at one position: a direction of the unembedding.

    `direction` is a column of W_U, or a difference of two, for each prompt.
    """

    direction: Float[Tensor, "prompt d_model"]
    positions: Int[Tensor, " prompt"]

    @property
    def rows(self) -> Int[Tensor, " prompt"]:
        """The prompts' indices."""
        return torch.arange(len(self.positions))


def logit_diff_reader(
    transformer: Transformer,
    right: Int[Tensor, " prompt"],
    wrong: Int[Tensor, " prompt"],
    positions: Int[Tensor, " prompt"],
) -> Reader:
    """Return the reader of logit(right) − logit(wrong)."""
    return Reader((transformer.W_U[:, right] - transformer.W_U[:, wrong]).T, positions)


def contribution(
    written: Float[Tensor, "prompt *parts d_model"], transformer: Transformer, cache: Cache, reader: Reader
) -> Float[Tensor, "prompt *parts"]:
    """Return what vectors written at the reader's positions add to what it reads, with the final scale held."""
    if transformer.config.normalization == "layer":
        written = written - written.mean(-1, keepdim=True)
    scale = cache["ln_final.hook_scale"][reader.rows, reader.positions]
    direction = reader.direction * transformer.ln_final.w / scale
    return torch.einsum("n...d,nd->n...", written, direction)


def bias(
    transformer: Transformer, reader: Reader, right: Int[Tensor, " prompt"], wrong: Int[Tensor, " prompt"]
) -> Float[Tensor, " prompt"]:
    """Return what no component writes: the biases of the final normalisation and the unembedding."""
    found = transformer.b_U[right] - transformer.b_U[wrong]
    if transformer.ln_final.b is not None:
        found = found + reader.direction @ transformer.ln_final.b
    return found


def by_component(
    transformer: Transformer, cache: Cache, reader: Reader
) -> dict[str, Float[Tensor, " prompt"]]:
    """Return the contributions of the embeddings, and of the attention and the MLP of each layer, by hook name."""
    names = ["hook_embed", *(["hook_pos_embed"] if transformer.W_pos is not None else [])]
    for layer in range(transformer.config.n_layers):
        names += [f"blocks.{layer}.hook_attn_out", f"blocks.{layer}.hook_mlp_out"]
    written = torch.stack([cache[name][reader.rows, reader.positions] for name in names], dim=1)
    return dict(zip(names, contribution(written, transformer, cache, reader).T, strict=True))


def names_for_heads(transformer: Transformer) -> list[str]:
    """Return the hook points that the contributions of heads are computed from."""
    layers = range(transformer.config.n_layers)
    return ["ln_final.hook_scale"] + [f"blocks.{layer}.attn.hook_z" for layer in layers]


def names_for_sources(transformer: Transformer) -> list[str]:
    """Return the hook points that the contributions of heads by source are computed from."""
    layers = range(transformer.config.n_layers)
    return ["ln_final.hook_scale"] + [
        f"blocks.{layer}.attn.hook_{point}" for layer in layers for point in ("pattern", "v")
    ]


def by_head(transformer: Transformer, cache: Cache, reader: Reader) -> Float[Tensor, "prompt layer head"]:
    """Return each head's contribution; with that of the output bias b_O they add up to the attention layer's."""
    return contribution(written_by_heads(transformer, cache, reader.positions), transformer, cache, reader)


def by_head_and_source(
    transformer: Transformer, cache: Cache, reader: Reader
) -> Float[Tensor, "prompt layer head src_pos"]:
    """Return each head's contribution, split by source position."""
    found = []
    for layer, block in enumerate(transformer.blocks):
        pattern = cache[f"blocks.{layer}.attn.hook_pattern"][reader.rows, :, reader.positions]
        v = cache[f"blocks.{layer}.attn.hook_v"]
        v = v.repeat_interleave(transformer.config.n_heads // v.shape[2], dim=2)
        written = torch.einsum("nhs,nshk,hkd->nhsd", pattern, v, block.W_O)
        found.append(contribution(written, transformer, cache, reader))
    return torch.stack(found, dim=1)


def written_by_heads(
    transformer: Transformer, cache: Cache, positions: Int[Tensor, " prompt"]
) -> Float[Tensor, "prompt layer head d_model"]:
    """Return what each head writes into the residual stream at one position of each prompt, without b_O."""
    rows = torch.arange(len(positions))
    return torch.stack(
        [
            torch.einsum("nhk,hkd->nhd", cache[f"blocks.{layer}.attn.hook_z"][rows, positions], block.W_O)
            for layer, block in enumerate(transformer.blocks)
        ],
        dim=1,
    )
