"""Checkpoints of GPT-2's architecture: a config.json and tensors in safetensors files, as Hugging Face writes them.

GPT-2's linear layers hold their weights as (in, out), with queries, keys and values of all heads concatenated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from torch import Tensor

from mechinterp.model.transformer import ACTIVATIONS, Block, Config, Norm, Transformer


def read(files: Iterable[Path], config: Config, tied: bool) -> Transformer:
    """Return the transformer whose weights are in these safetensors files; `tied` embeddings also unembed.

    Raises ValueError where a file is damaged, or a tensor is missing, has another shape than the configuration says,
    or is not finite.
    """
    tensors: dict[str, Tensor] = {}
    for file in files:
        try:
            found = load_file(file)
        except SafetensorError as error:
            raise ValueError(f"{file} is damaged or truncated ({error}): copy it again") from error
        tensors |= {name.removeprefix("transformer."): tensor.float() for name, tensor in found.items()}
    if tied:
        tensors.pop("lm_head.weight", None)  # a copy that some checkpoints keep
    for name, shape in shapes(config, tied):  # lazily: a damaged config.json may claim any number of layers
        if name not in tensors:
            raise ValueError(f"expected a tensor {name} of shape {shape}, got none")
        if tuple(tensors[name].shape) != shape:
            raise ValueError(f"expected {name} to have shape {shape}, got {tuple(tensors[name].shape)}")
        if not tensors[name].isfinite().all():
            raise ValueError(f"expected {name} to hold finite numbers, got NaN or infinity")
    return assemble(tensors, config)


def config_from(hf: Mapping[str, Any]) -> Config:
    """Return the configuration that a GPT-2 config.json describes; raise ValueError for another architecture."""
    if hf.get("model_type") != "gpt2":
        raise ValueError(f"expected a config.json with model_type gpt2, got {hf.get('model_type')}")
    sizes = ("n_layer", "n_embd", "n_head", "n_positions", "vocab_size")
    if missing := [name for name in sizes if name not in hf]:
        raise ValueError(f"expected {', '.join(missing)} in config.json")
    for name in sizes:
        if type(hf[name]) is not int or hf[name] < 1:
            raise ValueError(
                f"expected {name} in config.json to be a positive whole number, got {hf[name]!r}"
            )
    if hf.get("scale_attn_by_inverse_layer_idx", False) or not hf.get("scale_attn_weights", True):
        raise ValueError(
            "expected attention scores divided by the square root of d_head alone, got another scale"
        )
    d_model, n_heads = hf["n_embd"], hf["n_head"]
    if d_model % n_heads:
        raise ValueError(f"expected n_embd to be a multiple of n_head, got {d_model} and {n_heads}")
    activation = hf.get("activation_function", "gelu_new")
    if activation not in ACTIVATIONS:
        raise ValueError(f"expected an activation among {', '.join(ACTIVATIONS)}, got {activation}")
    return Config(
        n_layers=hf["n_layer"],
        n_heads=n_heads,
        d_model=d_model,
        d_head=d_model // n_heads,
        d_mlp=hf.get("n_inner") or 4 * d_model,
        d_vocab=hf["vocab_size"],
        n_ctx=hf["n_positions"],
        activation=activation,
        eps=hf.get("layer_norm_epsilon", 1e-5),
    )


def shapes(config: Config, tied: bool) -> Iterator[tuple[str, tuple[int, ...]]]:
    """Yield the name and shape of every tensor, without the prefix `transformer.` that some checkpoints have."""
    d, m, v = config.d_model, config.d_mlp, config.d_vocab
    yield from (("wte.weight", (v, d)), ("wpe.weight", (config.n_ctx, d)))
    for layer in range(config.n_layers):
        yield from (
            (f"h.{layer}.{name}", shape)
            for name, shape in {
                "ln_1.weight": (d,),
                "ln_1.bias": (d,),
                "attn.c_attn.weight": (d, 3 * d),
                "attn.c_attn.bias": (3 * d,),
                "attn.c_proj.weight": (d, d),
                "attn.c_proj.bias": (d,),
                "ln_2.weight": (d,),
                "ln_2.bias": (d,),
                "mlp.c_fc.weight": (d, m),
                "mlp.c_fc.bias": (m,),
                "mlp.c_proj.weight": (m, d),
                "mlp.c_proj.bias": (d,),
            }.items()
        )
    yield from (("ln_f.weight", (d,)), ("ln_f.bias", (d,)))
    if not tied:
        yield "lm_head.weight", (v, d)


def assemble(tensors: Mapping[str, Tensor], config: Config) -> Transformer:
    """Return the transformer whose weights are views of these tensors, named and shaped as `shapes` says."""
    heads = (config.n_heads, config.d_head)

    def per_head(weight: Tensor) -> Tensor:
        return weight.unflatten(-1, heads).movedim(-2, 0)

    def block(layer: int) -> Block:
        at = {name.removeprefix(f"h.{layer}."): tensor for name, tensor in tensors.items()}
        W_Q, W_K, W_V = (per_head(w) for w in at["attn.c_attn.weight"].chunk(3, dim=-1))
        b_Q, b_K, b_V = (b.unflatten(-1, heads) for b in at["attn.c_attn.bias"].chunk(3))
        return Block(
            ln1=Norm(at["ln_1.weight"], at["ln_1.bias"]),
            W_Q=W_Q,
            W_K=W_K,
            W_V=W_V,
            W_O=at["attn.c_proj.weight"].unflatten(0, heads),
            b_Q=b_Q,
            b_K=b_K,
            b_V=b_V,
            b_O=at["attn.c_proj.bias"],
            ln2=Norm(at["ln_2.weight"], at["ln_2.bias"]),
            W_in=at["mlp.c_fc.weight"],
            b_in=at["mlp.c_fc.bias"],
            W_out=at["mlp.c_proj.weight"],
            b_out=at["mlp.c_proj.bias"],
        )

    W_E = tensors["wte.weight"]
    return Transformer(
        config=config,
        W_E=W_E,
        W_pos=tensors["wpe.weight"],
        blocks=[block(layer) for layer in range(config.n_layers)],
        ln_final=Norm(tensors["ln_f.weight"], tensors["ln_f.bias"]),
        W_U=tensors.get("lm_head.weight", W_E).T,
        b_U=torch.zeros(config.d_vocab),
    )
