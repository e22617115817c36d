"""Many patched runs of one model at once, each computed only from where it begins to differ.

What it computes is written out in patched_runs.py, one run at a time: read that first. A patch at layer l and position
p changes nothing before either. In a causal model positions before p keep their residual stream, keys and values in
every layer, and layers before l are those of the unpatched run. So one sweep over the layers suffices: the patches of a
layer join those of the layers before it and all continue together; only positions from p to the last one that the
metric reads are computed, and what comes before is read from the unpatched run. The last layer computes only the
positions that the metric reads. This is exact; nothing is approximated.

Nearly all the time goes into products with weights. Sweeps that begin at different positions run side by side, so that
each layer's weights are copied into the order that products want only once (block_products.py).

Shapes: `patch` (a layer, perhaps a head, whose activation is replaced), `span` (the positions from the first changed
one to the last one read), `needed` (the positions of a layer whose output is used: the span, and in the last layer
those that the metric reads).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import cached_property

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.interventions.block_products import attn_out, contiguous_columns, mlp_out, normalized, project
from mechinterp.interventions.metrics import Metric
from mechinterp.model.transformer import Block, Cache, Config, Transformer, attn_scores, rotate

Resid = Float[Tensor, "patch prompt span d_model"]


class Stage(Enum):
    """Where in a layer a patched residual stream joins the sweep."""

    PRE = "before attention"
    MID = "between attention and MLP"
    POST = "after both"


@dataclass(frozen=True, eq=False)
class Start:
    """The residual streams with which the patches of a layer begin: one for each patch and prompt, over the span."""

    stage: Stage
    resid: Resid


@dataclass(frozen=True, eq=False)
class Sweep:
    """The patched runs of some prompts that begin to differ at the same position."""

    transformer: Transformer
    base: Cache  # the unpatched run, of all prompts
    prompts: Int[Tensor, " prompt"]  # indices of those that are swept
    first: int  # the first position that changes
    metric: Metric

    def run(self, starts: Iterable[list[Start]]) -> Float[Tensor, "patch prompt"]:
        """Take the starts of each layer in turn; return the metric of all patches, in the order of their layers.

        All starts of one layer have to be at the same stage.
        """
        return run_together([(self, starts)])[0]

    def _layer(self, block: Block, layer: int, resid: Tensor, starting: list[Start]) -> Tensor:
        """Return the residual streams of all patches after a layer, where needed; those that begin in it come last."""
        resid = _join(resid, starting, Stage.PRE)
        pre = self._needed(resid, layer)
        mid = pre + self._attention(block, layer, resid) if len(resid) else pre
        late = [Start(start.stage, self._needed(start.resid, layer)) for start in starting]
        if not self.transformer.config.parallel:
            mid = pre = _join(mid, late, Stage.MID)
        resid = mid + self._mlp(block, layer, pre) if len(pre) else mid
        return _join(resid, late, Stage.POST)

    @cached_property
    def span(self) -> slice:
        """The positions that are computed: from the first that changes to the last that the metric reads."""
        return slice(self.first, int(self._reads.max()) + 1)

    @cached_property
    def _positions(self) -> Int[Tensor, "prompt span"]:
        span = torch.arange(self.span.start, self.span.stop, device=self.prompts.device)
        return span.expand(len(self.prompts), -1)

    @cached_property
    def _reads(self) -> Int[Tensor, "prompt read"]:
        return self.metric.positions[self.prompts]

    def _needed(self, x: Tensor, layer: int) -> Tensor:
        """Return what later layers, or the metric, need of a layer's (patch, prompt, span, …)."""
        if layer < self.transformer.config.n_layers - 1 or not len(x):
            return x
        row = torch.arange(len(self.prompts))[:, None]
        return x[:, row, (self._reads - self.first).clamp(min=0)]

    def _attention(self, block: Block, layer: int, resid: Resid) -> Tensor:
        """Return what attention writes where needed; keys and values before the span are the base run's."""
        config = self.transformer.config
        q, k, v = self._queries_keys_values(block, layer, resid)
        needed = self._needed(self._positions[None], layer)[0]
        if config.rotary_dims:
            q = rotate(q, config, block.q_norm, needed)
            k = rotate(k, config, block.k_norm, self._positions)
        keys = self.base[f"blocks.{layer}.attn.{keys_name(config)}"][self.prompts, : self.first]
        values = self.base[f"blocks.{layer}.attn.hook_v"][self.prompts, : self.first]
        k, v, keys, values = (for_each_head(x, config) for x in (k, v, keys, values))
        within = torch.einsum("cnahk,cnbhk->cnhab", q, k)
        future = self._positions[:, None, None, :] > needed[:, None, :, None]
        within = within.masked_fill(future, -torch.inf)
        before = torch.einsum("cnahk,nshk->cnhas", q, keys)
        pattern = attn_scores(torch.cat((before, within), dim=-1), config).softmax(-1)
        z = torch.einsum("cnhas,nshk->cnahk", pattern[..., : self.first], values)
        z = z + torch.einsum("cnhab,cnbhk->cnahk", pattern[..., self.first :], v)
        return attn_out(z, block)

    def _queries_keys_values(self, block: Block, layer: int, resid: Resid) -> tuple[Tensor, Tensor, Tensor]:
        """Return the queries where needed, and the keys and values of the span."""
        x = normalized(resid, block.ln1, self.transformer.config)
        q = project(self._needed(x, layer), block.W_Q, block.b_Q)
        return q, project(x, block.W_K, block.b_K), project(x, block.W_V, block.b_V)

    def _mlp(self, block: Block, layer: int, resid: Tensor) -> Tensor:
        config = self.transformer.config
        return mlp_out(normalized(resid, block.ln2, config), block, config)

    def _metric(self, resid: Float[Tensor, "patch prompt read d_model"]) -> Float[Tensor, "patch prompt"]:
        """Return the metric; at positions before the span it reads the base run."""
        unpatched = self.base[f"blocks.{self.transformer.config.n_layers - 1}.hook_resid_post"]
        unpatched = unpatched[self.prompts[:, None], self._reads]
        resid = torch.where((self._reads < self.first)[..., None], unpatched, resid)
        run = self.prompts.repeat(len(resid))
        return self.metric.measure(self.transformer, resid.flatten(0, 1), run).view(resid.shape[:2])


