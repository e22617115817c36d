"""Prompts for indirect object identification (IOI), and the logit difference that measures it.

A prompt names two people, then ends as one of them, the subject S, gives something to …; the next word is the
other, the indirect object IO. Source: Wang et al. 2022, section 2. Here in Spanish, in the templates of the
lecture's corpus.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import Enum
from functools import partial

import torch
from jaxtyping import Float, Int
from torch import Tensor

from mechinterp.interventions.metrics import LogitDiff, logit_diff
from mechinterp.logits.direct_attribution import Reader, logit_diff_reader
from mechinterp.model.language_model import Model
from mechinterp.model.transformer import Transformer
from mechinterp.numerics.batches import batches
from mechinterp.text import english
from mechinterp.text.corpus import ioi, kept_apart
from mechinterp.text.lexicon.names import NAMES
from mechinterp.text.phrases import spell, with_capitals
from mechinterp.text.templates import HELD_OUT_TEMPLATES

Measure = Callable[["Prompts", Int[Tensor, " some"]], Tensor]


@dataclass(frozen=True, eq=False)
class Prompts:
    """IOI prompts of one model, padded on the right, which a causal model does not see.

    Positions are those of the published analysis: IO and S1 for the first mentions of the two, S2 for the second
    mention of the subject, END for the last token, which predicts the answer.
    """

    tokens: Int[Tensor, "prompt pos"]
    io: Int[Tensor, " prompt"]  # the token of the indirect object
    subject: Int[Tensor, " prompt"]  # the token of the subject
    positions: dict[str, Int[Tensor, " prompt"]]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.texts)

    @property
    def metric(self) -> LogitDiff:
        """logit(IO) − logit(S) at END, as patching measures it."""
        return logit_diff(self.io, self.subject, self.positions["END"])

    def reader(self, transformer: Transformer) -> Reader:
        """Return what reads logit(IO) − logit(S) off the residual stream at END, as direct attribution asks for."""
        return logit_diff_reader(transformer, self.io, self.subject, self.positions["END"])

    def __getitem__(self, some: Int[Tensor, " some"]) -> Prompts:
        """Return some of the prompts, up to the last position that one of them has."""
        positions = {name: at[some] for name, at in self.positions.items()}
        tokens = self.tokens[some, : int(positions["END"].max()) + 1]
        return Prompts(
            tokens, self.io[some], self.subject[some], positions, [self.texts[i] for i in some.tolist()]
        )

    def each(self, transformer: Transformer, measure: Measure) -> Float[Tensor, "prompt ..."]:
        """Return what `measure` gives for each prompt, called on as many at a time as fit into memory.

        It gets some of the prompts, and their indices.
        """
        of_prompt = transformer.config.bytes_of_activations
        order, found = [], []
        for some, _ in batches(self.positions["END"] + 1, of_prompt, transformer.memory):
            order.append(some)
            found.append(measure(self[some], some))
        return torch.cat(found)[torch.cat(order).argsort()]

    def difference(self, transformer: Transformer) -> Float[Tensor, " prompt"]:
        """Return logit(IO) − logit(S) at END in a run of the model; no other logits are computed."""
        return self.each(transformer, lambda part, _: part.metric.of_run(transformer, part.tokens))

    def logit_diff(self, logits: Float[Tensor, "prompt pos d_vocab"]) -> Float[Tensor, " prompt"]:
        """Return logit(IO) − logit(S) at END: positive where the model prefers the right answer."""
        row = torch.arange(len(self))
        end = logits[row, self.positions["END"]]
        return end[row, self.io] - end[row, self.subject]


def fill_in_spanish(template: str, a: str, b: str, giver: str, draw: random.Random) -> tuple[str, str]:
    """Return a template of the corpus filled in, with Spanish spelling rules applied, and the answer."""
    text, answer = ioi(template, a, b, giver, draw)
    return spell(with_capitals(text)), answer


def kept_apart_and_different(a: str, b: str) -> bool:
    """Whether two names are a pair that does not occur in training texts."""
    return a != b and kept_apart(a, b)


@dataclass(frozen=True)
class Example:
    """A sentence of the task, the answer, and the name that is not."""

    text: str
    answer: str
    subject: str


@dataclass(frozen=True)
class Language:
    """What prompts are made of in a language."""

    names: tuple[str, ...]
    templates: Sequence[str]
    fill: Callable[[str, str, str, str, random.Random], tuple[str, str]]
    example: Example
    may_meet: Callable[[str, str], bool] = lambda a, b: a != b

    def names_of(self, model: Model) -> list[str]:
        """Return the names that are one token of a model."""
        return [name for name in self.names if model.has_token(name)]


# Templates and pairs that the lecture's model has not seen in training.
SPANISH = Language(
    NAMES,
    HELD_OUT_TEMPLATES,
    fill_in_spanish,
    Example("Cuando María y Juan fueron al mercado, Juan le dio pan a", "María", "Juan"),
    kept_apart_and_different,
)
# The example is that of Wang et al. 2022, section 2.
ENGLISH = Language(
    english.NAMES,
    english.TEMPLATES,
    english.fill,
    Example("When Mary and John went to the store, John gave a drink to", "Mary", "John"),
)


def language_of(model: Model) -> Language:
    """Return the language with the larger share of names that are one token of a model; Spanish in a tie."""
    return max((SPANISH, ENGLISH), key=lambda language: len(language.names_of(model)) / len(language.names))


def speaks_spanish(model: Model) -> bool:
    """Whether Spanish is the language of a model's prompts."""
    return language_of(model) is SPANISH


