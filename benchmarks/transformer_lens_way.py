"""The analyses of figures as TransformerLens' demonstrations do them: the whole batch at once, one run for each change.

Each function gets TransformerLens' model and what it is asked, made by this project, and returns the numbers that the
figure shows, by name. Unlike there, prompts differ in length, so positions are looked up prompt by prompt.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.ioi.prompts import Prompts

Found = Mapping[str, float]
ROLES = ("IO", "S1", "S2", "END")


@dataclass(frozen=True, eq=False)
class Asked:
    """IOI prompts, and the same with other names."""

    prompts: Prompts
    swapped: Int[Tensor, "prompt pos"]  # the other one gives
    unrepeated: Int[Tensor, "prompt pos"]  # somebody else gives
    strangers: Int[Tensor, "version prompt pos"]  # nobody is named twice

    @property
    def ends(self) -> tuple[Tensor, Tensor]:
        """The index of each prompt's last token."""
        return torch.arange(len(self.prompts)), self.prompts.positions["END"]


@dataclass(frozen=True, eq=False)
class AskedAnything:
    """Random tokens, or single ones after the start, and what is to be known of them."""

    tokens: Int[Tensor, "prompt pos"]
    control: Int[Tensor, "prompt pos"] | None = None
    period: int = 0  # after which the tokens repeat


def opened(folder: Path) -> Any:
    """Return the model in a folder as TransformerLens recommends it, with its weights processed."""
    from transformer_lens.model_bridge import TransformerBridge
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()
    logging.getLogger("transformer_lens").setLevel(logging.ERROR)
    bridge = TransformerBridge.boot_transformers(str(folder), dtype=torch.float32)
    bridge.enable_compatibility_mode()
    return bridge


def logit_lens(bridge: Any, asked: Asked) -> Found:
    """Read the difference at the end after each layer."""
    _, cache = bridge.run_with_cache(asked.prompts.tokens)
    stream = cache.accumulated_resid(layer=-1, incl_mid=False, apply_ln=True)
    read = torch.einsum("snd,nd->s", stream[(slice(None), *asked.ends)], _directions(bridge, asked))
    return {f"stage {i}": value / len(asked.prompts) for i, value in enumerate(read.tolist())}


def dla_heads(bridge: Any, asked: Asked) -> Found:
    """Read what each head adds to the difference."""
    _, cache = bridge.run_with_cache(asked.prompts.tokens)
    results, labels = cache.stack_head_results(layer=-1, apply_ln=True, return_labels=True)
    added = torch.einsum("hnd,nd->h", results[(slice(None), *asked.ends)], _directions(bridge, asked))
    return dict(zip(labels, (added / len(asked.prompts)).tolist(), strict=True))


def repeated_seq(bridge: Any, asked: AskedAnything) -> Found:
    """Score every head on repeated tokens, and predict them, and others that do not repeat."""
    found, period = {}, asked.period

    def score(pattern: Tensor, hook: Any) -> None:
        stripe = pattern.diagonal(1 - period, -2, -1)[..., -period:-1].mean((0, -1))
        found.update({f"L{hook.layer()}H{head}": value for head, value in enumerate(stripe.tolist())})

    filtered = (lambda name: name.endswith("hook_pattern"), score)
    bridge.run_with_hooks(asked.tokens, return_type=None, fwd_hooks=[filtered])
    for name, tokens in {"repeated": asked.tokens, "control": asked.control}.items():
        log_probs = bridge(tokens)[:, :-1].log_softmax(-1).gather(-1, tokens[:, 1:, None])
        of_position = log_probs.mean(0).flatten().tolist()
        found |= {f"{name} {position}": value for position, value in enumerate(of_position)}
    return found


def attention_pattern(bridge: Any, asked: AskedAnything) -> Found:
    """Score every head by its attention to the token before, to its own, and to the first."""
    _, cache = bridge.run_with_cache(asked.tokens, names_filter=lambda name: name.endswith("hook_pattern"))
    found = {}
    for layer in range(bridge.cfg.n_layers):
        pattern = cache["pattern", layer].mean(0)
        kinds = {
            "previous": pattern.diagonal(-1, -2, -1)[:, 1:].mean(-1),
            "current": pattern.diagonal(0, -2, -1)[:, 1:].mean(-1),
            "first": pattern[:, 2:, 0].mean(-1),
        }
        for kind, scores in kinds.items():
            found |= {f"{kind} L{layer}H{head}": value for head, value in enumerate(scores.tolist())}
    return found


def ov_circuit(bridge: Any, asked: AskedAnything, top: int = 5) -> Found:
    """Count the names that are among the logits that attending to them raises most, head by head."""
    _, cache = bridge.run_with_cache(asked.tokens)
    found, circuits = {}, bridge.OV
    for layer in range(bridge.cfg.n_layers):
        embedding = cache[f"blocks.{layer}.ln1.hook_normalized"][:, -1]
        for head in range(bridge.cfg.n_heads):
            raised = (embedding @ circuits[layer, head] @ bridge.W_U).AB.topk(top, dim=-1).indices
            found[f"L{layer}H{head}"] = (raised == asked.tokens[:, -1:]).any(-1).float().mean().item()
    return found


