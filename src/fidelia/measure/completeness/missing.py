"""Completeness: are values missing as often, and together, as in train?"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.result import Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws, resplit_sd
from fidelia.measure.values import missing

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Mask = NDArray[np.bool_]

SHOWN, FEWEST = 10, 10


def _mask(table: Table) -> Mask:
    """Return which cells are missing, ``(n, columns)``, ids and texts included."""
    if not table.schema.names:
        raise NotApplicable("UNSUPPORTED_TYPE", "the table has no columns")
    return np.column_stack([missing(table[name]) for name in table.schema.names])


def rates(case: Case) -> Result:
    """CMP02: the difference of missing rates between synthetic and train, absolute, mean over columns."""
    side = case.contrast
    train, synthetic, fresh = (_mask(t) for t in (side.case.train, side.case.synthetic, side.case.unseen))
    rng = case.rng.child("CMP02")
    value = float(np.mean([_gap(train, synthetic[rows]) for rows in draws(rng, len(synthetic), side.rows)]))
    real = float(np.mean([_gap(train, fresh[rows]) for rows in draws(rng.child("fresh"), len(fresh), side.rows)]))
    sd = float(resplit_sd(rng, np.concatenate([train, fresh]), side.rows, _gap))
    whole, known = _mask(case.train), None if case.holdout is None else _mask(case.holdout).mean(axis=0)
    columns = [
        {
            "column": name,
            "train": whole[:, i].mean(),
            "synthetic": synthetic[:, i].mean(),
            "holdout": None if known is None else known[i],
        }
        for i, name in enumerate(case.schema.names)
    ]
    return Result(
        value=value,
        interval=normal(value, max(sd, _sampling(synthetic, side.rows)), 0.0, 1.0),
        reference=side.reference(real, sd),
        n=side.sizes,
        caveats=side.caveats,
        breakdown={
            "columns": columns,
            "cells": {"train": whole.mean(), "synthetic": synthetic.mean()},
            "full": _gap(whole, synthetic),
        },
    )


def _gap(a: Mask, b: Mask) -> float:
    return float(np.abs(a.mean(axis=0) - b.mean(axis=0)).mean())


def _sampling(mask: Mask, m: int) -> float:
    """Return the standard error of the mean over columns of m rows' missing rates."""
    return float(mask.mean(axis=1).std() / np.sqrt(m))


def patterns(case: Case) -> Result:
    """CMP03: total variation between the distributions of the rows' patterns of missing cells."""
    side = case.contrast
    masks = [_mask(t) for t in (side.case.train, side.case.synthetic, side.case.unseen)]
    distinct, codes = np.unique(np.packbits(np.concatenate(masks), axis=1), axis=0, return_inverse=True)
    train, synthetic, fresh = np.split(codes.ravel(), np.cumsum([len(mask) for mask in masks])[:-1])
    rng = case.rng.child("CMP03")

    def distance(a: NDArray[Any], b: NDArray[Any]) -> float:
        return float(np.abs(_shares(a, len(distinct)) - _shares(b, len(distinct))).sum() / 2)

    value = float(np.mean([distance(train, synthetic[rows]) for rows in draws(rng, len(synthetic), side.rows)]))
    real = float(np.mean([distance(train, fresh[rows]) for rows in draws(rng.child("fresh"), len(fresh), side.rows)]))
    sd = float(resplit_sd(rng, np.concatenate([train, fresh]), side.rows, distance))
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=side.reference(real, sd),
        n=side.sizes,
        caveats=side.caveats,
        breakdown={
            "patterns": _table(case, distinct, train, synthetic, fresh),
            "full": distance(train, synthetic),
        },
    )


def _shares(codes: NDArray[Any], size: int) -> NDArray[np.float64]:
    return np.asarray(np.bincount(codes, minlength=size) / max(len(codes), 1))


def _table(
    case: Case, distinct: NDArray[np.uint8], train: NDArray[Any], synthetic: NDArray[Any], fresh: NDArray[Any]
) -> list[dict[str, Any]]:
    """Return the largest patterns that ten train rows or more have; the rest is joined."""
    names = case.schema.names
    bits = np.unpackbits(distinct, axis=1)[:, : len(names)].astype(bool)
    count = np.bincount(train, minlength=len(distinct))
    kept = [int(c) for c in np.argsort(-count, kind="stable")[:SHOWN] if count[c] >= FEWEST]
    sides = {"train": train, "synthetic": synthetic, "holdout": fresh if case.holdout is not None else None}
    shares = {k: None if v is None else _shares(v, len(distinct)) for k, v in sides.items()}
    lines: list[dict[str, Any]] = [
        {"missing": [n for n, gone in zip(names, bits[c], strict=True) if gone]}
        | {side: None if s is None else s[c] for side, s in shares.items()}
        for c in kept
    ]
    if len(kept) < len(distinct):
        lines.append(
            {"missing": ["(other patterns)"]}
            | {side: None if s is None else max(0.0, 1 - s[kept].sum()) for side, s in shares.items()}
        )
    return lines
