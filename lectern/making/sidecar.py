"""The JSON file beside each picture: what it was made from, what it offers, what it took."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.figure import Claim
from lectern.making.store import claims_from

IMAGES = ("svg", "png")


@dataclass(frozen=True)
class Sidecar:
    """All that is known of a made figure. Parts are those of lectern.sources.keys.Key."""

    figure: str
    key: str  # digest of both steps' parts
    parts: Mapping[str, Mapping[str, str]]  # by step
    data: str  # digest of what compute returned
    parameters: Mapping[str, Any]
    values: Mapping[str, Any]
    claims: Mapping[str, Claim]
    alt: str
    model: str | None
    seed: int | None
    versions: Mapping[str, str]
    seconds: Mapping[str, float]
    images: Mapping[str, str]  # digest of each picture, by format


def read_sidecar(path: Path) -> Sidecar | None:
    """Return the sidecar at `path`, or None where there is none that this version wrote."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        return Sidecar(**{**stored, "claims": claims_from(stored["claims"])})
    except (OSError, ValueError, TypeError, KeyError):
        return None


def publish(stem: Path, sidecar: Sidecar, images: Mapping[str, bytes]) -> None:
    """Write pictures and sidecar beside each other, the sidecar last.

    Interrupted in between, the old sidecar's digests do not fit the new pictures, so the figure counts as stale.
    """
    for format_, content in images.items():
        atomic.write(with_suffix(stem, format_), content)
    claims = {name: {**asdict(claim), "holds": claim.holds} for name, claim in sidecar.claims.items()}
    content = {**asdict(sidecar), "claims": claims}
    atomic.write(
        with_suffix(stem, "json"), (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()
    )


def with_suffix(stem: Path, suffix: str) -> Path:
    """Return `stem` with a suffix added; figure names may hold dots."""
    return stem.with_name(f"{stem.name}.{suffix}")


def digest_bytes(content: bytes) -> str:
    """Return the digest by which a picture is known."""
    return hashlib.sha256(content).hexdigest()[:16]
