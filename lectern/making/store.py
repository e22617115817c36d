"""Results of `compute`, kept by key, so that a restyle, or going back to an earlier state, runs no model."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.figure import Claim

KEPT = 300  # results; the longest unused go first


@dataclass(frozen=True)
class Computed:
    """What is known of a result without reading its data."""

    digest: str
    values: Mapping[str, Any]
    claims: Mapping[str, Claim]
    alt: str
    seconds: float
    versions: Mapping[str, str]


def claims_from(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Claim]:
    """Return claims as they were before they were written down."""
    return {
        name: Claim(**{field: value for field, value in claim.items() if field != "holds"})
        for name, claim in stored.items()
    }


class Store:
    """A folder with two files a result: KEY.json (what it offers) and KEY.data (its data)."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, key: str) -> Computed | None:
        """Return what is known of the result of `key`, or None where it is not kept whole."""
        try:
            stored = json.loads((self._folder / f"{key}.json").read_text(encoding="utf-8"))
            os.utime(self._folder / f"{key}.data")
            return Computed(**{**stored, "claims": claims_from(stored["claims"])})
        except (OSError, ValueError, TypeError, KeyError):
            return None

    def data(self, key: str) -> bytes:
        """Return the data of a result that `get` found."""
        return (self._folder / f"{key}.data").read_bytes()

    def put(self, key: str, computed: Computed, content: bytes) -> None:
        """Keep a result; the data first, so that what `get` finds is whole."""
        atomic.write(self._folder / f"{key}.data", content)
        atomic.write(self._folder / f"{key}.json", json.dumps(asdict(computed)).encode())

    def prune(self) -> None:
        """Drop the results that were not used for longest, beyond KEPT."""
        with contextlib.suppress(OSError):
            found = sorted(self._folder.glob("*.data"), key=lambda path: path.stat().st_mtime, reverse=True)
            for path in found[KEPT:]:
                path.with_suffix(".json").unlink(missing_ok=True)
                path.unlink(missing_ok=True)
