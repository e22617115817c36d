"""A transformer whose IOI circuit is written into its weights, so that what a search should find is known.

The residual stream holds quantities in subspaces of their own: the token's name, its position, the name that came
before, the name that occurs twice, the name to look away from, the name to answer. A large constant keeps the
normalisation from mixing them. Each head reads some quantities and writes others, as the class of Wang et al. 2022 to
which it belongs; all subspaces are turned by one random rotation, so that no axis means anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor

from mechinterp.attention.heads import Head
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Block, Config, Norm, Transformer
from mechinterp.text import english

N_CTX = 24
CONSTANT = (
    40.0  # length of the constant, beside which the rest of the residual stream, some units long, is small
)
SURE = 24.0  # a score that decides where a head looks
ANSWER = 12.0  # logits of the answer, were it written in full
SINK = "<start>"


@dataclass(frozen=True)
class Plan:
    """Which heads do what; all others read and write at random, in dimensions that nothing else uses."""

    movers: Sequence[Head] = (Head(3, 1),)
    negatives: Sequence[Head] = ()
    inhibitors: Sequence[Head] = (Head(2, 2),)
    duplicates: Sequence[Head] = (Head(0, 3),)
    previous: Sequence[Head] = ()
    inductions: Sequence[Head] = ()
    backups: Sequence[Head] = ()
    copiers_of_s: Sequence[Head] = ()  # they look at S and copy it: against the answer, but no negative heads
    dead: Sequence[Head] = ()  # they write nothing
    n_layers: int = 5
    n_heads: int = 4
    noise: float = 0.0  # of each matrix, in multiples of its standard deviation
    seed: int = 0


@dataclass
class _Space:
    """Orthonormal directions, all at right angles to the mean, that are given out by name."""

    basis: Tensor
    taken: dict[str, Tensor] = field(default_factory=dict)

    def __getitem__(self, name: str) -> Tensor:
        return self.taken[name]

    def give(self, name: str, size: int) -> None:
        used = sum(len(part) for part in self.taken.values())
        self.taken[name] = self.basis[used : used + size]


class _Head:
    """A head under construction: what queries, keys and values read, in the dimensions of the head one after another."""

    def __init__(self, config: Config, space: _Space) -> None:
        self.space, self.used, self.written = space, 0, 0
        shape = (config.d_model, config.d_head)
        self.W_Q, self.W_K, self.W_V = (torch.zeros(shape) for _ in range(3))
        self.W_O = torch.zeros(config.d_head, config.d_model)
        self.read = CONSTANT / config.d_model**0.5  # undoes the normalisation
        self.scale = config.d_head**0.5

    def score(self, key: str, queries: Mapping[str, float], turn: Tensor | None = None) -> _Head:
        """Add gain × ⟨query, key⟩ to the score for each query; the turn is applied to queries first."""
        k = self.space[key]
        at = slice(self.used, self.used + len(k))
        for query, gain in queries.items():
            turned = self.space[query].T if turn is None else self.space[query].T @ turn
            self.W_Q[:, at] += gain * self.scale * self.read * turned
        self.W_K[:, at] = self.read * k.T
        self.used += len(k)
        return self

    def move(self, value: str, output: str, gain: float = 1.0) -> _Head:
        """Write what is read at the source to another subspace."""
        v, o = self.space[value], self.space[output]
        at = slice(self.written, self.written + len(v))
        self.W_V[:, at] = self.read * v.T
        self.W_O[at] = gain * o
        self.written += len(v)
        return self


def planted_model(plan: Plan) -> Model:
    """Return the model of a plan."""
    tokenizer = _tokenizer()
    names = [tokenizer.token_to_id(f"Ġ{name}") for name in english.NAMES]
    n = len(names)
    config = Config(
        plan.n_layers, plan.n_heads, 7 * n + N_CTX, n + N_CTX + 2, 8, tokenizer.get_vocab_size(), N_CTX
    )
    draw = torch.Generator().manual_seed(plan.seed)
    space = _space(config, n, draw)
    W_E = CONSTANT * space["constant"].repeat(config.d_vocab, 1)
    W_E[names] += space["name"] + space["is name"]
    W_E[tokenizer.token_to_id("Ġto")] += space["end"][0]
    W_E[tokenizer.token_to_id(SINK)] += space["sink"][0]
    W_U = torch.zeros(config.d_model, config.d_vocab)
    W_U[:, names] = ANSWER * CONSTANT / config.d_model**0.5 * space["answer"].T
    written = _heads(plan, config, space)
    blocks = [_block(layer, written, config, space, draw) for layer in range(plan.n_layers)]
    transformer = Transformer(
        config, W_E, space["position"].clone(), blocks, _norm(config), W_U, torch.zeros(config.d_vocab)
    )
    _add_noise(transformer, plan, draw)
    return Model("planted", transformer, tokenizer, tokenizer.token_to_id(SINK))


def _space(config: Config, n_names: int, draw: torch.Generator) -> _Space:
    random = torch.randn(config.d_model, config.d_model, generator=draw)
    random[:, 0] = 1.0  # the mean, which layer normalisation takes away: all others are at right angles to it
    space = _Space(torch.linalg.qr(random).Q.T[1:])
    for name in ("constant", "is name", "end", "sink", "after a name", "twice"):
        space.give(name, 1)
    for name in ("name", "before", "repeated", "avoided", "answer"):
        space.give(name, n_names)
    space.give("position", N_CTX)
    space.give("unused", n_names)
    return space


def _heads(plan: Plan, config: Config, space: _Space) -> dict[Head, _Head]:
    """Return the heads of the plan, those of a class sharing its work."""
    made: dict[Head, _Head] = {}

    def new(head: Head) -> _Head:
        made[head] = _Head(config, space)
        return made[head]

    seen = 1 / max(1, len(plan.duplicates) + len(plan.inductions))
    for head in plan.previous:
        _at_previous(new(head)).move("name", "before").move("is name", "after a name")
    for head in plan.duplicates:
        _at_duplicate(new(head)).move("name", "repeated", seen).move("is name", "twice", seen)
    for head in plan.inductions:
        _else_at_start(new(head).score("before", {"name": SURE}))
        made[head].move("before", "repeated", seen).move("after a name", "twice", seen)
    for head in plan.inhibitors:
        _at_repeated(new(head)).move("repeated", "avoided", 1 / len(plan.inhibitors))
    for head in plan.movers:
        _at_names(new(head), avoided=4.0).move("name", "answer", 1 / len(plan.movers))
    for head in plan.negatives:
        _at_names(new(head), avoided=4.0).move("name", "answer", -0.3)
    for head in plan.copiers_of_s:
        _at_names(new(head), avoided=-8.0).move("name", "answer", 0.3)
    for head in plan.backups:
        _at_names(new(head), avoided=8.0, answered=16.0).move("name", "answer", 0.5)
    for head in plan.dead:
        new(head)
    return made


def _else_at_start(head: _Head, score: float = SURE / 2) -> _Head:
    return head.score("sink", {"constant": score / CONSTANT})


def _at_previous(head: _Head) -> _Head:
    before = torch.eye(N_CTX).roll(-1, 1)  # takes a position to the one before
    return head.score("position", {"position": SURE}, before)


def _at_duplicate(head: _Head) -> _Head:
    """Look at the same name, but not at oneself."""
    return _else_at_start(head.score("name", {"name": SURE}).score("position", {"position": -SURE}))


def _at_repeated(head: _Head) -> _Head:
    """From the end, look at the name that is there a second time."""
    return _else_at_start(head.score("twice", {"end": 2 * SURE}))


def _at_names(head: _Head, avoided: float, answered: float = 0.0) -> _Head:
    """From the end, look at names, less at the one to avoid and at the one that is already written as the answer."""
    head.score("is name", {"end": 10.0}).score("name", {"avoided": -avoided, "answer": -answered})
    return _else_at_start(head, 6.0)


# Heads without a part look like some that have one, and write what nothing reads.
LOOKALIKES = (_at_previous, _at_duplicate, _at_repeated, lambda head: _at_names(head, avoided=4.0))


def _block(
    layer: int, made: Mapping[Head, _Head], config: Config, space: _Space, draw: torch.Generator
) -> Block:
    heads = []
    for index in range(config.n_heads):
        head = made.get(Head(layer, index))
        if head is None:
            head = LOOKALIKES[int(torch.randint(len(LOOKALIKES), (), generator=draw))](_Head(config, space))
            head.move("name", "unused")
        heads.append(head)
    zeros, d_model = torch.zeros(config.n_heads, config.d_head), config.d_model
    W_in = torch.randn(d_model, config.d_mlp, generator=draw) / d_model**0.5
    return Block(
        ln1=_norm(config),
        W_Q=torch.stack([head.W_Q for head in heads]),
        W_K=torch.stack([head.W_K for head in heads]),
        W_V=torch.stack([head.W_V for head in heads]),
        W_O=torch.stack([head.W_O for head in heads]),
        b_Q=zeros,
        b_K=zeros,
        b_V=zeros,
        b_O=torch.zeros(d_model),
        ln2=_norm(config),
        W_in=W_in,
        b_in=torch.zeros(config.d_mlp),
        W_out=space["unused"][: config.d_mlp].clone(),
        b_out=torch.zeros(d_model),
    )


def _norm(config: Config) -> Norm:
    return Norm(torch.ones(config.d_model), torch.zeros(config.d_model))


def _add_noise(transformer: Transformer, plan: Plan, draw: torch.Generator) -> None:
    """Add noise to what heads read and write, in multiples of the standard deviation of each head's matrix."""
    for block in transformer.blocks:
        for matrix in (block.W_Q, block.W_K, block.W_V, block.W_O):
            spread = matrix.flatten(1).std(1)[:, None, None]
            matrix += plan.noise * spread * torch.randn(matrix.shape, generator=draw)


def _tokenizer() -> Tokenizer:
    """Return a tokenizer in which each word of the English prompts is a token with its leading space."""
    filled = " ".join(english.TEMPLATES).translate(str.maketrans("{},.", "    "))
    words = sorted({*filled.split(), *english.NAMES, *english.PLACES, *english.THINGS})
    tokens = [SINK, *sorted(pre_tokenizers.ByteLevel.alphabet()), *(f"Ġ{word}" for word in words)]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, [], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
