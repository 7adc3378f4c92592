"""Composite fidelity and diversity: the worst of several views, each against its own law under no difference.

Both are one function with the roles swapped: how far the rows of one table lie within the support of another's.
Fidelity looks at synthetic rows in the support of train, diversity at train rows in the support of the synthetic
rows. Only rows that are too far out count: rows that are too typical cost the other score.

Why these views. The distance to the k-th nearest row, k the root of the number of rows so that level sets converge,
sees shapes of any kind, but not a shift in one of a thousand columns, not the hollow middle of a shell in many
dimensions, and not sharp bounds. So each column is seen by itself and in the row's rarest column: how far a value is
from those of the row's neighbours (beside them, for rows at the edge of a table are rare in every column, rightly).
Two further views are the ranges, and a test for hollow shells.

The minimum is divided by what the minimum of as many views is on rows of the reference itself, so that real rows
score 1 however many columns there are. Values off the lattice of the reference's column (37.42 among whole years) are
outside whatever their density; a lattice that the reference lacks is not: the rows that are scored are spread over
their cells first, and the other score pays. Columns are seen as they are, in units of train's spread, whatever the
embedding: a map that bends them (normal scores) would move level sets.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.columns.granularity import Lattice, lattice
from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support.one_sided import Ordered
from fidelia.measure.support.surprise import Rows, Ruler, Support, levels_of, rows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.reference import Contrast
    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

MOST = 3_000
FEWEST = 10
NULLS = 20
SPREADS = 20
DRAWN = 2
REPEATED = 0.05
"""Share of values that occur more than once, from which on a lattice is there to be seen."""


@dataclass(frozen=True, slots=True, eq=False)
class Within:
    """How far rows lie within a support.

    Parameters
    ----------
    views : dict of str to float
        The one-sided score of each view of whole rows.
    columns : (c,) float64
        That of each column.
    lattice : (c,) float64
        Share of values that the reference's lattice holds, beside the reference's own; 1 where it has none.
    expected : float
        The smallest of all views on rows of the reference itself.
    noise : float
        Spread of that smallest, over what is expected.
    sd : float
        Standard error of the value.
    levels : (m,) float64
        Share of reference rows that are more typical than each row in all views together; 1 is beyond all.
    """

    views: dict[str, float]
    columns: Floats
    lattice: Floats
    expected: float
    noise: float
    sd: float
    levels: Floats

    @property
    def value(self) -> float:
        """The worst view over what it is expected to be, or the worst column's lattice if that is less; in [0, 1]."""
        worst = min([*self.views.values(), *self.columns.tolist()])
        return min(_capped(worst, self.expected), float(self.lattice.min(initial=1.0)))


def _capped(worst: float, expected: float) -> float:
    return float(min(1.0, max(0.0, worst) / max(expected, 1e-9)))


