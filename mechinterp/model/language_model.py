"""A language model: a transformer with its tokenizer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import torch
from jaxtyping import Float, Int
from tokenizers import Tokenizer
from torch import Tensor

from mechinterp.model.transformer import Cache, Config, Tap, Transformer, no_tap

FLOPS = 6e12  # that a measurement of a figure may take: about a minute of one core
AT_LEAST = 16  # prompts


TapFor = Callable[[Int[Tensor, " some"]], Tap]


@dataclass(eq=False)
class Model:
    """A transformer that reads text."""

    name: str
    transformer: Transformer
    tokenizer: Tokenizer
    bos: int | None  # the beginning-of-text token, put before every prompt, if the model was trained with one

    @property
    def config(self) -> Config:
        """The transformer's configuration."""
        return self.transformer.config

    @property
    def device(self) -> torch.device:
        """Where the transformer computes: on the CPU, or on a GPU."""
        return self.transformer.device

    def __call__(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch pos d_vocab"]:
        """Return the logits of the next token at each position."""
        return self.transformer.forward(tokens)

    def next_logits(self, tokens: Int[Tensor, "batch pos"]) -> Float[Tensor, "batch d_vocab"]:
        """Return the logits of what comes after each prompt; those at other positions are not computed."""
        return self.transformer.next_logits(tokens)

    def run_with_cache(
        self, tokens: Int[Tensor, "batch pos"], names: Iterable[str] | None = None
    ) -> tuple[Float[Tensor, "batch pos d_vocab"], Cache]:
        """Return the logits, and the tensors at all hook points, or at those named."""
        return self.transformer.run_with_cache(tokens, names)

    def log_probs_of_next(
        self, tokens: Int[Tensor, "batch pos"], tap_for: TapFor = lambda _: no_tap
    ) -> Float[Tensor, "batch next"]:
        """Return the log-probability, in nats, that the model gives to each token but the first.

        As many prompts at a time as fit into memory; `tap_for` gives the tap of the prompts with some indices.
        """
        of_logits = (
            4 * 3 * self.config.d_vocab * tokens.shape[1]
        )  # logits, log-probabilities, and what is in between
        size = max(
            1, self.transformer.memory // (of_logits + self.config.bytes_of_activations(tokens.shape[1]) // 4)
        )
        found = []
        for some in torch.arange(len(tokens)).split(size):
            log_probs = self.transformer.forward(tokens[some], tap_for(some))[:, :-1].log_softmax(-1)
            found.append(log_probs.gather(-1, tokens[some, 1:, None]).squeeze(-1))
        return torch.cat(found)

    def affordable(
        self, most: int, runs: int | float = 1, n_positions: int = 20, at_least: int = AT_LEAST
    ) -> int:
        """Return how many prompts can be run `runs` times within about a minute of one core: `most`, or fewer.

        So that a small model is measured on many prompts, and a large one in the same time, on `at_least` or more.
        """
        return min(most, max(at_least, int(FLOPS / (runs * self.config.flops(n_positions)))))

    def tokens(self, texts: str | Sequence[str]) -> Int[Tensor, "batch pos"]:
        """Return prompts as tokens, one per row, each after the beginning-of-text token.

        Raises ValueError where prompts have different numbers of tokens, or more than fit into the context.
        """
        texts = [texts] if isinstance(texts, str) else texts
        rows = [
            self.start + e.ids for e in self.tokenizer.encode_batch(list(texts), add_special_tokens=False)
        ]
        if not rows:
            raise ValueError("expected at least one prompt, got none")
        lengths = {len(row) for row in rows}
        if len(lengths) > 1:
            raise ValueError(f"expected prompts of the same number of tokens, got {sorted(lengths)}")
        if max(lengths) > self.config.n_ctx:
            raise ValueError(f"expected at most {self.config.n_ctx} tokens, got {max(lengths)}")
        return torch.tensor(rows, device=self.device)

    def strings(self, tokens: Int[Tensor, " pos"]) -> list[str]:
        """Return each token of a prompt as text."""
        return [self.string(token) for token in tokens.tolist()]

    def string(self, token: int) -> str:
        """Return a token as text; the beginning-of-text token by its own name."""
        if token == self.bos:
            return self.tokenizer.id_to_token(token) or ""
        return self.tokenizer.decode([token], skip_special_tokens=False)

    def token(self, word: str) -> int:
        """Return the token of a word that follows a space; raise ValueError where it is several."""
        ids = self._word(word)
        if len(ids) != 1:
            pieces = [self.tokenizer.id_to_token(i) for i in ids]
            raise ValueError(f"expected {word!r} to be one token of {self.name}, got {len(ids)}: {pieces}")
        return ids[0]

    def first_token(self, word: str) -> int:
        """Return the first token of a word that follows a space."""
        return self._word(word)[0]

    def has_token(self, word: str) -> bool:
        """Whether a word that follows a space is one token."""
        return len(self._word(word)) == 1

    def _word(self, word: str) -> list[int]:
        return self.tokenizer.encode(self.spaced(word.strip()), add_special_tokens=False).ids

    def spaced(self, text: str) -> str:
        """Return a text with a space before it, so that its first word is tokenized as within a text.

        Tokenizers of SentencePiece's kind put the space there themselves.
        """
        first = self.tokenizer.encode("a", add_special_tokens=False).tokens[0]
        return text if first.startswith("▁") else f" {text}"

    def tokenize(self, text: str) -> list[int]:
        """Return the tokens of a text of any length, after the beginning-of-text token."""
        return self.start + self.tokenizer.encode(text, add_special_tokens=False).ids

    @property
    def start(self) -> list[int]:
        """What comes before every prompt: the beginning-of-text token, or nothing."""
        return [] if self.bos is None else [self.bos]
