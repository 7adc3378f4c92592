"""Histograms and bars of columns that show no real value held by fewer than ten rows."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.schema.kinds import Kind

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]

FEWEST = 10
BINS = 24
BARS = 20


def histogram(values: Values) -> dict[str, Any] | None:
    """Return edges and shares of a continuous column; the outer bins are open, so that no extreme shows.

    None where fewer than twenty real rows have a value.
    """
    edges = _edges(values)
    if len(edges) < 2:
        return None
    sides = {side: getattr(values, side) for side in ("train", "synthetic", "holdout")}
    counts = {side: None if array is None else _counts(array, edges) for side, array in sides.items()}
    edges, counts = _merged(edges, counts)
    out: dict[str, Any] = {"edges": edges}
    if values.kind is Kind.DATETIME:
        out["edge_labels"] = [_date(edge) for edge in edges]
    return out | {side: None if c is None else c / max(c.sum(), 1) for side, c in counts.items()}


def _edges(values: Values) -> Floats:
    """Return edges between train's 1 % and 99 % quantiles, rounded so that none is a real row's value."""
    real = values.train[~np.isnan(values.train)]
    if len(real) < 2 * FEWEST:
        return np.array([])
    low, high = np.quantile(real, [0.01, 0.99])
    if values.kind is Kind.DATETIME:
        days = np.unique(np.floor(np.linspace(low, high, BINS + 1) / 864e8) * 864e8)
        return days if len(days) > 1 else np.array([days[0], days[0] + 864e8])
    if low == high:  # nearly all rows share the value, so it belongs to nobody
        return np.array([low, low + 1.0])
    step = _rounded((high - low) / BINS)
    if values.kind is Kind.INTEGER:
        step = max(1.0, np.ceil(step))
    first = np.floor(low / step)
    return np.asarray((first + np.arange(np.ceil(high / step) - first + 1)) * step)


def _rounded(step: float) -> float:
    """Return the next 1, 2 or 5 times a power of ten."""
    unit = 10.0 ** np.floor(np.log10(step))
    return float(next(unit * m for m in (1, 2, 5, 10) if unit * m >= step * (1 - 1e-9)))


def _counts(array: Floats, edges: Floats) -> Floats:
    """Count per bin; values beyond the edges belong to the outer bins."""
    present = array[~np.isnan(array)]
    bins = max(len(edges) - 1, 1)
    place = np.clip(np.searchsorted(edges, present, side="right") - 1, 0, bins - 1)
    return np.bincount(place, minlength=bins).astype(np.float64)


def _merged(edges: Floats, counts: dict[str, Floats | None]) -> tuple[Floats, dict[str, Floats | None]]:
    """Join bins until each holds at least ten rows, or none, of each real table."""
    while len(edges) > 2:
        real = [c for side, c in counts.items() if side != "synthetic" and c is not None]
        few = np.flatnonzero(np.any([(c > 0) & (c < FEWEST) for c in real], axis=0))
        if not len(few):
            break
        at = int(few[0])
        left = at - 1 if at > 0 else at
        edges = np.delete(edges, left + 1)
        counts = {side: None if c is None else _joined(c, left) for side, c in counts.items()}
    return edges, counts


def _joined(counts: Floats, left: int) -> Floats:
    out = np.delete(counts, left + 1)
    out[left] += counts[left + 1]
    return np.asarray(out)


def _date(edge: float) -> str:
    return datetime.fromtimestamp(edge / 1e6, tz=UTC).date().isoformat()


def bars(values: Values) -> dict[str, Any]:
    """Return at most twenty bars: levels of ten real rows or more, largest first, then what is left, joined."""
    sides = {side: getattr(values, side) for side in ("train", "synthetic", "holdout")}
    counts = {
        side: None if codes is None else np.bincount(codes, minlength=values.codes).astype(np.float64)
        for side, codes in sides.items()
    }
    train, names = counts["train"], values.levels
    assert train is not None and names is not None
    shown = [c for c in np.argsort(-train[:-1], kind="stable") if train[c] >= FEWEST]
    kept, other = shown[: BARS - 3], shown[BARS - 3 :]
    rare = [c for c in range(len(names)) if train[c] < FEWEST]
    groups = [(names[c], [c]) for c in kept]
    groups += [("(other)", other)] if other else []
    groups += [("(rare)", rare)] if rare else []
    missing = any(c is not None and c[-1] > 0 for c in counts.values())
    groups += [("(missing)", [len(names)])] if missing else []
    out: dict[str, Any] = {"levels": [name for name, _ in groups]}
    for side, c in counts.items():
        out[side] = None if c is None else [float(c[members].sum() / max(c.sum(), 1)) for _, members in groups]
    return out
