"""What an SAE is trained and evaluated on: the lecture's own texts, whose labels are known, or those of a file."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

import torch
from jaxtyping import Int
from torch import Tensor

from mechinterp.model.language_model import Model
from mechinterp.sae.labels import Labelled, labelled_texts
from mechinterp.text.corpus import N_CTX, draw_texts
from mechinterp.text.tokenizer import BOS, tokenize

DRAWN, TESTED = 4000, 800  # texts of the lecture's generator: to train on, and to evaluate on
LONGEST = 128  # tokens of a context, even if the model could read more
FEWEST = 64  # contexts that a file has to fill at least
MOST_TESTED = 64  # contexts of a file to evaluate on


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts to train on, others to evaluate on, and the labels of the latter if they are the lecture's."""

    trained: Int[Tensor, "text pos"]
    held_out: Int[Tensor, "other pos"]
    labelled: Labelled | None
    held_text: str | None = None  # the others as text, if they are a file's

    @property
    def digest(self) -> str:
        """A hash that identifies the training texts."""
        return hashlib.sha256(self.trained.cpu().numpy().tobytes()).hexdigest()[:16]


def lecture_texts(model: Model, seed: int) -> Texts:
    """Return texts of the lecture's generator, cut to the context; held-out texts have another seed.

    Raises ValueError where the model's tokenizer lacks the beginning-of-text token.
    """
    if model.tokenizer.token_to_id(BOS) is None:
        raise ValueError(
            f"the lecture's texts begin with {BOS}, which {model.name} does not know: give --texts FILE"
        )
    n_ctx = min(model.config.n_ctx, N_CTX)
    trained = tokenize(draw_texts(DRAWN, seed), model.tokenizer, n_ctx).to(model.device)
    labelled = labelled_texts(model.tokenizer, n_ctx, TESTED, seed + 1).to(model.device)
    return Texts(trained, labelled.tokens, labelled)


def file_texts(model: Model, path: Path) -> Texts:
    """Return a text packed into consecutive contexts, each after the beginning-of-text token.

    The last tenth of them, at most 64, is held out. Raises ValueError where the file is not UTF-8, or fills
    fewer than 64 contexts; OSError where it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise ValueError(f"{path} is not UTF-8 text ({error.reason} at byte {error.start})") from error
    contexts = packed(model, text, FEWEST, str(path))
    n_tested = min(len(contexts) // 10, MOST_TESTED)
    held_out = contexts[-n_tested:]
    held_text = model.tokenizer.decode(held_out[:, len(model.start) :].flatten().tolist())
    return Texts(contexts[:-n_tested], held_out, None, held_text)


def packed(model: Model, text: str, fewest: int, where: str) -> Int[Tensor, "text pos"]:
    """Return a text as consecutive contexts of LONGEST tokens or what the model reads, each after the beginning token.

    Raises ValueError, naming where the text is from, where it fills fewer than `fewest`.
    """
    n_start = len(model.start)
    room = min(model.config.n_ctx, LONGEST) - n_start
    tokens = model.tokenize(text)[n_start:]
    n = len(tokens) // room
    if n < fewest:
        raise ValueError(
            f"expected at least {fewest * room} tokens in {where}, {fewest} contexts of {room}, "
            f"got {len(tokens)}: give more text"
        )
    rows = torch.tensor(tokens[: n * room], device=model.device).view(n, room)
    return torch.cat((rows.new_tensor(model.start).expand(n, -1), rows), dim=1)