class Bounds:
    """A support that rows are scored against.

    Parameters
    ----------
    rows : Rows
    ruler : Ruler
        Measured on train, whichever table the support is.
    """

    def __init__(self, rows: Rows, ruler: Ruler, rng: Rng) -> None:
        self.support = Support(rows, ruler, rng.child("ties").generator())
        self.lattices = [visible(rows.numbers[:, i]) for i in range(rows.numbers.shape[1])]
        self.held = np.array([_held(found, rows.numbers[:, i]) for i, found in enumerate(self.lattices)])

    def score(self, rows: Rows, rng: Rng, *, spreads: int = 0) -> Within:
        """Score other rows; `spreads` resamples of the scores give the standard error."""
        generator = rng.generator()
        own = self.support.own
        ordered = Ordered(own.all, self.support.of(self._spread(rows, generator)).all)
        nulls = [ordered.null(generator).min() for _ in range(NULLS)]
        expected = float(np.mean(nulls))
        on = np.array([_held(found, rows.numbers[:, i]) for i, found in enumerate(self.lattices)])
        held = np.minimum(1.0, on / self.held)
        scores, v = ordered.scores(), len(own.names)
        most = float(held.min(initial=1.0))
        again = [min(most, _capped(float(ordered.resampled(generator).min()), expected)) for _ in range(spreads)]
        views = dict(zip(own.names, scores[:v].tolist(), strict=True))
        sd = float(np.std(again)) if again else 0.0
        level = ordered.levels()[:, :v].max(axis=1)
        noise = float(np.std(nulls)) / max(expected, 1e-9)
        return Within(views, scores[v:], held, expected, noise, sd, np.where(self._off(rows), 1.0, level))

    def _off(self, rows: Rows) -> NDArray[np.bool_]:
        """Return which rows have a value off the reference's lattice."""
        off = np.zeros(len(rows), dtype=bool)
        for i, found in enumerate(self.lattices):
            if found is not None:
                value = rows.numbers[:, i]
                off |= ~np.isnan(value) & ~found.holds(value)
        return off

    def _spread(self, rows: Rows, generator: np.random.Generator) -> Rows:
        """Return rows whose columns on a coarser lattice than the reference's are spread over their cells."""
        numbers = rows.numbers.copy()
        for i, found in enumerate(self.lattices):
            coarse = visible(numbers[:, i])
            if coarse is None or (found is not None and coarse.step <= found.step * 1.001):
                continue
            value = numbers[:, i] + coarse.step * (generator.random(len(numbers)) - 0.5)
            if found is not None:
                value = found.offset + np.round((value - found.offset) / found.step) * found.step
            numbers[:, i] = value
        return Rows(numbers, rows.codes)


def visible(values: Floats) -> Lattice | None:
    """Return the lattice of a column where values repeat, so that it can be seen at this number of rows."""
    present = values[np.isfinite(values)]
    if len(present) < FEWEST:
        return None
    _, counts = np.unique(present, return_counts=True)
    if len(counts) < 2 or counts[counts > 1].sum() < REPEATED * len(present):
        return None
    return lattice(present)


def _held(found: Lattice | None, values: Floats) -> float:
    present = values[~np.isnan(values)]
    return 1.0 if found is None or not len(present) else float(found.holds(present).mean())


def fidelity_of(real: Floats, other: Floats, rng: Rng) -> float:
    """Return FID39 of two arrays of numbers, ``(n, d)`` and ``(m, d)``, without reference or interval.

    Examples
    --------
    >>> from fidelia.rng import Rng
    >>> r = np.random.default_rng(0)
    >>> real, far = r.normal(size=(200, 2)), r.normal(size=(200, 2)) + 9
    >>> fidelity_of(real, far, Rng(0))
    0.0
    """
    train, made = _plain(real), _plain(other)
    return Bounds(train, Ruler.of(train, ()), rng).score(made, rng).value


def diversity_of(real: Floats, other: Floats, rng: Rng) -> float:
    """Return DIV19 of two arrays of numbers, ``(n, d)`` and ``(m, d)``, without reference or interval."""
    train, made = _plain(real), _plain(other)
    return Bounds(made, Ruler.of(train, ()), rng).score(train, rng).value


def _plain(rows: Floats) -> Rows:
    return Rows(np.asarray(rows, dtype=np.float64), np.empty((len(rows), 0), dtype=np.int64))


def composite_fidelity(case: Case) -> Result:
    """FID39: how far synthetic rows lie within the support of train, by the worst view."""
    side, m, sizes = _sizes(case)
    rng = case.rng.child("FID39")
    train, ruler = _train(case, rng)
    support = Bounds(train, ruler, rng)
    found, fresh = (
        [
            support.score(rows_of(side.case, name).take(rows), rng.child(name), spreads=SPREADS)
            for rows in draws(rng.child(name), sizes[name], m, DRAWN)
        ]
        for name in ("synthetic", "holdout")
    )
    levels = support.score(rows_of(case, "synthetic"), rng.child("rows")).levels
    return _result(case, found, fresh, m, len(train), {"synthetic.beyond": levels})