def example(model: Model, text: str = "", answer: str = "", subject: str = "") -> Example:
    """Return the sentence that is shown of a model: one's own, or where none is given that of the model's language.

    Raises ValueError for a sentence of one's own without its answer and the other name.
    """
    if text and not (answer and subject):
        raise ValueError(f"expected with {text!r} the word that should come next, and another one to compare")
    return Example(text, answer, subject) if text else language_of(model).example


def prompts(model: Model, n: int, seed: int, templates: Sequence[str] | None = None) -> Prompts:
    """Return n prompts in the language of the model, from its templates or the given ones, with names of one token.

    Raises ValueError where fewer than two names are one token, or a prompt is longer than the context.
    """
    language = language_of(model)
    names = language.names_of(model)
    pairs = [(a, b) for a in names for b in names if language.may_meet(a, b)]
    if not pairs:
        raise ValueError(
            f"expected names that are one token of {model.name}, got {len(names)} of {len(language.names)}"
        )
    draw = random.Random(seed)
    drawn = list(_draw(n, pairs, templates or language.templates, language.fill, draw))
    # Spaced, so that a name at the beginning is the same token as elsewhere.
    rows = [model.tokenize(model.spaced(text)) for text, _, _ in drawn]
    longest = max(map(len, rows))
    if longest > model.config.n_ctx:
        raise ValueError(f"expected prompts of at most {model.config.n_ctx} tokens, got {longest}")
    padded = [row + [row[0]] * (longest - len(row)) for row in rows]
    io = [model.token(answer) for _, answer, _ in drawn]
    subject = [model.token(giver) for _, _, giver in drawn]
    where = {
        "IO": [row.index(token) for row, token in zip(rows, io, strict=True)],
        "S1": [row.index(token) for row, token in zip(rows, subject, strict=True)],
        "S2": [len(row) - 1 - row[::-1].index(token) for row, token in zip(rows, subject, strict=True)],
        "END": [len(row) - 1 for row in rows],
    }
    tensor = partial(torch.tensor, device=model.device)
    positions = {name: tensor(at) for name, at in where.items()}
    return Prompts(tensor(padded), tensor(io), tensor(subject), positions, [text for text, _, _ in drawn])


class Corruption(Enum):
    """How a prompt is changed so that its answer is another, or none."""

    SWAPPED = "the other of the two gives: the answer is the former subject"
    UNREPEATED = "somebody else gives: no name is repeated"
    STRANGERS = "three other names, none of them repeated"


def corrupted(model: Model, prompts: Prompts, how: Corruption, seed: int = 0) -> Int[Tensor, "prompt pos"]:
    """Return the prompts with names replaced, token by token, so that nothing else differs.

    Raises ValueError where the model has too few names of one token.
    """
    names = [model.token(name) for name in language_of(model).names_of(model)]
    if how is not Corruption.SWAPPED and len(names) < 5:
        raise ValueError(f"expected at least 5 names that are one token of {model.name}, got {len(names)}")
    draw = random.Random(seed)
    tokens = prompts.tokens.clone()
    for row, (io, s) in enumerate(zip(prompts.io.tolist(), prompts.subject.tolist(), strict=True)):
        others = draw.sample([name for name in names if name not in (io, s)], 3) if len(names) >= 5 else []
        new = {
            Corruption.SWAPPED: {"S2": io},
            Corruption.UNREPEATED: {"S2": others[0] if others else io},
            Corruption.STRANGERS: dict(zip(("IO", "S1", "S2"), others, strict=False)),
        }[how]
        for position, name in new.items():
            tokens[row, prompts.positions[position][row]] = name
    return tokens


def aligned(prompts: Prompts) -> Prompts:
    """Return those of the prompts whose names and end are at the same positions as those of the first."""
    same = torch.stack([at == at[0] for at in prompts.positions.values()]).all(0)
    return prompts[same.nonzero().flatten()]


def _draw(
    n: int,
    pairs: Sequence[tuple[str, str]],
    templates: Sequence[str],
    fill: Callable[[str, str, str, str, random.Random], tuple[str, str]],
    draw: random.Random,
) -> Iterator[tuple[str, str, str]]:
    """Yield n texts, each with its answer and its giver; each name gives as often as it receives."""
    for _ in range(n):
        a, b = draw.choice(pairs)
        giver = draw.choice((a, b))
        text, answer = fill(draw.choice(templates), a, b, giver, draw)
        yield text, answer, giver
