"""Sentences of the deck that rest on claims: `[% claim figures.NAME.claims.CLAIM %]sentence[% endclaim %]`.

The sentence may stand on lines of its own between the tags; on the slide it joins the text around it.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from jinja2 import nodes
from jinja2.ext import Extension
from jinja2.parser import Parser

from lectern.errors import DeckError
from lectern.figure import Claim

# A line with text outside its tags that ends with the end of a condition or a loop.
ENDS_TEXT = re.compile(r"(?m)^((?:[ \t]*\[%[^\n]*?%\])*[ \t]*(?!\[%)\S[^\n]*\[%\s*end(?:if|for)\s*)%\]$")


@dataclass(frozen=True)
class NamedClaim:
    """A claim with its figure and its name."""

    figure: str
    name: str
    claim: Claim

    def __str__(self) -> str:
        return f"{self.figure}.{self.name}: {self.claim}"


@dataclass(frozen=True)
class Stated:
    """A sentence on a slide and the claim it rests on."""

    claim: NamedClaim
    sentence: str
    slide: int | None = None  # None in a slide's notes

    @property
    def where(self) -> str:
        """Return where the sentence stands."""
        return "notes" if self.slide is None else f"slide {self.slide}"


class ClaimTag(Extension):
    """Marks the sentence in the page, and appends it to the environment's `stated` list."""

    tags = {"claim"}  # noqa: RUF012

    def preprocess(self, source: str, name: str | None, filename: str | None = None) -> str:
        """Keep the line break after `endclaim`, except after a tag alone on its line that more text follows.

        The environment drops the line break after every tag: a paragraph that ends with a claim would run into
        the next one, or into the rule that ends the slide. So would a line of text that ends with any other end.
        """
        source = ENDS_TEXT.sub(r"\1+%]", source)
        source = re.sub(r"(\bendclaim\s*)%\]", r"\1+%]", source)
        return re.sub(r"(?m)^([ \t]*\[%\s*endclaim\s*)\+%\](?=\n[ \t]*\S)", r"\1%]", source)

    def parse(self, parser: Parser) -> nodes.Node:
        """Parse the tag: one expression, then the sentence."""
        line = next(parser.stream).lineno
        claim = parser.parse_expression()
        body = parser.parse_statements(("name:endclaim",), drop_needle=True)
        call = self.call_method("_state", [claim])
        return nodes.CallBlock(call, [], [], body).set_lineno(line)

    def _state(self, claim: NamedClaim, caller: Callable[[], str]) -> str:
        if not isinstance(claim, NamedClaim):
            remedy = "name one of a figure's claims: figures.NAME.claims.CLAIM"
            raise DeckError(f"a sentence has to rest on a claim, and this is none: {claim!r}", remedy=remedy)
        body = caller()
        sentence = re.sub(r"[ \t\r\n]+", " ", body).strip(" ")  # spaces that do not break stay as they are
        stated: list[Stated] = self.environment.stated  # type: ignore[attr-defined]
        stated.append(Stated(claim, sentence))
        return f'<span class="claim" data-claim="{len(stated)}">{sentence}</span>' + (
            " " if body[-1:].isspace() else ""
        )


def placed(stated: list[Stated], slides: tuple[str, ...]) -> list[Stated]:
    """Return the sentences with the numbers of their slides."""
    if not stated:
        return []
    numbers = {
        int(mark): slide
        for slide, html in enumerate(slides, start=1)
        if "data-claim" in html
        for mark in re.findall(r'data-claim="(\d+)"', html)
    }
    return [replace(item, slide=numbers.get(i)) for i, item in enumerate(stated, start=1)]


def failures(stated: Iterable[Stated], claims: Iterable[NamedClaim], shown: str) -> list[str]:
    """Return which claims do not hold: first those of sentences, with their slides, then the figures' others."""
    failing = [item for item in stated if not item.claim.claim.holds]
    named = {item.claim for item in failing}
    stated_ones = [f"{shown}, {item.where}: «{item.sentence}» rests on {item.claim}" for item in failing]
    return stated_ones + [f"{claim}" for claim in claims if not claim.claim.holds and claim not in named]