def run_together(
    runs: Sequence[tuple[Sweep, Iterable[list[Start]]]],
) -> list[Float[Tensor, "patch prompt"]]:
    """Return what Sweep.run does, for several sweeps of one transformer that run side by side."""
    sweeps = [sweep for sweep, _ in runs]
    blocks = sweeps[0].transformer.blocks
    resids = [torch.empty(0) for _ in sweeps]
    for layer, starting in enumerate(zip(*(starts for _, starts in runs), strict=True)):
        if any(starting) or any(len(resid) for resid in resids):
            block = contiguous_columns(blocks[layer])
            resids = [
                sweep._layer(block, layer, resid, new)
                for sweep, resid, new in zip(sweeps, resids, starting, strict=True)
            ]
    return [sweep._metric(resid) for sweep, resid in zip(sweeps, resids, strict=True)]


def _join(resid: Tensor, starting: list[Start], stage: Stage) -> Tensor:
    found = [start.resid for start in starting if start.stage is stage]
    return torch.cat([resid, *found] if len(resid) else found) if found else resid


def keys_name(config: Config) -> str:
    """Return the hook point of the keys as attention uses them: after rotation, where there is one."""
    return "hook_rot_k" if config.rotary_dims else "hook_k"


def for_each_head(x: Tensor, config: Config) -> Tensor:
    """Return keys or values (…, head, d_head), repeated where several heads share them."""
    shared_by = config.n_heads // x.shape[-2]
    return x.repeat_interleave(shared_by, dim=-2) if shared_by > 1 else x
