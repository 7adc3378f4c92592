"""Rows, and parts of rows, repeated from train: found by hash whatever the order of rows.

Every share of repeated rows has its lift: how many more rows match train than match equally many unseen real rows.
In tables of few values rows match by chance; they match train and unseen rows alike when nothing was copied.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.keys import Keys, column_keys, scattered
from fidelia.errors import NotApplicable
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.excess import LEVEL, alarm, discordant
from fidelia.measure.statistics.intervals import newcombe, normal, wilson

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.rng import Rng

    Mask = NDArray[np.bool_]

BINS = 10
SUBSETS = 4
FEWEST = 10
NO_CONTROL = Caveat("NEEDS_HOLDOUT", "Without a holdout the expected share is not known.")


@dataclass(frozen=True, slots=True, eq=False)
class Keyed:
    """The three tables as a key per cell: the sum over columns is the key of a row, or of a part of it.

    Parameters
    ----------
    names : list of str
        The columns, in the order of their names.
    train, synthetic : (n, columns) uint64
    holdout : (n, columns) uint64 or None
    seen, unseen : (m, columns) uint64 or None
        Equally many rows of train and of the holdout, for a fair comparison; None without a holdout.
    """

    names: list[str]
    train: Keys
    synthetic: Keys
    holdout: Keys | None
    seen: Keys | None
    unseen: Keys | None

    def of(self, columns: list[int]) -> Keyed:
        """Return the part rows of these columns."""
        sides = (self.train, self.synthetic, self.holdout, self.seen, self.unseen)
        parts = [None if side is None else side[:, columns] for side in sides]
        names = [self.names[i] for i in columns]
        return Keyed(names, parts[0], parts[1], parts[2], parts[3], parts[4])  # type: ignore[arg-type]


def keyed(case: Case) -> Keyed:
    """Return the keys of the case's cells, computed once.

    Raises
    ------
    NotApplicable
        ``UNSUPPORTED_TYPE``, ``TOO_FEW_ROWS``.
    """
    return case.once("rows/keys", _keyed)


def _keyed(case: Case) -> Keyed:
    names = sorted(column.name for column in case.schema if not column.kind.invented)
    if not names:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    for name in ("synthetic", "train"):
        if not len(getattr(case, name)):
            raise NotApplicable("TOO_FEW_ROWS", f"the {name} table has no rows")
    train, made = _matrix(case, "train", names), _matrix(case, "synthetic", names)
    if case.holdout is None or not len(case.holdout):
        return Keyed(names, train, made, None, None, None)
    fresh = _matrix(case, "holdout", names)
    equal = min(len(train), len(fresh))
    seen, unseen = (
        side[case.rng.child(f"rows/{name}").generator().permutation(len(side))[:equal]]
        for name, side in (("seen", train), ("unseen", fresh))
    )
    return Keyed(names, train, made, fresh, seen, unseen)


def _matrix(case: Case, side: str, names: list[str]) -> Keys:
    keys = column_keys(getattr(case, side))
    return np.column_stack([keys[name] for name in names])


def whole(cells: Keys) -> Keys:
    """Return the keys of rows from those of their cells, ``(n, columns)`` to ``(n,)``."""
    return np.asarray(cells.sum(axis=1, dtype=np.uint64))


def identical(case: Case) -> Result:
    """AUT05: the share of synthetic rows that equal a train row in every column but ids and texts."""
    tables = keyed(case)
    made, train = whole(tables.synthetic), whole(tables.train)
    return _repeated(
        tables,
        np.isin(made, train),
        None if tables.holdout is None else np.isin(whole(tables.holdout), train),
        _lift(tables),
        "identical",
    )


def near_identical(case: Case) -> Result:
    """AUT06: the share of synthetic rows that equal a train row in all columns but at most one."""
    tables = keyed(case)
    if len(tables.names) < 2:
        raise NotApplicable("DEGENERATE_COLUMN", "all columns but one: that takes two columns")
    same, _ = _all_but_one(tables.synthetic, tables.train)
    fresh = None if tables.holdout is None else _all_but_one(tables.holdout, tables.train)[0]
    found = None
    if tables.seen is not None and tables.unseen is not None:
        (seen, by_seen), (unseen, by_unseen) = (
            _all_but_one(tables.synthetic, side) for side in (tables.seen, tables.unseen)
        )
        found = _told(seen, unseen, np.where(seen, by_seen, by_unseen))
    return _repeated(tables, same, fresh, found, "near_identical")


def _all_but_one(rows: Keys, others: Keys) -> tuple[Mask, Keys]:
    """Return which rows equal one of the others in all columns but at most one, and the key by which they do."""
    row, other = whole(rows), whole(others)
    found, by = np.zeros(len(rows), dtype=bool), np.zeros(len(rows), dtype=np.uint64)
    for i in range(rows.shape[1]):
        part = row - rows[:, i]
        same = np.isin(part, other - others[:, i]) & ~found
        by[same], found = part[same], found | same
    return found, by


def _lift(tables: Keyed, level: float = LEVEL) -> dict[str, Any] | None:
    """Return how many more synthetic (part) rows equal a train row than equal one of as many unseen rows."""
    if tables.seen is None or tables.unseen is None:
        return None
    made = whole(tables.synthetic)
    seen, unseen = (np.isin(made, whole(side)) for side in (tables.seen, tables.unseen))
    return _told(seen, unseen, made, level)


def _told(seen: Mask, unseen: Mask, cluster: Keys, level: float = LEVEL) -> dict[str, Any]:
    excess, interval = discordant(seen, unseen, cluster, level)
    return {**alarm(excess, interval, level), "in_train": float(seen.mean()), "in_holdout": float(unseen.mean())}


def _repeated(tables: Keyed, same: Mask, real: Mask | None, found: dict[str, Any] | None, name: str) -> Result:
    """Return the share of repeated rows beside that of fresh real rows, with its lift."""
    n, fresh = {"train": len(tables.train), "synthetic": len(same)}, None
    if real is not None:
        n["holdout"] = len(real)
        share = float(real.mean())
        fresh = Reference(share, float(np.sqrt(share * (1 - share) / len(real))), len(real), "holdout")
    told = {"synthetic": float(same.mean()), "holdout": fresh and fresh.value, "rows": int(same.sum())}
    return Result(
        value=float(same.mean()),
        interval=wilson(int(same.sum()), len(same)),
        reference=fresh,
        n=n,
        caveats=() if fresh else (NO_CONTROL,),
        breakdown={**(found or {}), **told},
        rows={f"synthetic.{name}": same},
    )


def new_rows(case: Case) -> Result:
    """AUT11: the share of synthetic rows that equal no train row."""
    tables = keyed(case)
    train = whole(tables.train)
    new = ~np.isin(whole(tables.synthetic), train)
    fresh, n = None, {"train": len(train), "synthetic": len(new)}
    if tables.holdout is not None:
        real = ~np.isin(whole(tables.holdout), train)
        share, n["holdout"] = float(real.mean()), len(real)
        fresh = Reference(share, float(np.sqrt(share * (1 - share) / len(real))), len(real), "holdout")
    distinct = len(np.unique(whole(tables.synthetic)[new])) / len(new)
    return Result(
        value=float(new.mean()),
        interval=wilson(int(new.sum()), len(new)),
        reference=fresh,
        n=n,
        caveats=() if fresh else (NO_CONTROL,),
        breakdown={"distinct": distinct},
        rows={"synthetic.new": new},
    )


def partial(case: Case) -> Result:
    """AUT07: are parts of rows repeated from train? Match shares on up to twelve random sets of columns.

    The excess is that of the set that stands out most; its interval is corrected for the number of sets, because the
    largest of many differences is above 0 by chance.
    """
    _ = case.unseen
    tables = keyed(case)
    sets = column_sets(len(tables.names), case.rng.child("AUT07"))
    parts = [tables.of(columns) for columns in sets]
    level = LEVEL / len(parts)
    found = [told for part in parts if (told := _lift(part, level)) is not None]
    if not found:
        raise NotApplicable("TOO_FEW_ROWS", "the holdout table has no rows")
    most = max(found, key=lambda told: (told["excess_interval"][0], told["excess"]))
    value, control = (float(np.mean([told[side] for told in found])) for side in ("in_train", "in_holdout"))
    m, n = len(tables.synthetic), len(parts[0].seen)  # type: ignore[arg-type]
    sd = max(0.5 / m, float(np.mean([(t["excess_interval"][1] - t["excess_interval"][0]) / 2 for t in found])) / 2)
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=Reference(control, sd, n, "holdout"),
        n={"train": n, "synthetic": m, "holdout": n},
        breakdown={
            **{key: most[key] for key in ("alarm", "excess", "excess_interval")},
            "level": LEVEL,
            "sets": len(parts),
            "lines": [_line(part, told) for part, told in zip(parts, found, strict=True)],
        },
        rows={"synthetic.partial": np.mean([_in_train_alone(part) for part in parts], axis=0)},
    )


def column_sets(columns: int, rng: Rng) -> list[list[int]]:
    """Return up to four random sets of a third, of half and of two thirds of the columns."""
    generator = rng.child("sets").generator()
    sizes = sorted({max(1, -(-columns * part // 6)) for part in (2, 3, 4)})
    drawn = {
        tuple(sorted(generator.permutation(columns)[:size].tolist())) for size in sizes for _ in range(SUBSETS)
    }  # fmt: skip
    return [list(each) for each in sorted(drawn, key=lambda each: (len(each), each))]


def _line(part: Keyed, told: dict[str, Any]) -> dict[str, Any]:
    low, high = told["excess_interval"]
    shares = {"train": told["in_train"], "holdout": told["in_holdout"]}
    return {"name": ", ".join(part.names), **shares, "excess": told["excess"], "low": low, "high": high}


def _in_train_alone(part: Keyed) -> Mask:
    made = whole(part.synthetic)
    assert part.seen is not None and part.unseen is not None
    return np.isin(made, whole(part.seen)) & ~np.isin(made, whole(part.unseen))


def rediscovery(case: Case) -> Result:
    """AUT08: the share of unique real combinations that stand in the synthetic table, of train beside the holdout.

    A combination is a row whose numbers are cut into ten equally filled bins; unique is one that a single real row
    holds. Rare people that the generator has seen must not come back more often than those it has not.
    """
    fresh, sides = len(case.unseen), _combinations(case)
    real = np.concatenate([sides["train"], sides["holdout"]])
    _, place, count = np.unique(real, return_inverse=True, return_counts=True)
    alone = (count == 1)[place.ravel()]
    inside, outside = alone[: len(alone) - fresh], alone[len(alone) - fresh :]
    if min(inside.sum(), outside.sum()) < FEWEST:
        raise NotApplicable(
            "DEGENERATE_COLUMN",
            f"{inside.sum()} train and {outside.sum()} holdout rows hold a combination of their own; {FEWEST} needed",
        )
    back = np.isin(real, sides["synthetic"])
    hits = [back[: len(inside)] & inside, back[len(inside) :] & outside]
    (a, n), (b, m) = ((int(hit.sum()), int(part.sum())) for hit, part in zip(hits, (inside, outside), strict=True))
    share = b / m
    return Result(
        value=a / n,
        interval=wilson(a, n),
        reference=Reference(share, float(np.sqrt(share * (1 - share) / m)), m, "holdout"),
        n={"train": n, "synthetic": len(case.synthetic), "holdout": m},
        breakdown={**alarm(a / n - b / m, newcombe(a, n, b, m)), "unique_train": n, "unique_holdout": m},
        rows={"train.rediscovered": hits[0], "holdout.rediscovered": hits[1]},
    )


def _combinations(case: Case) -> dict[str, Keys]:
    """Return each row's key over levels and bins; bins are those of all real rows, so that neither side is favoured."""
    if not case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "all columns are ids or texts")
    out = {side: np.zeros(len(getattr(case, side)), dtype=np.uint64) for side in ("train", "synthetic", "holdout")}
    for name, values in case.values.items():
        real = np.concatenate([values.train, values.holdout])
        edges = None if values.levels is not None else _edges(real)
        for side, total in out.items():
            column = getattr(values, side)
            place = column if edges is None else np.searchsorted(edges, column, side="right")
            total += scattered(name, place.astype(np.uint64))
    return out


def _edges(real: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the inner edges of the bins; a missing value sorts above all of them, in a bin of its own."""
    known = real[~np.isnan(real)]
    if not len(known):
        return np.array([np.inf])
    return np.append(np.unique(np.quantile(known, np.arange(1, BINS) / BINS)), np.inf)
