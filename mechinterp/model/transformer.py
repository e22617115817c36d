"""A decoder-only transformer, written to be read.

It computes what GPT-2, GPT-NeoX, Llama and their relatives do; its `Config` says which of their parts it has. Tensors
and hook points have TransformerLens' names and shapes: a residual stream of shape (batch, pos, d_model), heads as a
dimension of their own, vectors as rows (x W).

Shapes: batch, pos (position in the prompt; dest and src for the two sides of attention), head, kv_head (fewer than
heads where several share keys and values, as in some Llamas), d_model, d_head, d_mlp, d_vocab.

A hook point is a place where `forward` shows a tensor to its `tap`, and goes on with what the tap returns: itself,
or another tensor in its place. Caching and patching are taps.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from typing import Literal

import torch
from jaxtyping import Float, Int
from torch import Tensor
from torch.nn import functional

MEMORY = 2**30

Tap = Callable[[str, Tensor], Tensor]
Hook = Callable[[Tensor], Tensor]
Cache = dict[str, Tensor]


def no_tap(_: str, x: Tensor) -> Tensor:
    """Return a tensor as it is: the tap that neither keeps nor changes anything."""
    return x


ACTIVATIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "gelu": functional.gelu,
    "gelu_new": lambda x: functional.gelu(x, approximate="tanh"),
    "relu": functional.relu,
    "silu": functional.silu,
}


@dataclass(frozen=True)
class Config:
    """The sizes and parts of a transformer."""

    n_layers: int
    n_heads: int
    d_model: int
    d_head: int
    d_mlp: int
    d_vocab: int
    n_ctx: int
    activation: str = "gelu_new"
    eps: float = 1e-5  # added to the variance in normalisations
    normalization: Literal["layer", "rms"] = "layer"
    rotary_frequencies: tuple[float, ...] = ()  # radians a position, of each plane of a head that is rotated
    alibi_slopes: tuple[float, ...] = ()  # of each head: what a score gains a position nearer, as in BLOOM
    parallel: bool = False  # attention and MLP read the same residual stream, as in GPT-NeoX

    @property
    def rotary_dims(self) -> int:
        """How many dimensions of each head are rotated by position; 0 where positions are not rotary."""
        return 2 * len(self.rotary_frequencies)

    def bytes_of_activations(self, n_positions: int) -> int:
        """Return about how many bytes all activations of one prompt take, in single precision, without its logits."""
        of_position = 12 * self.d_model + 2 * self.d_mlp + 2 * self.n_heads * n_positions
        return 4 * self.n_layers * n_positions * of_position

    def flops(self, n_positions: int) -> int:
        """Return about how many floating-point operations the layers need for one prompt."""
        weights = 4 * self.d_model * self.n_heads * self.d_head + 2 * self.d_model * self.d_mlp
        return 2 * self.n_layers * n_positions * weights


@dataclass(eq=False)
class Norm:
    """A normalisation with its weights; root-mean-square ones have no bias and do not centre."""

    w: Float[Tensor, " d"]
    b: Float[Tensor, " d"] | None

    def forward(self, x: Float[Tensor, "*batch d"], config: Config, name: str, tap: Tap) -> Tensor:
        """Return x, centred (layer norm only) and divided by its scale, times the weights, plus the bias."""
        if config.normalization == "layer":
            x = x - x.mean(-1, keepdim=True)
        scale = tap(f"{name}.hook_scale", (x.square().mean(-1, keepdim=True) + config.eps).sqrt())
        normalized = tap(f"{name}.hook_normalized", x / scale)
        return normalized * self.w if self.b is None else normalized * self.w + self.b


@dataclass(eq=False)
class Block:
    """The weights of one layer."""

    ln1: Norm
    W_Q: Float[Tensor, "head d_model d_head"]
    W_K: Float[Tensor, "kv_head d_model d_head"]
    W_V: Float[Tensor, "kv_head d_model d_head"]
    W_O: Float[Tensor, "head d_head d_model"]
    b_Q: Float[Tensor, "head d_head"]
    b_K: Float[Tensor, "kv_head d_head"]
    b_V: Float[Tensor, "kv_head d_head"]
    b_O: Float[Tensor, " d_model"]
    ln2: Norm
    W_in: Float[Tensor, "d_model d_mlp"]
    b_in: Float[Tensor, " d_mlp"]
    W_out: Float[Tensor, "d_mlp d_model"]
    b_out: Float[Tensor, " d_model"]
    W_gate: Float[Tensor, "d_model d_mlp"] | None = None  # of a gated MLP, as in Llama
    q_norm: Norm | None = None  # of each head's queries and keys before they are rotated, as in Qwen 3
    k_norm: Norm | None = None

    def attention(self, x: Tensor, config: Config, name: str, tap: Tap) -> Float[Tensor, "batch pos d_model"]:
        """Return what the heads together write, having read the normalised residual stream x."""
        q = tap(f"{name}.hook_q", torch.einsum("bpd,hdk->bphk", x, self.W_Q) + self.b_Q)
        k = tap(f"{name}.hook_k", torch.einsum("bpd,hdk->bphk", x, self.W_K) + self.b_K)
        v = tap(f"{name}.hook_v", torch.einsum("bpd,hdk->bphk", x, self.W_V) + self.b_V)
        if config.rotary_dims:
            q = tap(f"{name}.hook_rot_q", rotate(q, config, self.q_norm))
            k = tap(f"{name}.hook_rot_k", rotate(k, config, self.k_norm))
        if len(self.W_K) != config.n_heads:
            k, v = (x.repeat_interleave(config.n_heads // len(self.W_K), dim=2) for x in (k, v))
        scores = attn_scores(torch.einsum("bqhk,bshk->bhqs", q, k), config)
        future = torch.ones(scores.shape[-2:], dtype=torch.bool, device=x.device).triu(1)
        scores = tap(f"{name}.hook_attn_scores", scores.masked_fill(future, -torch.inf))
        pattern = tap(f"{name}.hook_pattern", scores.softmax(-1))
        z = tap(f"{name}.hook_z", torch.einsum("bhqs,bshk->bqhk", pattern, v))
        return torch.einsum("bphk,hkd->bpd", z, self.W_O) + self.b_O

    def mlp(self, x: Tensor, config: Config, name: str, tap: Tap) -> Float[Tensor, "*batch d_model"]:
        """Return what the MLP writes, having read the normalised residual stream x."""
        activation = ACTIVATIONS[config.activation]
        if self.W_gate is None:
            post = activation(tap(f"{name}.hook_pre", x @ self.W_in + self.b_in))
        else:
            gate = tap(f"{name}.hook_pre", x @ self.W_gate)
            post = activation(gate) * tap(f"{name}.hook_pre_linear", x @ self.W_in + self.b_in)
        return tap(f"{name}.hook_post", post) @ self.W_out + self.b_out


@dataclass(eq=False)
class Transformer:
    """A transformer: its configuration and all of its weights."""

    config: Config
    W_E: Float[Tensor, "d_vocab d_model"]
    W_pos: Float[Tensor, "n_ctx d_model"] | None  # None where positions are rotary, or ALiBi's
    blocks: list[Block]
    ln_final: Norm
    W_U: Float[Tensor, "d_model d_vocab"]
    b_U: Float[Tensor, " d_vocab"]
    memory: int = MEMORY  # bytes that the activations of what is computed at once may take

    @property
    def device(self) -> torch.device:
        """Where the weights lie, and all that is computed with them."""
        return self.W_E.device

    def forward(
        self, tokens: Int[Tensor, "batch pos"], tap: Tap = no_tap
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the next token at each position, showing each hook point to `tap`.

        Raises ValueError where the tokens do not fit into the context.
        """
        return (
            self.ln_final.forward(self.stream(tokens, tap), self.config, "ln_final", tap) @ self.W_U
            + self.b_U
        )

    __call__ = forward

    def next_logits(
        self, tokens: Int[Tensor, "batch pos"], tap: Tap = no_tap
    ) -> Float[Tensor, "batch d_vocab"]:
        """Return the logits of the next token at the last position only, showing the layers' hook points to `tap`."""
        return self.unembed(self.stream(tokens, tap)[:, -1])

    def unembed(self, resid: Float[Tensor, "*batch d_model"]) -> Float[Tensor, "*batch d_vocab"]:
        """Return the logits of what the last layer leaves, or of an earlier residual stream."""
        return self.ln_final.forward(resid, self.config, "ln_final", no_tap) @ self.W_U + self.b_U

    def stream(
        self, tokens: Int[Tensor, "batch pos"], tap: Tap = no_tap
    ) -> Float[Tensor, "batch pos d_model"]:
        """Return the residual stream after the last layer, showing each hook point up to there to `tap`."""
        config = self.config
        if tokens.shape[-1] > config.n_ctx:
            raise ValueError(f"expected at most {config.n_ctx} tokens, got {tokens.shape[-1]}")
        resid = tap("hook_embed", self.W_E[tokens])
        if self.W_pos is not None:
            resid = resid + tap("hook_pos_embed", self.W_pos[: tokens.shape[-1]].expand_as(resid))
        for layer, block in enumerate(self.blocks):
            name = f"blocks.{layer}"
            resid = resid_pre = tap(f"{name}.hook_resid_pre", resid)
            normalized = block.ln1.forward(resid, config, f"{name}.ln1", tap)
            attn_out = tap(f"{name}.hook_attn_out", block.attention(normalized, config, f"{name}.attn", tap))
            resid = resid + attn_out
            if not config.parallel:
                resid = resid_pre = tap(f"{name}.hook_resid_mid", resid)
            normalized = block.ln2.forward(resid_pre, config, f"{name}.ln2", tap)
            resid = resid + tap(f"{name}.hook_mlp_out", block.mlp(normalized, config, f"{name}.mlp", tap))
            resid = tap(f"{name}.hook_resid_post", resid)
        return resid

    def run_with_cache(
        self, tokens: Int[Tensor, "batch pos"], names: Iterable[str] | None = None
    ) -> tuple[Float[Tensor, "batch pos d_vocab"], Cache]:
        """Return the logits, and the tensors at all hook points, or at those named.

        Raises ValueError where a hook point is never reached.
        """
        cache: Cache = {}
        wanted = None if names is None else set(names)
        logits = self.forward(tokens, _keep_in(cache, wanted))
        _check_reached(wanted or set(), cache)
        return logits, cache

    def cache(
        self, tokens: Int[Tensor, "batch pos"], names: Iterable[str] | None = None, tap: Tap = no_tap
    ) -> Cache:
        """Return the tensors at all hook points, or at those named, as `tap` leaves them.

        The logits, which may take longest, are not computed. Raises ValueError where a hook point is never reached.
        """
        found: Cache = {}
        wanted = None if names is None else set(names)
        keep = _keep_in(found, wanted, tap)
        self.ln_final.forward(self.stream(tokens, keep), self.config, "ln_final", keep)
        _check_reached(wanted or set(), found)
        return found

    def run_with_hooks(
        self, tokens: Int[Tensor, "batch pos"], hooks: Mapping[str, Hook]
    ) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits with the tensor at each named hook point replaced by its hook's result.

        Raises ValueError where a hook point is never reached: a silent no-op would look like a null result.
        """
        fired: set[str] = set()

        def replace(name: str, x: Tensor) -> Tensor:
            if name not in hooks:
                return x
            fired.add(name)
            return hooks[name](x)

        logits = self.forward(tokens, replace)
        _check_reached(hooks, fired)
        return logits

    def n_parameters(self) -> dict[str, int]:
        """Return the number of parameters in embeddings, attention, MLPs, normalisations and unembedding."""
        parts = ("embedding", "attention", "mlp", "normalization", "unembedding")
        counts: dict[str, int] = dict.fromkeys(parts, 0)
        for name, tensor in self.parameters():
            counts[_part(name)] += tensor.numel()
        return counts

    def parameters(self) -> Iterator[tuple[str, Tensor]]:
        """Yield the name and the tensor of every weight."""
        yield from _tensors("", self)


def _keep_in(cache: Cache, wanted: Container[str] | None, first: Tap = no_tap) -> Tap:
    """Return a tap that keeps tensors, all or those wanted, as a first tap leaves them."""

    def keep(name: str, x: Tensor) -> Tensor:
        x = first(name, x)
        if wanted is None or name in wanted:
            cache[name] = x
        return x

    return keep


def _check_reached(wanted: Iterable[str], reached: Container[str]) -> None:
    if missed := sorted(name for name in wanted if name not in reached):
        raise ValueError(f"this model has no hook point {', '.join(missed)}")


def _part(name: str) -> str:
    """Return the component that a weight belongs to."""
    weight = name.split(".")[-1]
    if "ln" in name or "norm" in name:
        return "normalization"
    if weight in ("W_E", "W_pos"):
        return "embedding"
    if weight in ("W_U", "b_U"):
        return "unembedding"
    return "mlp" if weight in ("W_in", "b_in", "W_gate", "W_out", "b_out") else "attention"


def _tensors(prefix: str, owner: object) -> Iterator[tuple[str, Tensor]]:
    for field in fields(owner):  # type: ignore[arg-type]
        value = getattr(owner, field.name)
        if isinstance(value, Tensor):
            yield prefix + field.name, value
        elif isinstance(value, Norm):
            yield from _tensors(f"{prefix}{field.name}.", value)
        elif isinstance(value, list):
            for index, item in enumerate(value):
                yield from _tensors(f"{prefix}{field.name}.{index}.", item)


def attn_scores(
    products: Float[Tensor, "*batch head dest_pos src_pos"], config: Config
) -> Float[Tensor, "*batch head dest_pos src_pos"]:
    """Return the attention scores of products of queries and keys, what comes later not yet hidden.

    ALiBi adds more the later the source is; what it adds to all sources alike does not matter. Source: Press et
    al. 2021 (ALiBi), section 3.
    """
    scores = products / config.d_head**0.5
    if not config.alibi_slopes:
        return scores
    slopes = torch.tensor(config.alibi_slopes, dtype=scores.dtype, device=scores.device)
    return scores + slopes[:, None, None] * torch.arange(scores.shape[-1], device=scores.device)


def rotate(
    x: Float[Tensor, "*batch pos head d_head"],
    config: Config,
    norm: Norm | None,
    positions: Int[Tensor, "*prompt pos"] | None = None,
) -> Float[Tensor, "*batch pos head d_head"]:
    """Return queries or keys, normalised if there is a norm, rotated by their position.

    Plane i, of dimensions i and i + rotary_dims / 2, turns by its frequency at each position; they count from 0 unless
    given. Source: Su et al. 2021 (RoFormer), equation 15, with the pairing of GPT-NeoX and Llama.
    """
    if norm is not None:
        x = norm.forward(x, config, "", no_tap)
    half = config.rotary_dims // 2
    if positions is None:
        positions = torch.arange(x.shape[-3], device=x.device)
    frequency = torch.tensor(config.rotary_frequencies, device=x.device)
    angle = (positions.float()[..., None] * frequency)[..., None, :]
    cos, sin = angle.cos().to(x.dtype), angle.sin().to(x.dtype)
    first, second, rest = x[..., :half], x[..., half : 2 * half], x[..., 2 * half :]
    return torch.cat((first * cos - second * sin, second * cos + first * sin, rest), dim=-1)
