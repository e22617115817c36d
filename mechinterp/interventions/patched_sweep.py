"""Many changed runs of one model at once, each computed from where it begins to differ.

A patch at layer l and position p changes nothing before either: in a causal model positions before p keep their
residual stream, keys and values in every layer, and layers before l are the unpatched run's. So one sweep over the
layers suffices: the patches of a layer join those of the layers before it, all go on together, only positions from p
on are computed, and what comes before is read from the unpatched run. The last layer computes only the positions
that the metric reads. This is exact; nothing is approximated.

Nearly all the time goes to products with weights. Sweeps of several first positions go on side by side, so that each
layer's weights are laid out for them once (laid_out), and the products are the quickest that there are (products.py).

Shapes: a *cell* is one patch (a layer, maybe a head), the *span* the positions from the first changed one on, *asked*
the positions of a layer whose residual stream is wanted after it: the span, and in the last layer those read.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from enum import Enum
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.interventions.metrics import Metric
from mechinterp.model.transformer import ACTIVATIONS, Block, Cache, Config, Transformer, rotate
from mechinterp.numerics.products import linear

AT_ONCE = 512  # positions of an MLP, whose activations then stay in the processor's cache

Resid = Float[Tensor, "cell prompt span d_model"]


class Stage(Enum):
    """Where in a layer a changed residual stream joins."""

    PRE = "before attention"
    MID = "between attention and MLP"
    POST = "after both"


@dataclass(frozen=True, eq=False)
class Start:
    """Changed residual streams of a layer: one for each cell and prompt, over the span."""

    stage: Stage
    resid: Resid


def keys_name(config: Config) -> str:
    """Return the hook point at which keys are as attention uses them."""
    return "hook_rot_k" if config.rotary_dims else "hook_k"


@dataclass(frozen=True, eq=False)
class Sweep:
    """The changed runs of some prompts that begin to differ at the same position."""

    transformer: Transformer
    base: Cache  # of the unpatched run, of all prompts
    prompts: Int[Tensor, " prompt"]  # those that are swept
    first: int  # the first position that changes
    metric: Metric

    def run(self, starts: Iterable[list[Start]]) -> Float[Tensor, "cell prompt"]:
        """Take the starts of each layer in turn; return the metric of all cells, in the order of their layers.

        The starts of one layer have to be of one stage.
        """
        return run_together([(self, starts)])[0]

    def _through(self, block: Block, layer: int, resid: Tensor, joining: list[Start]) -> Tensor:
        """Return the residual streams of all cells after a layer, where asked; those that begin in it come last."""
        resid = _join(resid, joining, Stage.PRE)
        pre = self._asked(resid, layer)
        mid = pre + self._attention(block, layer, resid) if len(resid) else pre
        if not self.transformer.config.parallel:
            mid = pre = _join(mid, [self._asked_start(s, layer) for s in joining], Stage.MID)
        resid = mid + self._mlp(block, layer, pre) if len(pre) else mid
        return _join(resid, [self._asked_start(s, layer) for s in joining], Stage.POST)

    @cached_property
    def _span(self) -> Int[Tensor, "prompt span"]:
        length = self.base["blocks.0.attn.hook_v"].shape[1]
        return torch.arange(self.first, length).expand(len(self.prompts), -1)

    @cached_property
    def _reads(self) -> Int[Tensor, "prompt read"]:
        return self.metric.positions[self.prompts]

    def _asked(self, x: Tensor, layer: int) -> Tensor:
        """Return what of (cell, prompt, span, …) the layers after this one, or the metric, ask for."""
        if layer < self.transformer.config.n_layers - 1 or not len(x):
            return x
        row = torch.arange(len(self.prompts))[:, None]
        return x[:, row, (self._reads - self.first).clamp(min=0)]

    def _asked_start(self, start: Start, layer: int) -> Start:
        return Start(start.stage, self._asked(start.resid, layer))

    def _attention(self, block: Block, layer: int, resid: Resid) -> Tensor:
        """Return what attention adds at the positions asked; before the span it looks at the base run."""
        config = self.transformer.config
        q, k, v = self._queries_keys_values(block, layer, resid)
        asked = self._asked(self._span[None], layer)[0]
        if config.rotary_dims:
            q, k = rotate(q, config, asked), rotate(k, config, self._span)
        keys = self.base[f"blocks.{layer}.attn.{keys_name(config)}"][self.prompts, : self.first]
        values = self.base[f"blocks.{layer}.attn.hook_v"][self.prompts, : self.first]
        k, v, keys, values = (for_each_head(x, config) for x in (k, v, keys, values))
        within = torch.einsum("cnahk,cnbhk->cnhab", q, k)
        hidden = self._span[:, None, None, :] > asked[:, None, :, None]
        within = within.masked_fill(hidden, -torch.inf)
        before = torch.einsum("cnahk,nshk->cnhas", q, keys)
        pattern = (torch.cat((before, within), dim=-1) / config.d_head**0.5).softmax(-1)
        z = torch.einsum("cnhas,nshk->cnahk", pattern[..., : self.first], values)
        z = z + torch.einsum("cnhab,cnbhk->cnahk", pattern[..., self.first :], v)
        return linear(z.flatten(-2), block.W_O.flatten(0, 1), block.b_O)

    def _queries_keys_values(self, block: Block, layer: int, resid: Resid) -> tuple[Tensor, Tensor, Tensor]:
        """Return queries where asked, and keys and values of the span."""
        x = block.ln1.forward(resid, self.transformer.config, "", untapped)
        q = project(self._asked(x, layer), block.W_Q, block.b_Q)
        return q, project(x, block.W_K, block.b_K), project(x, block.W_V, block.b_V)

    def _mlp(self, block: Block, layer: int, resid: Tensor) -> Tensor:
        config = self.transformer.config
        x = block.ln2.forward(resid, config, "", untapped)
        return torch.cat([mlp(rows, block, config) for rows in x.flatten(0, -2).split(AT_ONCE)]).view(x.shape)

    def _measured(self, resid: Float[Tensor, "cell prompt read d_model"]) -> Float[Tensor, "cell prompt"]:
        unpatched = self.base[f"blocks.{self.transformer.config.n_layers - 1}.hook_resid_post"]
        kept = unpatched[self.prompts[:, None], self._reads]
        resid = torch.where((self._reads < self.first)[..., None], kept, resid)
        run = self.prompts.repeat(len(resid))
        return self.metric.measure(self.transformer, resid.flatten(0, 1), run).view(resid.shape[:2])


def run_together(
    runs: Sequence[tuple[Sweep, Iterable[list[Start]]]],
) -> list[Float[Tensor, "cell prompt"]]:
    """Return what Sweep.run does, for several sweeps of one transformer that go on side by side."""
    sweeps = [sweep for sweep, _ in runs]
    blocks = sweeps[0].transformer.blocks
    resids = [torch.empty(0) for _ in sweeps]
    for layer, joining in enumerate(zip(*(starts for _, starts in runs), strict=True)):
        if any(joining) or any(len(resid) for resid in resids):
            block = laid_out(blocks[layer])
            resids = [
                sweep._through(block, layer, resid, new)
                for sweep, resid, new in zip(sweeps, resids, joining, strict=True)
            ]
    return [sweep._measured(resid) for sweep, resid in zip(sweeps, resids, strict=True)]


def _join(resid: Tensor, joining: list[Start], stage: Stage) -> Tensor:
    found = [start.resid for start in joining if start.stage is stage]
    return torch.cat([resid, *found] if len(resid) else found) if found else resid


def project(x: Tensor, W: Float[Tensor, "head d_model d_head"], b: Float[Tensor, "head d_head"]) -> Tensor:
    """Return queries, keys or values; all heads in one product."""
    flat = W.transpose(1, 2).flatten(0, 1).T
    return linear(x, flat, b.flatten()).unflatten(-1, b.shape)


def mlp(x: Float[Tensor, "row d_model"], block: Block, config: Config) -> Float[Tensor, "row d_model"]:
    """Return what Block.mlp does, untapped."""
    activation = ACTIVATIONS[config.activation]
    post = linear(x, block.W_in, block.b_in)
    post = activation(post) if block.W_gate is None else post * activation(linear(x, block.W_gate))
    return linear(post, block.W_out, block.b_out)


def laid_out(block: Block) -> Block:
    """Return a block with the same weights, all that one number is computed from side by side in memory."""
    return replace(
        block,
        W_Q=_outputs_first(block.W_Q),
        W_K=_outputs_first(block.W_K),
        W_V=_outputs_first(block.W_V),
        W_O=_outputs_first(block.W_O.flatten(0, 1)).unflatten(0, block.W_O.shape[:2]),
        W_in=_outputs_first(block.W_in),
        W_out=_outputs_first(block.W_out),
        W_gate=None if block.W_gate is None else _outputs_first(block.W_gate),
    )


def _outputs_first(W: Tensor) -> Tensor:
    return W.mT.contiguous().mT


def for_each_head(x: Tensor, config: Config) -> Tensor:
    """Return keys or values (…, head, d_head) repeated for all the heads that share them."""
    shared_by = config.n_heads // x.shape[-2]
    return x.repeat_interleave(shared_by, dim=-2) if shared_by > 1 else x


def untapped(_: str, x: Tensor) -> Tensor:
    """Return a tensor as it is: a tap that neither keeps nor changes anything."""
    return x
