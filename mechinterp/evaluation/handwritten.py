"""Sentences written by hand, none of which the corpus contains, with the word that has to come next.

They are read from handwritten.txt, one a line: kind, prompt, answer, and a foil that would fit but for what the prompt
says.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Float
from torch import Tensor

from mechinterp.model.language_model import Model

FILES = ("mechinterp/evaluation/handwritten.txt",)  # the figures that read it are made anew when it changes
FILE = Path(__file__).with_name("handwritten.txt")


@dataclass(frozen=True)
class Sentence:
    """A prompt, the first word of its continuation, and a foil."""

    kind: str
    prompt: str
    answer: str
    foil: str


@dataclass(frozen=True, eq=False)
class Answers:
    """What a model says to some sentences, one value each."""

    sentences: list[Sentence]
    difference: Float[Tensor, " sentence"]  # logit of the answer minus that of the foil
    probability: Float[Tensor, " sentence"]  # of the answer


def sentences(kind: str) -> list[Sentence]:
    """Return the sentences of a kind, in the order of the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    rows = [line.split(" | ") for line in lines if line and not line.startswith("#")]
    return [Sentence(k, prompt.replace("␣", " "), *rest) for k, prompt, *rest in rows if k == kind]


def kinds() -> list[str]:
    """Return the kinds of sentences, in the order of the file."""
    lines = FILE.read_text(encoding="utf-8").splitlines()
    return list(dict.fromkeys(line.split(" | ")[0] for line in lines if line and not line.startswith("#")))


@torch.no_grad()
def answers(model: Model, asked: list[Sentence]) -> Answers:
    """Return what a model says to sentences; a word of several tokens counts by its first token.

    Raises ValueError where a prompt is longer than the context.
    """
    rows = [model.tokenize(sentence.prompt) for sentence in asked]
    longest = max(map(len, rows))
    padded = [row + [row[0]] * (longest - len(row)) for row in rows]
    ends = torch.tensor([len(row) - 1 for row in rows])
    each = torch.arange(len(asked))
    stream = model.transformer.stream(torch.tensor(padded, device=model.device))
    log_probs = model.transformer.unembed(stream[each, ends]).log_softmax(-1)
    right, wrong = (
        log_probs[each, [model.first_token(getattr(sentence, word)) for sentence in asked]]
        for word in ("answer", "foil")
    )
    return Answers(asked, right - wrong, right.exp())