def composite_diversity(case: Case) -> Result:
    """DIV19: how far train rows lie within the support of the synthetic rows, by the worst view."""
    side, m, sizes = _sizes(case)
    rng = case.rng.child("DIV19")
    train, ruler = _train(case, rng)
    supports = {
        name: [
            Bounds(rows_of(side.case, name).take(rows), ruler, rng.child(name))
            for rows in draws(rng.child(name), sizes[name], m, DRAWN)
        ]
        for name in ("synthetic", "holdout")
    }
    found, fresh = (
        [support.score(train, rng.child(name), spreads=SPREADS) for support in supports[name]]
        for name in ("synthetic", "holdout")
    )
    levels = supports["synthetic"][0].score(rows_of(case, "train"), rng.child("rows")).levels
    return _result(case, found, fresh, m, len(train), {"train.beyond": levels})


def _sizes(case: Case) -> tuple[Contrast, int, dict[str, int]]:
    if not case.values:
        raise NotApplicable("UNSUPPORTED_TYPE", "ids and texts alone have no support to lie in")
    side = case.contrast
    sizes = {name: len(getattr(side.case, name)) for name in ("train", "synthetic", "holdout")}
    m = min(sizes["synthetic"], sizes["holdout"], MOST)
    if min(m, sizes["train"]) < FEWEST:
        raise NotApplicable("TOO_FEW_ROWS", f"{min(m, sizes['train'])} rows on a side; level sets need {FEWEST}")
    return side, m, sizes


def _train(case: Case, rng: Rng) -> tuple[Rows, Ruler]:
    """Return the contrast's train rows, at most `MOST`, and the units that they give."""
    side = case.contrast.case
    every = rows_of(side, "train")
    train = every.take(next(draws(rng.child("train"), len(every), MOST, 1)))
    return train, Ruler.of(train, levels_of(side.values))


def _result(
    case: Case, found: list[Within], fresh: list[Within], m: int, n: int, rows: dict[str, NDArray[Any]]
) -> Result:
    side = case.contrast
    value, reference = (float(np.mean([each.value for each in scored])) for scored in (found, fresh))
    noise = float(np.mean([each.noise for each in fresh]))
    sd = max(float(np.mean([each.sd for each in found])), noise)
    names = [v.name for v in case.values.values() if v.levels is None]
    names += [v.name for v in case.values.values() if v.levels is not None]
    caveats = side.caveats
    if m < min(len(case.synthetic), side.rows) or n < len(side.case.train):
        caveats += (Caveat("SUBSAMPLED", f"Supports are of {n:,} train and {m:,} other rows, drawn with a seed."),)
    return Result(
        value=value,
        interval=normal(value, sd, 0.0, 1.0),
        reference=Reference(reference, noise, m, side.kind),
        n={"train": n, "synthetic": m, side.kind: m},
        caveats=caveats,
        breakdown={
            "lines": [
                {"name": name, "value": _mean(found, name), "reference": _mean(fresh, name)} for name in found[0].views
            ],
            "columns": [
                {"column": name, "value": value, "reference": reference}
                for name, value, reference in zip(names, _columns(found), _columns(fresh), strict=True)
            ],
            "off_lattice": float(1 - np.mean([each.lattice.min(initial=1.0) for each in found])),
            "expected_worst": float(np.mean([each.expected for each in found])),
        },
        rows=rows,
    )


def _mean(scored: list[Within], view: str) -> float:
    return float(np.mean([each.views[view] for each in scored]))


def _columns(scored: list[Within]) -> list[float]:
    """Return each column's score, the lattice included."""
    rows = [np.concatenate([each.lattice, np.ones(len(each.columns) - len(each.lattice))]) for each in scored]
    found = np.mean([np.minimum(each.columns, row) for each, row in zip(scored, rows, strict=True)], axis=0)
    return [float(x) for x in found]