def activation_patching(bridge: Any, asked: Asked) -> Found:
    """Denoise the residual stream, and what attention and MLPs write, by layer and role; then every head, twice."""
    from transformer_lens import patching

    logits, clean = bridge.run_with_cache(asked.prompts.tokens)
    clean_diff = asked.prompts.logit_diff(logits).mean()
    found = {}
    for place in ("resid_pre", "attn_out", "mlp_out"):
        recovered = _recovered(bridge, asked, asked.swapped, clean_diff)
        for layer in range(bridge.cfg.n_layers):
            for role in ROLES:
                at = asked.ends[0], asked.prompts.positions[role]
                hook = f"blocks.{layer}.hook_{place}", partial(_put, at, clean[place, layer][at])
                patched = bridge.run_with_hooks(asked.swapped, fwd_hooks=[hook])
                found[f"{place} {layer} {role}"] = recovered(patched).item()
    for giver, corrupted in {"the other": asked.swapped, "a third": asked.unrepeated}.items():
        recovered = _recovered(bridge, asked, corrupted, clean_diff)
        heads = patching.get_act_patch_attn_head_out_all_pos(bridge, corrupted, clean, recovered)
        found |= {f"{giver} {name}": value for name, value in _by_head(heads).items()}
    return found


def path_patching(bridge: Any, asked: Asked) -> Found:
    """Noise the path of each head to the logits; then, of the head with the largest, that to its queries."""
    logits, clean = bridge.run_with_cache(asked.prompts.tokens)
    _, corrupted = bridge.run_with_cache(asked.swapped)
    whole = asked.prompts.logit_diff(logits).mean()
    layers, heads = range(bridge.cfg.n_layers), range(bridge.cfg.n_heads)

    def frozen(sender: tuple[int, int]) -> list[tuple[str, Any]]:
        """All heads write what they do in the clean run, but for the sender; MLPs are computed again."""
        hooks = []
        for layer in layers:
            z = clean["z", layer].clone()
            if layer == sender[0]:
                z[:, :, sender[1]] = corrupted["z", layer][:, :, sender[1]]
            hooks.append((f"blocks.{layer}.attn.hook_z", partial(_put, ..., z)))
        return hooks

    def change(patched: Tensor) -> float:
        return ((asked.prompts.logit_diff(patched).mean() - whole) / whole).item()

    to_logits = {
        (layer, head): change(bridge.run_with_hooks(asked.prompts.tokens, fwd_hooks=frozen((layer, head))))
        for layer in layers
        for head in heads
    }
    mover = min(to_logits, key=to_logits.__getitem__)
    found = {f"to logits L{layer}H{head}": value for (layer, head), value in to_logits.items()}
    queries, at = f"blocks.{mover[0]}.attn.hook_q", (*asked.ends, mover[1])
    for sender in [sender for sender in to_logits if sender[0] < mover[0]]:
        with bridge.hooks(fwd_hooks=frozen(sender)):
            _, changed = bridge.run_with_cache(asked.prompts.tokens, names_filter=queries)
        hook = queries, partial(_put, at, changed[queries][at])
        patched = bridge.run_with_hooks(asked.prompts.tokens, fwd_hooks=[hook])
        found[f"to queries L{sender[0]}H{sender[1]}"] = change(patched)
    return found


def ablations(bridge: Any, asked: Asked) -> Found:
    """Replace what each head writes by its mean over other names."""
    versions = [bridge.run_with_cache(tokens, names_filter=_is_z)[1] for tokens in asked.strangers]
    found = {}
    for layer in range(bridge.cfg.n_layers):
        mean = torch.stack([cache["z", layer] for cache in versions]).mean(0)
        for head in range(bridge.cfg.n_heads):
            hook = f"blocks.{layer}.attn.hook_z", partial(_put, _of_head(head), mean[_of_head(head)])
            logits = bridge.run_with_hooks(asked.prompts.tokens, fwd_hooks=[hook])
            found[f"L{layer}H{head}"] = asked.prompts.logit_diff(logits).mean().item()
    return found


def _put(at: Any, instead: Tensor, x: Tensor, hook: Any) -> Tensor:
    x[at] = instead
    return x


def _of_head(head: int) -> tuple[slice, slice, int]:
    return slice(None), slice(None), head


def _is_z(name: str) -> bool:
    return name.endswith("hook_z")


def _recovered(
    bridge: Any, asked: Asked, corrupted: Tensor, clean_diff: Tensor
) -> Callable[[Tensor], Tensor]:
    """Return the metric of a patched run: 0 where it stays corrupted, 1 where it becomes the clean one."""
    corrupted_diff = asked.prompts.logit_diff(bridge(corrupted)).mean()
    return lambda logits: (
        (asked.prompts.logit_diff(logits).mean() - corrupted_diff) / (clean_diff - corrupted_diff)
    )


def _by_head(scores: Float[Tensor, "layer head"]) -> Found:
    return {
        f"L{layer}H{head}": value
        for layer, row in enumerate(scores.tolist())
        for head, value in enumerate(row)
    }


def _directions(bridge: Any, asked: Asked) -> Float[Tensor, "prompt d_model"]:
    of_tokens = bridge.tokens_to_residual_directions
    return of_tokens(asked.prompts.io) - of_tokens(asked.prompts.subject)
