"""Result: one number as plain data, beside the number that fresh real data gets."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

import numpy as np

from fidelia.errors import EmbeddingMismatch


class Direction(StrEnum):
    """Which way is better."""

    HIGHER = "higher"
    LOWER = "lower"
    ZERO = "target(0)"
    HALF = "target(0.5)"
    ONE = "target(1)"
    REFERENCE = "reference"
    INFO = "info"


@dataclass(frozen=True, slots=True)
class Reference:
    """What fresh real rows score on the same question, at the same number of rows.

    Parameters
    ----------
    value : float
        The mean score of real rows.
    sd : float or None
        Their spread from draw to draw: the noise floor.
    n : int
        Rows in each draw.
    kind : {"holdout", "train-split"}
        Rows the generator never saw, or (without a holdout) one half of train against the other.
    """

    value: float
    sd: float | None
    n: int
    kind: str


@dataclass(frozen=True, slots=True)
class Caveat:
    """A typed warning that belongs to a number: ``TIES``, ``NOT_PRIVACY_EVIDENCE``, ``REFERENCE_OPTIMISTIC`` ..."""

    code: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """One measurement.

    Parameters
    ----------
    value : float or None
        The score at the matched number of rows, so that it compares with `reference`.
    interval : (float, float) or None
        95 % interval of `value`.
    reference : Reference or None
        The score of fresh real rows.
    n : mapping of str to int
        Rows used on each side, e.g. ``{"train": 39073, "synthetic": 9769, "holdout": 9769}``.
    caveats : tuple of Caveat
        What to keep in mind.
    breakdown : mapping
        JSON values: curves, per-column and per-pair scores, p-values, the value at full size. No real value
        held by fewer than ten rows.
    rows : mapping of str to array
        Scores per row, aligned to the rows of the table that the name begins with: ``synthetic.alpha``,
        ``train.beta``. Never written to results.json.
    embedding : str or None
        Hash of the embedding that distances were taken in; results of different embeddings do not compare.
    code, name, category, direction : str
        Filled in by the catalog.
    """

    value: float | None
    interval: tuple[float, float] | None = None
    reference: Reference | None = None
    n: Mapping[str, int] = field(default_factory=dict)
    caveats: tuple[Caveat, ...] = ()
    breakdown: Mapping[str, Any] = field(default_factory=dict)
    rows: Mapping[str, np.ndarray] = field(default_factory=dict)
    code: str = ""
    name: str = ""
    category: str = ""
    direction: Direction = Direction.INFO
    embedding: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in results.json."""
        reference = self.reference
        return {
            "code": self.code,
            "name": self.name,
            "category": self.category,
            "value": plain(self.value),
            "interval": plain(self.interval),
            "reference": None
            if reference is None
            else {
                "value": plain(reference.value),
                "sd": plain(reference.sd),
                "n": reference.n,
                "kind": reference.kind,
            },
            "direction": str(self.direction),
            "n": dict(self.n),
            "caveats": [{"code": c.code, "text": c.text} for c in self.caveats],
            "embedding": self.embedding,
            "breakdown": plain(self.breakdown),
        }


def comparable(*results: Result) -> None:
    """Refuse results of one metric whose distances were taken in different embeddings.

    Raises
    ------
    EmbeddingMismatch
    """
    hashes = {result.embedding for result in results if result.embedding}
    if len(hashes) > 1:
        codes = ", ".join(dict.fromkeys(result.code for result in results if result.embedding))
        raise EmbeddingMismatch(
            f"scores of {codes} were taken in different embeddings ({', '.join(sorted(h[:8] for h in hashes))}), whose "
            "distances do not compare: measure both sets beside the same train table, with the same embedding"
        )


def plain(value: Any) -> Any:
    """Return `value` as JSON knows it: numpy becomes Python, NaN and infinities become null."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, np.ndarray):
        return plain(value.tolist())
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, np.generic):
        return plain(value.item())
    if isinstance(value, float):
        return float(f"{value:.7g}") if math.isfinite(value) else None
    return value
