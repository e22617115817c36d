"""A transformer whose IOI circuit is written into its weights, so that what a search should find is known.

The residual stream holds quantities in subspaces of their own: which token it is, its position, the token that came
before, the name that occurs twice, the name to look away from, the name to answer, the word to expect. A large constant
keeps the normalisation from mixing them. Each head reads some quantities and writes others, as the class of Wang et al.
2022 to which it belongs; all subspaces are turned by one random rotation, so that no axis means anything.

A vocabulary may be far larger than a head, which has 64 dimensions. So a token is a random unit vector, its code; two of
them are nearly at right angles, and names, which are few, are so exactly.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import torch
from tokenizers import Tokenizer, decoders, models, pre_tokenizers
from torch import Tensor
from torch.nn import functional

from mechinterp.attention.heads import Head
from mechinterp.ioi.circuit import Role
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Block, Config, Norm, Transformer
from mechinterp.text import english

D_HEAD = 64
LEAST_HEADS = 5  # as many as the subspaces take, at D_HEAD dimensions a head
CONSTANT = (
    40.0  # length of the constant, beside which the rest of the residual stream, some units long, is small
)
SURE = 24.0  # a score that decides where a head looks
ANSWER = 24.0  # logits of the answer, were it written in full
BOS = "<|endoftext|>"

TOKEN = 43  # dimensions of a token's code, by which heads recognise it; names are the first axes of them
WORD = 33  # of a second code, which is copied; names have none, so that copying other words says nothing of names
# Positions are angles that turn at these multiples of a whole turn in PERIOD positions. The multiples are a perfect
# difference set (Singer 1938): codes of positions that are not a multiple of PERIOD apart have a cosine of at most 0.3.
# Further apart, positions repeat: that heads find the previous token is exact in the first PERIOD positions only.
PERIOD = 91
TURNS = (1, 2, 4, 10, 28, 50, 57, 62, 78, 82)


@dataclass(frozen=True)
class Plan:
    """Which heads do what; all others look like some of them, or anywhere, and write what nothing reads."""

    movers: Sequence[Head] = (Head(3, 1),)
    negatives: Sequence[Head] = ()
    inhibitors: Sequence[Head] = (Head(2, 2),)
    duplicates: Sequence[Head] = (Head(0, 3),)
    previous: Sequence[Head] = ()
    inductions: Sequence[Head] = ()
    backups: Sequence[Head] = ()
    copiers_of_s: Sequence[Head] = ()  # they look at S and copy it: against the answer, but no negative heads
    dead: Sequence[Head] = ()  # they write nothing
    others: Sequence[str] = (
        "previous",
        "duplicate",
        "repeated",
        "names",
    )  # where the others look, from LOOKS
    n_layers: int = 5
    n_heads: int = 4
    d_mlp: int = 8
    n_ctx: int = 24
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

    def name_part(self, name: str, of: str, size: int) -> None:
        """Give a name to the first directions of a subspace; to be called once all are given out."""
        self.taken[name] = self.taken[of][:size]


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


def roles(plan: Plan) -> dict[Role, set[Head]]:
    """Return the heads that a search should find in each role; what induction heads rest on is needed, and has no class of its own."""
    return {
        Role.NAME_MOVER: set(plan.movers),
        Role.NEGATIVE: set(plan.negatives),
        Role.S_INHIBITION: set(plan.inhibitors),
        Role.DUPLICATE_TOKEN: set(plan.duplicates),
        Role.INDUCTION: set(plan.inductions),
        Role.BACKUP: set(plan.backups),
        Role.SUPPORT: set(plan.previous),
    }


def planted_model(plan: Plan, tokenizer: Tokenizer | None = None) -> Model:
    """Return the model of a plan, with a small vocabulary of its own unless a tokenizer is given."""
    tokenizer = tokenizer or _tokenizer()
    names = [tokenizer.token_to_id(f"Ġ{name}") for name in english.NAMES]
    start, end = tokenizer.token_to_id(BOS), tokenizer.token_to_id("Ġto")
    config = Config(
        n_layers=plan.n_layers,
        n_heads=plan.n_heads,
        d_model=D_HEAD * max(plan.n_heads, LEAST_HEADS),
        d_head=D_HEAD,
        d_mlp=plan.d_mlp,
        d_vocab=tokenizer.get_vocab_size(),
        n_ctx=plan.n_ctx,
    )
    draw = torch.Generator().manual_seed(plan.seed)
    space = _space(config, len(names), draw)
    # What starts and what ends a prompt have no code: nothing takes them for a word that occurs twice.
    tokens, words = (_codes(config.d_vocab, size, [*names, start, end], draw) for size in (TOKEN, WORD))
    tokens[names] = torch.eye(len(names), TOKEN)
    W_E = CONSTANT * space["constant"] + tokens @ space["token"] + words @ space["word"]
    W_E[names] += space["is name"]
    W_E[end] += space["end"][0]
    W_E[start] += space["sink"][0]
    W_U = space["next"].T @ words.T
    W_U[:, names] = space["answer"].T
    W_U *= ANSWER * CONSTANT / config.d_model**0.5
    written = _heads(plan, config, space)
    blocks = [_block(layer, written, plan, config, space, draw) for layer in range(plan.n_layers)]
    W_pos = _positions(config.n_ctx) @ space["position"]
    transformer = Transformer(config, W_E, W_pos, blocks, _norm(config), W_U, torch.zeros(config.d_vocab))
    _add_noise(transformer, plan, draw)
    return Model("planted", transformer, tokenizer, start)


def _space(config: Config, n_names: int, draw: torch.Generator) -> _Space:
    random = torch.randn(config.d_model, config.d_model, generator=draw)
    random[:, 0] = 1.0  # the mean, which layer normalisation takes away: all others are at right angles to it
    space = _Space(torch.linalg.qr(random).Q.T[1:])
    for name in ("constant", "is name", "end", "sink", "after a name", "twice"):
        space.give(name, 1)
    for name in ("repeated", "avoided", "answer", "unused"):
        space.give(name, n_names)
    sizes = {"token": TOKEN, "before": TOKEN, "word": WORD, "next": WORD, "position": 2 * len(TURNS)}
    for name, size in sizes.items():
        space.give(name, size)
    space.name_part("name", "token", n_names)
    space.name_part("name before", "before", n_names)
    return space


def _codes(n: int, size: int, without: Sequence[int], draw: torch.Generator) -> Tensor:
    """Return random vectors of length 1, (token, size), and 0 for the tokens that are to have none."""
    codes = functional.normalize(torch.randn(n, size, generator=draw), dim=1)
    codes[list(without)] = 0
    return codes


def _positions(n: int) -> Tensor:
    """Return the code of each position, of length 1: the cosines and sines of its angles."""
    angles = torch.arange(n)[:, None] * _angles()
    return torch.cat((angles.cos(), angles.sin()), dim=1) / len(TURNS) ** 0.5


def _angles() -> Tensor:
    """Return how far each angle turns from one position to the next."""
    return 2 * math.pi / PERIOD * torch.tensor(TURNS)


def _heads(plan: Plan, config: Config, space: _Space) -> dict[Head, _Head]:
    """Return the heads of the plan, those of a class sharing its work."""
    made: dict[Head, _Head] = {}

    def new(head: Head) -> _Head:
        made[head] = _Head(config, space)
        return made[head]

    seen = _share([*plan.duplicates, *plan.inductions])
    for head in plan.previous:
        noted = _share(plan.previous)
        _at_previous(new(head)).move("token", "before", noted).move("is name", "after a name", noted)
    for head in plan.duplicates:
        _at_duplicate(new(head)).move("name", "repeated", seen).move("is name", "twice", seen)
    for head in plan.inductions:
        _else_at_start(new(head).score("before", {"token": SURE}))
        made[head].move("name before", "repeated", seen).move("after a name", "twice", seen)
        made[head].move("word", "next", _share(plan.inductions))
    for head in plan.inhibitors:
        _at_repeated(new(head)).move("repeated", "avoided", _share(plan.inhibitors))
    for head in plan.movers:
        _at_names(new(head), avoided=4.0).move("name", "answer", _share(plan.movers))
    for head in plan.negatives:
        _at_names(new(head), avoided=4.0).move("name", "answer", -0.3 * _share(plan.negatives))
    for head in plan.copiers_of_s:
        _at_names(new(head), avoided=-8.0).move("name", "answer", 0.3)
    for head in plan.backups:
        _at_names(new(head), avoided=8.0, answered=16.0).move("name", "answer", 0.5)
    for head in plan.dead:
        new(head)
    return made


def _share(heads: Sequence[Head]) -> float:
    return 1 / max(1, len(heads))


def _else_at_start(head: _Head, score: float = SURE / 2) -> _Head:
    return head.score("sink", {"constant": score / CONSTANT})


def _at_previous(head: _Head) -> _Head:
    cos, sin = _angles().cos().diag(), _angles().sin().diag()
    back = torch.cat((torch.cat((cos, -sin), dim=1), torch.cat((sin, cos), dim=1)))  # by one position
    return head.score("position", {"position": 2 * SURE}, back)


def _at_duplicate(head: _Head) -> _Head:
    """Look at the same token, but not at oneself."""
    sure = 1.5 * SURE
    return _else_at_start(
        head.score("token", {"token": sure}).score("position", {"position": -0.8 * sure}), sure / 2
    )


def _at_repeated(head: _Head) -> _Head:
    """From the end, look at the name that is there a second time."""
    return _else_at_start(head.score("twice", {"end": 2 * SURE}))


def _at_names(head: _Head, avoided: float, answered: float = 0.0) -> _Head:
    """From the end, look at names, less at the one to avoid and at the one that is already written as the answer."""
    head.score("is name", {"end": 10.0}).score("name", {"avoided": -avoided, "answer": -answered})
    return _else_at_start(head, 6.0)


def _anywhere(head: _Head, draw: torch.Generator) -> _Head:
    """Look at some tokens more than at others, depending on the one that looks, without any meaning."""
    return head.score("token", {"token": 12.0}, torch.randn(TOKEN, TOKEN, generator=draw) / TOKEN**0.5)


# Where heads without a part look: most as some that have one.
LOOKS: Mapping[str, Callable[[_Head, torch.Generator], _Head]] = {
    "previous": lambda head, _: _at_previous(head),
    "duplicate": lambda head, _: _at_duplicate(head),
    "repeated": lambda head, _: _at_repeated(head),
    "names": lambda head, _: _at_names(head, avoided=4.0),
    "anywhere": _anywhere,
}


def _without_part(plan: Plan, config: Config, space: _Space, draw: torch.Generator) -> _Head:
    """Return a head that looks like others and writes what nothing reads, less where there are many such heads."""
    look = plan.others[int(torch.randint(len(plan.others), (), generator=draw))]
    return LOOKS[look](_Head(config, space), draw).move("name", "unused", 2 / plan.n_heads)


def _block(
    layer: int, made: Mapping[Head, _Head], plan: Plan, config: Config, space: _Space, draw: torch.Generator
) -> Block:
    heads = [
        made.get(Head(layer, index)) or _without_part(plan, config, space, draw)
        for index in range(config.n_heads)
    ]
    zeros, d_model, unused = torch.zeros(config.n_heads, config.d_head), config.d_model, space["unused"]
    W_in = torch.randn(d_model, config.d_mlp, generator=draw) / d_model**0.5
    W_out = torch.randn(config.d_mlp, len(unused), generator=draw) / (config.d_mlp * len(unused)) ** 0.5
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
        W_out=W_out @ unused,
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
    tokens = [BOS, *sorted(pre_tokenizers.ByteLevel.alphabet()), *(f"Ġ{word}" for word in words)]
    tokenizer = Tokenizer(models.BPE({token: i for i, token in enumerate(tokens)}, [], ignore_merges=True))
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer
