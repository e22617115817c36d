"""The JSON file beside each picture: what it was made from, what it offers, what it took."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from lectern import atomic
from lectern.figure import Claim
from lectern.making.store import Computed, Drawn, Reported, claims_from
from lectern.sources.code import digest_text

IMAGES = ("svg", "png")


@dataclass(frozen=True)
class Sidecar:
    """All that is known of a made figure. Parts are those of lectern.sources.keys.Key."""

    figure: str
    summary: str  # the first line of the script's docstring
    key: str  # digest of all steps' parts
    parts: Mapping[str, Mapping[str, str]]  # by step
    data: str  # digest of the data that compute returned
    result: str  # digest of the data, values, claims and alt text together
    parameters: Mapping[str, Any]
    values: Mapping[str, Any]
    claims: Mapping[str, Claim]
    alt: str  # empty where none was given
    fixtures: Mapping[str, str]  # what each that compute was given was, exactly
    versions: Mapping[str, str]
    seconds: Mapping[str, float]
    images: Mapping[str, str]  # digest of each picture, by format

    @property
    def description(self) -> str:
        """What the picture shows, in words."""
        return self.alt or self.summary

    @property
    def computed(self) -> Computed:
        """What it records about the data."""
        return Computed(self.data, self.seconds["compute"], self.versions)

    @property
    def reported(self) -> Reported:
        """What it records of values, claims and alt text."""
        seconds = self.seconds.get("report", 0.0)
        return Reported(self.result, self.values, self.claims, self.alt, seconds, self.versions)

    @property
    def drawn(self) -> Drawn:
        """What it records about the pictures."""
        return Drawn(self.images, self.seconds["draw"], self.versions)

    def says_what(self, other: Sidecar) -> bool:
        """Whether two agree in all but the time taken and the versions of libraries."""
        return replace(self, seconds=other.seconds, versions=other.versions) == other


def read_sidecar(path: Path) -> Sidecar | None:
    """Return the sidecar at `path`, or None where there is none, or not as a build wrote it."""
    try:
        stored = json.loads(path.read_text(encoding="utf-8"))
        if stored.pop("digest") != _digest(stored):
            return None
        return Sidecar(**{**stored, "claims": claims_from(stored["claims"])})
    except (OSError, ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return None


def written(sidecar: Sidecar) -> bytes:
    """Return a sidecar as it is on disk: the last entry is a digest of the others, however they are laid out."""
    claims = {name: {**asdict(claim), "holds": claim.holds} for name, claim in sidecar.claims.items()}
    content = {**asdict(sidecar), "claims": claims}
    content["digest"] = _digest(content)
    return (json.dumps(content, indent=1, ensure_ascii=False) + "\n").encode()


def publish(stem: Path, sidecar: Sidecar, images: Mapping[str, bytes]) -> dict[Path, bytes]:
    """Write pictures and sidecar beside each other, the sidecar last; return what was written.

    Interrupted in between, the old sidecar's digests do not fit the new pictures, so the figure counts as stale.
    """
    files = {with_suffix(stem, format_): content for format_, content in images.items()}
    files[with_suffix(stem, "json")] = written(sidecar)
    for path, content in files.items():
        atomic.write(path, content)
    return files


def with_suffix(stem: Path, suffix: str) -> Path:
    """Return `stem` with a suffix added; figure names may hold dots."""
    return stem.with_name(f"{stem.name}.{suffix}")


def _digest(content: Mapping[str, Any]) -> str:
    return digest_text(json.dumps(json.loads(json.dumps(content)), sort_keys=True))
