"""Contract checks for metrics: one function that any metric, ours or a third party's, must pass.

Nothing here imports a test framework: a broken contract raises AssertionError with the name of the check.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from functools import cache
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from fidelia.data.images.imageset import ImageSet
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.catalog import find
from fidelia.measure.result import Direction, Result
from fidelia.measure.rules import ONE_SIDED
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Role, Schema

if TYPE_CHECKING:
    from fidelia.measure.entry import Entry

COPYING = {"IMG10"}
"""Codes that look for copies, whatever their category."""
SCHEMA = Schema(
    (
        Column("x", Kind.NUMBER),
        Column("y", Kind.NUMBER, nullable=True),
        Column("group", Kind.CATEGORY, nullable=True),
        Column("flag", Kind.BOOLEAN, Role.SENSITIVE),
        Column("label", Kind.CATEGORY, Role.TARGET),
    )
)
RULED = Schema(
    (
        Column("key", Kind.ID, Role.KEY),
        Column("code", Kind.TEXT),
        Column("place", Kind.CATEGORY),
        Column("region", Kind.CATEGORY),
        Column("price", Kind.INTEGER),
        Column("low", Kind.INTEGER),
        Column("high", Kind.INTEGER),
        Column("day", Kind.DATETIME),
        Column("share", Kind.NUMBER, nullable=True),
    )
)


def check_metric(metric: Entry | str, rows: int = 600) -> None:
    """Run every contract check on one metric of the catalog.

    Parameters
    ----------
    metric : Entry or str
        A line of the catalog, or its code.
    rows : int
        Size of the train table that the checks make.

    Raises
    ------
    AssertionError
        When the metric breaks its contract; the message names the check.
    """
    entry = find(metric) if isinstance(metric, str) else metric
    ruled, pictured = "rules" in entry.needs, "pictures" in entry.needs
    cases = _cases(rows, ruled_rows if ruled else picture_rows if pictured else real_rows)
    if "generators" in entry.needs:  # what compares generators declines the tables of one
        _check_legal(entry, "the tables of one generator", cases["real"])
        return
    fresh = entry(cases["real"])
    _check_form(fresh, entry)
    _check_real(fresh)
    _check_direction(entry, cases, fresh)
    _check_orders(entry, cases, fresh)
    assert _same(fresh, entry(replace(cases["real"]))), f"{entry.code}: the same case gave another result"
    further = _legal_ruled(rows) if ruled else _legal_pictures(rows) if pictured else {}
    for name, case in (_legal(rows) | further).items():
        _check_legal(entry, name, case)


@cache
def _cases(rows: int, made: Callable[..., Table]) -> dict[str, Case]:
    """Return the cases that every metric is held to, made once, so that metrics share their searches."""
    half = rows // 2
    real = Case(
        made(rows, 1),
        made(half, 2),
        made(half, 3),
        Rng(0),
        generations=(made(half, 11), made(half, 12)),
        generator=_unseeing,
        epsilon=1.0,
    )
    r = np.random.default_rng(0)
    turned = [t.take(r.permutation(len(t))) for t in (real.train, real.synthetic, real.unseen)]
    swapped = [_reversed(t) for t in (real.train, real.synthetic, real.unseen)]
    found = {"real": real, "copies": replace(real, synthetic=real.train.take(np.arange(half)), generator=_bootstrap)}
    for share in (0.4, 0.9):
        bad = tuple(made(half, seed, share) for seed in (2, 11, 12))
        found[f"broken {share}"] = replace(real, synthetic=bad[0], generations=bad[1:])
        found[f"uneven {share}"] = replace(real, generations=(bad[1], real.generations[1]))
    for name, sides in (("rows", turned), ("columns", swapped)):
        further = real.generations if name == "rows" else tuple(map(_reversed, real.generations))
        found[f"other order of {name}"] = replace(
            real, train=sides[0], synthetic=sides[1], holdout=sides[2], generations=further
        )
    return found


@cache
def _legal(rows: int) -> dict[str, Case]:
    return dict(legal_cases(rows))


@cache
def _legal_ruled(rows: int) -> dict[str, Case]:
    """Return awkward tables of columns that keep rules, by name."""
    real = _cases(rows, ruled_rows)["real"]
    return {
        "rules without a holdout": replace(real, holdout=None),
        "rules of two rows": replace(
            real, train=ruled_rows(2, 1), synthetic=ruled_rows(2, 2), holdout=ruled_rows(2, 3)
        ),
        "rules of twenty rows": replace(real, train=ruled_rows(20, 1), synthetic=ruled_rows(20, 2)),
        "rules without synthetic rows": replace(real, synthetic=ruled_rows(0, 2)),
        "rules of equal rows": replace(real, train=real.train.take(np.zeros(rows, int))),
    }


@cache
def _legal_pictures(rows: int) -> dict[str, Case]:
    """Return awkward sets of pictures, by name."""
    real = _cases(rows, picture_rows)["real"]
    plain = [_without_labels(t) for t in (real.train, real.synthetic, real.unseen)]
    return {
        "pictures without a holdout": replace(real, holdout=None),
        "pictures without labels": replace(real, train=plain[0], synthetic=plain[1], holdout=plain[2], generations=()),
        "two pictures": replace(
            real, train=picture_rows(2, 1), synthetic=picture_rows(2, 2), holdout=picture_rows(2, 3)
        ),
        "twenty pictures": replace(real, train=picture_rows(20, 1), synthetic=picture_rows(20, 2)),
        "no synthetic pictures": replace(real, synthetic=picture_rows(0, 2)),
        "equal pictures": replace(real, train=real.train.take(np.zeros(rows, int))),
        "tiny pictures": _tiny(rows),
    }


def _without_labels(table: Table) -> Table:
    return ImageSet.of(table).without_labels().table()


def _tiny(rows: int) -> Case:
    """Return pictures of one pixel in colour."""
    drawn = np.random.default_rng(0).integers(0, 256, (rows, 1, 1, 3), dtype=np.uint8)
    train, synthetic, holdout = (ImageSet(part).table() for part in np.array_split(drawn, 3))
    return Case(train, synthetic, holdout, Rng(0))


def _unseeing(_: Table, n: int, rng: Rng) -> Table:
    """Make rows as a generator would that knows the law and never looked at train."""
    return real_rows(n, rng.integer())


def _bootstrap(train: Table, n: int, rng: Rng) -> Table:
    """Make rows as a generator would that memorises: rows of train, drawn again."""
    return train.take(rng.generator().integers(0, max(len(train), 1), n if len(train) else 0))


def real_rows(n: int, seed: int, broken: float = 0.0) -> Table:
    """Return rows of one law, a share of them broken: columns drawn from elsewhere, values missing, flag turned."""
    r = np.random.default_rng(seed)
    x = r.normal(size=n)
    y = x + 0.5 * r.normal(size=n)
    group = np.where(x + 0.5 * r.normal(size=n) > 0.3, "a", np.where(r.random(n) < 0.7, "b", "c"))
    label = np.where(x + y + r.normal(size=n) > 0, "yes", "no")
    bad = r.random(n) < broken
    x, label = np.where(bad, 3 * r.normal(size=n) + 4, x), np.where(bad, r.choice(["yes", "no"], n), label)
    gone = r.random(n) < np.where(bad, 0.8, 0.1)
    return _table(
        {
            "x": pa.array(x),
            "y": pa.array(y, mask=gone),
            "group": pa.array(np.where(bad, "c", group), mask=gone & (r.random(n) < 0.5)),
            "flag": pa.array(r.random(n) < np.where(bad, 0.9, 0.3)),
            "label": pa.array(label),
        }
    )


def picture_rows(n: int, seed: int, broken: float = 0.0) -> Table:
    """Return small pictures of three kinds: bars that stand, bars that lie, and blots; a share of them noise."""
    r = np.random.default_rng(seed)
    kind, place, width = r.integers(0, 3, n), 4 * r.random((n, 2)) + 2, r.uniform(0.8, 1.6, n)
    along = np.arange(8)
    far = [(along - place[:, [i]]) ** 2 / width[:, None] ** 2 for i in range(2)]
    drop = np.where((kind != 1)[:, None], far[0], 0)[:, None, :] + np.where((kind != 0)[:, None], far[1], 0)[:, :, None]
    shown = 230 * np.exp(-drop / 2) + 8 * r.normal(size=(n, 8, 8))
    noise = r.normal(128, 60, (n, 8, 8))
    shown = np.where((r.random(n) < broken)[:, None, None], noise, shown)
    pixels = np.clip(shown, 0, 255).astype(np.uint8)[..., None]
    return ImageSet(pixels, tuple(np.array(["standing", "lying", "blot"])[kind].tolist())).table()


def ruled_rows(n: int, seed: int, broken: float = 0.0) -> Table:
    """Return rows whose columns keep rules, a share of them one and the same row that breaks every one.

    Keys are unique, codes have one format, places belong to regions (some are rare), prices are multiples of five,
    ``low`` is never above ``high``, days begin at midnight and are of one year, shares are missing where low is low.
    """
    r = np.random.default_rng(seed)
    bad = r.random(n) < broken
    place = r.choice(45, n, p=[0.5, 0.2, 0.1, 0.08, 0.04, *[0.002] * 40])
    price, low = 5 * r.integers(0, 40, n), r.integers(0, 50, n)
    high = low + r.integers(0, 50, n)
    second = np.where(bad, 60 * 365 * 86400 + 1, 50 * 365 * 86400 + 86400 * r.integers(0, 365, n))
    codes = [f"{chr(65 + a)}B-{b:03d}" for a, b in zip(r.integers(0, 26, n), r.integers(0, 1000, n), strict=True)]
    return _table(
        {
            "key": pa.array(["K" if b else f"K{seed:02d}{i:05d}" for i, b in enumerate(bad)], pa.string()),
            "code": pa.array(np.where(bad, "?", codes).tolist(), pa.string()),
            "place": pa.array([f"p{i}" for i in np.where(bad, 0, place)], pa.string()),
            "region": pa.array(["far" if b else f"r{i % 3}" for i, b in zip(place, bad, strict=True)], pa.string()),
            "price": pa.array(np.where(bad, 33.3, price)) if bad.any() else pa.array(price),
            "low": pa.array(np.where(bad, 300, low)),
            "high": pa.array(np.where(bad, 25, high)),
            "day": pa.array(second).cast(pa.timestamp("s")),
            "share": pa.array(r.integers(0, 100, n) / 100, mask=r.random(n) < np.where(bad, 0.2, 0.7 * (low < 15))),
        },
        RULED,
    )


def _table(columns: dict[str, pa.Array], schema: Schema = SCHEMA) -> Table:
    return Table(pa.table(columns), schema, "pyarrow")


def legal_cases(rows: int) -> Iterator[tuple[str, Case]]:
    """Yield tables that are legal and awkward, by name."""
    train, synthetic, holdout = real_rows(rows, 4), real_rows(rows // 3, 5), real_rows(rows // 4, 6)
    yield "without a holdout", Case(train, synthetic, None, Rng(0))
    yield "more synthetic than train rows", Case(synthetic, train, holdout, Rng(0))
    yield "twenty rows", Case(real_rows(20, 7), real_rows(20, 8), real_rows(20, 9), Rng(0))
    yield "two rows", Case(real_rows(2, 7), real_rows(2, 8), real_rows(2, 9), Rng(0))
    yield "one row", Case(real_rows(1, 7), real_rows(1, 8), real_rows(1, 9), Rng(0))
    yield "no synthetic rows", Case(train, real_rows(0, 8), holdout, Rng(0))
    few = np.arange(rows) % 7
    yield "duplicates", Case(train.take(few), synthetic.take(few[: rows // 3]), holdout.take(few[: rows // 4]), Rng(0))
    yield "copies", Case(train, train, holdout, Rng(0))
    for name in SCHEMA.names:
        one = Schema((SCHEMA[name],))
        alone = [_table({name: side[name]}, one) for side in (train, synthetic, holdout)]
        yield f"the column {name} alone", Case(alone[0], alone[1], alone[2], Rng(0))
    for name, number, level in (("constant columns", 1.0, "a"), ("all missing", None, None)):
        filled = [_filled(n, number, level) for n in (rows, rows // 3, rows // 4)]
        yield name, Case(filled[0], filled[1], filled[2], Rng(0))
    yield "missing in synthetic only", Case(train, _filled(rows // 3, None, None), holdout, Rng(0))
    yield "other levels and far values", Case(train, _filled(rows // 3, 1e9, "new"), holdout, Rng(0))


def _filled(n: int, number: float | None, level: str | None) -> Table:
    numbers, levels = pa.array([number] * n, pa.float64()), pa.array([level] * n, pa.string())
    flags = pa.array([None if number is None else True] * n, pa.bool_())
    return _table({"x": numbers, "y": numbers, "group": levels, "flag": flags, "label": levels})


def _check_form(result: Result, entry: Entry) -> None:
    json.dumps(result.to_dict(), allow_nan=False)
    assert result.value is not None and np.isfinite(result.value), f"{entry.code}: no value on an ordinary case"
    assert result.reference is not None, f"{entry.code}: no reference beside the value"
    assert result.interval is not None, f"{entry.code}: no interval"
    low, high = result.interval
    assert low <= result.value <= high, f"{entry.code}: the interval {result.interval} does not hold {result.value}"


def _check_real(result: Result) -> None:
    """Real rows in the place of synthetic ones agree with the reference within interval and noise floor."""
    assert result.interval is not None and result.reference is not None and result.value is not None
    half = max(result.interval[1] - result.value, result.value - result.interval[0])
    room = half + 3 * (result.reference.sd or 0.0) + 1e-9
    gap = abs(result.value - result.reference.value)
    assert gap <= room, f"{result.code}: real rows score {result.value:.4f}, the reference {result.reference.value:.4f}"


def badness(result: Result) -> float:
    """Return how far a result is from what fresh real rows get, in the direction that is worse."""
    assert result.value is not None and result.reference is not None
    gap = result.value - result.reference.value
    if result.code in ONE_SIDED:
        return ONE_SIDED[result.code] * gap
    match result.direction:
        case Direction.HIGHER:
            return -gap
        case Direction.LOWER:
            return gap
        case Direction.ZERO:
            return abs(result.value) - abs(result.reference.value)
        case Direction.HALF:
            return abs(result.value - 0.5) - abs(result.reference.value - 0.5)
        case _:
            return abs(gap)


def _check_direction(entry: Entry, cases: Mapping[str, Case], fresh: Result) -> None:
    """Rows of another law score worse; for what looks for copies, copies do; for stability, one broken set of three."""
    if entry.direction is Direction.INFO:
        return
    copying = entry.category in ("authenticity", "privacy") or entry.code in COPYING
    worse = ("copies",) if copying else ("broken 0.4", "broken 0.9")
    if entry.category == "stability":
        worse = ("uneven 0.4", "uneven 0.9")
    found = [badness(fresh)] + [badness(entry(cases[name])) for name in worse]
    assert fresh.interval is not None
    slack = (fresh.interval[1] - fresh.interval[0]) / 2
    steady = all(b > a - slack for a, b in pairwise(found))
    assert steady and found[-1] > found[0], f"{entry.code}: worse rows scored {found} (badness)"


def _check_orders(entry: Entry, cases: Mapping[str, Case], fresh: Result) -> None:
    """The order of rows and of columns changes nothing beyond the noise of draws."""
    for name in ("rows", "columns"):
        other = entry(cases[f"other order of {name}"])
        assert other.value is not None and fresh.value is not None and fresh.interval is not None
        room = max(fresh.interval[1] - fresh.interval[0], 1e-9) / 2
        gap = abs(other.value - fresh.value)
        assert gap <= room, f"{entry.code}: another order of {name} moved the value by {gap:.4f}"


def _reversed(table: Table) -> Table:
    names = table.schema.names[::-1]
    return Table(table.arrow.select(names), Schema(tuple(table.schema[n] for n in names)), table.flavour)


def _check_legal(entry: Entry, name: str, case: Case) -> None:
    """A legal table gives a result, or is declined with a reason."""
    try:
        result = entry(case)
    except NotApplicable as reason:
        assert reason.code and reason.text, f"{entry.code} declined {name} without a reason"
        return
    json.dumps(result.to_dict(), allow_nan=False)
    for rows, scores in result.rows.items():
        expected = len(getattr(case, rows.partition(".")[0]))
        assert len(scores) == expected, f"{entry.code} on {name}: {len(scores)} scores for {expected} rows of {rows}"


def _same(a: Result, b: Result) -> bool:
    return json.dumps(a.to_dict()) == json.dumps(b.to_dict())
