"""What a path leads from and to: its senders, its receivers, and what carries the change between them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import Enum

from mechinterp.attention.composition import Input
from mechinterp.attention.heads import Head
from mechinterp.model.transformer import Transformer


class Between(Enum):
    """What carries a change from the sender to the receivers."""

    DIRECT = "the residual stream alone"
    MLPS = "the residual stream, and MLPs that read it"


class Reading(Enum):
    """What receivers read, where there are several."""

    TOGETHER = "what the sender changed, and what earlier receivers then did differently"
    APART = "what the sender changed, in a run that is otherwise the base run: Wang et al.'s choice"


@dataclass(frozen=True)
class MLP:
    """The MLP of a layer."""

    layer: int


@dataclass(frozen=True)
class Embedding:
    """What the embeddings of token and position write: the residual stream before the first layer."""


@dataclass(frozen=True)
class HeadInput:
    """The queries, keys or values of a head."""

    head: Head
    input: Input


@dataclass(frozen=True)
class Final:
    """The residual stream after the last layer."""


Sender = Head | MLP | Embedding
Receiver = HeadInput | MLP | Final


def layer_of(receiver: Receiver, n_layers: int) -> int:
    """Return the layer of a receiver; for the final residual stream, the one after the last."""
    if isinstance(receiver, HeadInput):
        return receiver.head.layer
    return receiver.layer if isinstance(receiver, MLP) else n_layers


def comes_before(sender: Sender, receiver: Receiver, transformer: Transformer) -> bool:
    """Whether a receiver can read a sender: it is of a later layer, or the MLP after the sender's attention."""
    if isinstance(sender, Embedding):
        return True
    layer = layer_of(receiver, transformer.config.n_layers)
    within = isinstance(sender, Head) and isinstance(receiver, MLP) and not transformer.config.parallel
    return sender.layer < layer or (within and sender.layer == layer)


def check_parts(transformer: Transformer, parts: Iterable[object]) -> None:
    """Raise ValueError where one of the parts is a head or an MLP that the model does not have."""
    config = transformer.config
    for part in parts:
        if isinstance(part, MLP) and not 0 <= part.layer < config.n_layers:
            raise ValueError(f"expected an MLP of a layer below {config.n_layers}, got {part.layer}")
        if isinstance(part, Head) and not (
            0 <= part.layer < config.n_layers and 0 <= part.index < config.n_heads
        ):
            raise ValueError(
                f"expected a head of {config.n_layers} layers of {config.n_heads} heads, got {part}"
            )


def check_paths(transformer: Transformer, senders: Sequence[Sender], receivers: Sequence[Receiver]) -> None:
    """Raise ValueError where a head or a layer does not exist, or no sender comes before a receiver."""
    config = transformer.config
    check_parts(transformer, [*senders, *(r.head if isinstance(r, HeadInput) else r for r in receivers)])
    if any(isinstance(r, HeadInput) and r.input is not Input.Q for r in receivers) and (
        len(transformer.blocks[0].W_K) != config.n_heads
    ):
        raise ValueError("expected keys and values of each head's own, got a model whose heads share them")
    if not senders or not receivers:
        raise ValueError(f"expected senders and receivers, got {len(senders)} and {len(receivers)}")
    if not any(comes_before(s, r, transformer) for s in senders for r in receivers):
        raise ValueError("expected a sender before a receiver: no path leads from any to any")
