"""What was made, kept by key, so that going back to an earlier state computes and draws nothing.

KEY.json describes data and KEY.data holds them; KEY.report holds values, claims and alt text; KEY.drawn describes
pictures, and KEY.svg and KEY.png are the pictures. Each file can be there without the others, and is checked by itself.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lectern import kept
from lectern.figure import Claim
from lectern.sources.stamps import digest_bytes

BOUND = 1 << 30  # bytes; what was not used for longest goes first


@dataclass(frozen=True)
class Computed:
    """A description of data, without the data."""

    digest: str
    seconds: float
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Reported:
    """What a figure reports: values for the prose, claims, alt text."""

    result: str  # digest of data, values, claims and alt text together
    values: Mapping[str, Any]
    claims: Mapping[str, Claim]
    alt: str
    seconds: float  # 0 where `compute` reported
    versions: Mapping[str, str]


@dataclass(frozen=True)
class Drawn:
    """A description of a figure's pictures: their digests by format, and what drawing them took."""

    images: Mapping[str, str]
    seconds: float
    versions: Mapping[str, str]


def claims_from(stored: Mapping[str, Mapping[str, Any]]) -> dict[str, Claim]:
    """Return claims as they were before they were written down."""
    return {
        name: Claim(**{field: value for field, value in claim.items() if field != "holds"})
        for name, claim in stored.items()
    }


class Store:
    """A folder of what was made. Where it cannot be written, what would be in it is kept in memory."""

    def __init__(self, folder: Path, tell: kept.Tell = lambda _: None) -> None:
        self._folder = folder
        self._tell = tell
        self._unwritten: dict[str, bytes] = {}

    def computed(self, key: str) -> Computed | None:
        """Return the description of the data of `key`, or None where there is none."""
        with contextlib.suppress(ValueError, TypeError):
            return Computed(**json.loads(self._read(f"{key}.json") or b""))
        return None

    def reported(self, key: str) -> Reported | None:
        """Return what was reported under `key`, or None where it is not kept."""
        with contextlib.suppress(ValueError, TypeError, KeyError, AttributeError):
            stored = json.loads(self._read(f"{key}.report") or b"")
            return Reported(**{**stored, "claims": claims_from(stored["claims"])})
        return None

    def data(self, key: str) -> bytes | None:
        """Return the data of `key`, or None where they are not kept."""
        return self._read(f"{key}.data")

    def has_data(self, key: str) -> bool:
        """Whether there are such data, damaged or not."""
        return f"{key}.data" in self._unwritten or (self._folder / f"{key}.data").exists()

    def put(self, key: str, computed: Computed, content: bytes | None = None) -> None:
        """Keep a description of data, and the data where they are given."""
        if content is not None:
            self._write(f"{key}.data", content)
        self._write(f"{key}.json", json.dumps(asdict(computed)).encode())

    def put_reported(self, key: str, reported: Reported) -> None:
        """Keep what a figure reports."""
        self._write(f"{key}.report", json.dumps(asdict(reported)).encode())

    def drawn(self, key: str) -> tuple[Drawn, dict[str, bytes]] | None:
        """Return the pictures that were drawn for `key`, or None where not all of them are kept."""
        with contextlib.suppress(ValueError, TypeError, KeyError):
            drawn = Drawn(**json.loads(self._read(f"{key}.drawn") or b""))
            images = {format_: self._read(f"{key}.{format_}") or b"" for format_ in drawn.images}
            if {format_: digest_bytes(image) for format_, image in images.items()} == drawn.images:
                return drawn, images
        return None

    def put_drawn(self, key: str, drawn: Drawn, images: Mapping[str, bytes]) -> None:
        """Keep pictures."""
        for format_, image in images.items():
            self._write(f"{key}.{format_}", image)
        self._write(f"{key}.drawn", json.dumps(asdict(drawn)).encode())

    def prune(self, bound: int = BOUND) -> tuple[int, int]:
        """Drop what was not used for longest, until the rest is no more than `bound` bytes.

        Returns how many files went, and how many bytes are left.
        """
        dropped, left = 0, 0
        with contextlib.suppress(OSError):
            found = [(path.stat(), path) for path in self._folder.iterdir() if path.is_file()]
            for status, path in sorted(found, key=lambda entry: -entry[0].st_mtime_ns):
                if left + status.st_size <= bound:
                    left += status.st_size
                else:
                    path.unlink(missing_ok=True)
                    dropped += 1
        return dropped, left

    def _read(self, name: str) -> bytes | None:
        if name in self._unwritten:
            return self._unwritten[name]
        content = kept.read(self._folder / name, self._tell)
        with contextlib.suppress(OSError):
            os.utime(self._folder / name)  # it was used
        return content

    def _write(self, name: str, content: bytes) -> None:
        if not kept.write(self._folder / name, content, self._tell):
            self._unwritten[name] = content
