"""Compiled pieces of a template, kept between builds: compiling takes longer than all the rest of rendering it."""

from __future__ import annotations

import hashlib
import importlib.util
import marshal
from pathlib import Path

import babel
import jinja2

from lectern import kept
from lectern.deck.pieces import Compiled


class CompiledPieces:
    """The file in which the pieces of one template in one language are kept."""

    def __init__(self, path: Path, language: str, tell: kept.Tell) -> None:
        self._path, self._tell = path, tell
        versions = (importlib.util.MAGIC_NUMBER, jinja2.__version__, babel.__version__)
        self._made_with = repr((*versions, language, _engine()))
        self._read: dict[str, Compiled] = {}

    def read(self) -> dict[str, Compiled]:
        """Return the pieces that were kept, by their text, unless compiling them now might give others."""
        content = kept.read(self._path, self._tell)
        made_with, pieces = marshal.loads(content) if content else ("", {})
        if made_with == self._made_with:
            self._read = {text: Compiled(*fields) for text, fields in pieces.items()}
        return self._read

    def write(self, pieces: dict[str, Compiled]) -> None:
        """Keep pieces, if they differ from those that were read."""
        if pieces.keys() != self._read.keys():
            fields = {text: (piece.code, piece.named) for text, piece in pieces.items()}
            kept.write(self._path, marshal.dumps((self._made_with, fields)), self._tell)


def _engine() -> str:
    """Return a digest of the code that compiles pieces: this package."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()
