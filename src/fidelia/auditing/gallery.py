"""Pictures to look at: the best, the worst and the rejected, each beside its nearest real one, and the map's.

Only the internal edition shows real pictures. The shareable one shows synthetic ones, and none of those that repeat a
training picture or equal any real one.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.auditing.repeats import nth
from fidelia.auditing.verdicts import Verdict
from fidelia.data.images.imageset import picture_column, pictures
from fidelia.data.images.sheet import sheet
from fidelia.data.keys import value_keys
from fidelia.measure.images.scores import closest
from fidelia.measure.result import plain

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.auditing.audited import Audited
    from fidelia.data.table import Table
    from fidelia.measure.case import Case

    Ints = NDArray[np.int64]
    Words = NDArray[np.str_]

MOST = 18
GRID_BYTES, MAP_BYTES = 120_000, 500_000
"""Before packing; a page with four grids and a map stays below 2 MB."""
FEWEST_ON_MAP = 400
KEPT = (Verdict.ACCEPT, Verdict.REVIEW)


def gallery(case: Case, audited: Audited, *, edition: str, on_map: Ints) -> dict[str, Any] | None:
    """Return the pictures of results.json; None for tables.

    Parameters
    ----------
    case : Case
    audited : Audited
    edition : {"shareable", "internal"}
    on_map : (n,) int64
        The synthetic rows that the map shows, in its order.
    """
    if picture_column(case.schema) is None:
        return None
    shown, beside = showable(case, audited, edition), None
    if edition == "internal" and audited.reference == "train":
        beside = audited.counterparts()
    grids = _grids(audited, shown, _labels(case.synthetic), close=beside is not None)
    labels = None if case.schema.target is None else _labels(case.synthetic)[on_map].tolist()
    made = pictures(case.synthetic)
    return {
        "grids": [_grid(name, rows, case, audited, beside) for name, rows in grids.items() if len(rows)],
        "map": None if not len(on_map) else {"sheet": sheet(made[on_map], MAP_BYTES).to_dict(), "labels": labels},
    }


def showable(case: Case, audited: Audited, edition: str) -> NDArray[np.bool_]:
    """Return which synthetic pictures an edition may show, (M,)."""
    shown = np.zeros(len(audited), dtype=np.bool_)
    shown[audited.rows(edition)] = True
    name = picture_column(case.schema)
    if edition == "internal" or name is None:
        return shown
    real = [value_keys(table[name]) for table in (case.train, case.holdout) if table is not None]
    return shown & ~np.isin(value_keys(case.synthetic[name]), np.concatenate(real))


def most_on_map(case: Case) -> int | None:
    """Return how many synthetic pictures the map has room for; None for tables."""
    if picture_column(case.schema) is None:
        return None
    return max(FEWEST_ON_MAP, MAP_BYTES // int(np.prod(pictures(case.synthetic).shape[1:])))


def _labels(table: Table) -> Words:
    """Return the class of each picture; empty words where there are none."""
    if table.schema.target is None:
        return np.full(len(table), "")
    return np.array([str(label or "") for label in table[table.schema.target].to_pylist()], dtype=np.str_)


def _grids(audited: Audited, shown: NDArray[np.bool_], labels: Words, *, close: bool) -> dict[str, Ints]:
    """Return the rows of each grid, in the order that they are shown in."""
    inward = np.argsort(audited.scores["alpha_score"], kind="stable")
    inward = inward[shown[inward]]
    accepted, kept = audited.accepted[inward], np.isin(audited.verdict[inward], KEPT)
    best = _in_turn(inward[accepted], labels)
    gravest = np.array([reasons[0] if reasons else "" for reasons in audited.reasons], dtype=np.str_)
    found = {
        "best": best,
        "worst": inward[kept & ~np.isin(inward, best)][::-1][:MOST],
        "rejected": _in_turn(inward[~kept][::-1], gravest),
    }
    if close:
        found["closest"] = closest(audited.scores["auth_ratio"], audited.scores["nn_dist"])[:MOST]
    return found


def _in_turn(rows: Ints, kinds: Words) -> Ints:
    """Return the first rows of all kinds, one of each kind after the other."""
    code = np.unique(kinds[rows], return_inverse=True)[1]
    return rows[np.argsort(nth(code), kind="stable")][:MOST]


def _grid(name: str, rows: Ints, case: Case, audited: Audited, beside: Ints | None) -> dict[str, Any]:
    """Return a grid: its sheet holds each picture, or each picture and then its nearest real one."""
    made, shown = pictures(case.synthetic.take(rows)), [_tile(case, audited, int(row)) for row in rows]
    if beside is None:
        return {"name": name, "sheet": sheet(made, GRID_BYTES).to_dict(), "tiles": shown}
    near = case.train.take(beside[rows])
    for tile, row, label in zip(shown, beside[rows].tolist(), _labels(near).tolist(), strict=True):
        tile |= {
            "nearest": row,
            "nearest_label": label or None,
            "ratio": plain(audited.scores["auth_ratio"][tile["row"]]),
        }
    both = np.stack([made, pictures(near)], axis=1).reshape(-1, *made.shape[1:])
    return {"name": name, "sheet": sheet(both, GRID_BYTES).to_dict(), "tiles": shown}


def _tile(case: Case, audited: Audited, row: int) -> dict[str, Any]:
    label = _labels(case.synthetic.take([row]))[0]
    return {
        "row": row,
        "label": str(label) or None,
        "verdict": str(audited.verdict[row]),
        "reasons": list(audited.reasons[row]),
        "alpha": round(float(audited.scores["alpha_score"][row]), 2),
    }
