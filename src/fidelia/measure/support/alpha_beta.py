"""Alpha-precision and beta-recall, integrated exactly, with signed parts, row scores and the law under no difference.

A row's score is the share of real rows that are more typical than it: by the distance to the fifth nearest row (a
plug-in level set) or by the distance to the centre (a ball). Under equal laws the scores are uniform, so that
P_alpha = alpha for all alpha. Roles swapped, the same says whether each real row is within the reach of the
synthetic ones.

References
----------
Alaa, van Breugel, Saveliev and van der Schaar (2022), How Faithful is Your Synthetic Data?, ICML, arXiv 2102.08921.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.reference import Contrast
from fidelia.measure.result import Reference, Result
from fidelia.measure.space.caveats import subsampled, tie_caveats
from fidelia.measure.statistics.bridge import bridge_p, effective, null_gap
from fidelia.measure.statistics.intervals import normal
from fidelia.measure.statistics.resampling import draws

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Neighbors

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

NEIGHBOUR = 5
GRID = np.linspace(0, 1, 101)
FULL_WORK = 4e10
MOST_RECALL = 10_000


@dataclass(frozen=True, slots=True, eq=False)
class Levels:
    """Where scores lie among calibration scores.

    Parameters
    ----------
    low, high : (n,) float64
        Share of calibration rows that are strictly more typical, and that are at least as typical.
    calibration : int
        Number of calibration rows.
    """

    low: Floats
    high: Floats
    calibration: int

    @property
    def rows(self) -> Floats:
        """One level per row: the middle of its ties; 1 is beyond every calibration row."""
        return (self.low + self.high) / 2

    @property
    def spread(self) -> Floats:
        """Sorted levels, tied rows spread evenly over the interval that they share."""
        order = np.lexsort((self.high, self.low))
        low, high = self.low[order], self.high[order]
        new = np.concatenate([[True], (np.diff(low) != 0) | (np.diff(high) != 0)])
        start = np.flatnonzero(new)
        size = np.diff(np.append(start, len(low)))
        place = np.arange(len(low)) - np.repeat(start, size)
        return np.sort(low + (high - low) * (place + 0.5) / np.repeat(size, size))

    def take(self, rows: Ints) -> Levels:
        """Return the levels of some rows."""
        return Levels(self.low[rows], self.high[rows], self.calibration)


def levels(scores: Floats, calibration: Floats) -> Levels:
    """Return where `scores` lie among `calibration`; low is typical."""
    ordered = np.sort(calibration)
    n = len(ordered)
    low, high = (np.searchsorted(ordered, scores, side=side) / n for side in ("left", "right"))
    return Levels(low, high, n)


def signed_parts(sorted_levels: Floats) -> tuple[float, float]:
    """Return S+ (too typical) and S- (too atypical) of sorted levels, without a grid.

    Twice the areas of the curve P above and below the diagonal; 1 - S+ - S- is the integrated score, which equals
    1 - 2 W1 of the levels and the uniform law.

    Examples
    --------
    >>> signed_parts(np.zeros(4)), signed_parts(np.ones(4))
    ((1.0, 0.0), (0.0, 1.0))
    """
    edges = np.concatenate([[0.0], sorted_levels, [1.0]])
    low, high = edges[:-1], edges[1:]
    share = np.arange(len(low)) / max(len(sorted_levels), 1)
    inside = np.clip(share, low, high)
    above = ((inside - low) * (2 * share - low - inside)).sum()
    below = ((high - inside) * (inside + high - 2 * share)).sum()
    return float(above), float(below)


def curve(sorted_levels: Floats) -> Floats:
    """Return P at 101 levels; at level 1 the share of rows that are not beyond every calibration row."""
    share = np.searchsorted(sorted_levels, GRID, side="right") / len(sorted_levels)
    share[-1] = np.searchsorted(sorted_levels, 1.0, side="left") / len(sorted_levels)
    return np.asarray(share)


@dataclass(frozen=True, slots=True, eq=False)
class Score:
    """An integrated score: the mean over one or more draws of rows.

    Parameters
    ----------
    plus, minus : float
        S+ and S-.
    sd : float
        Standard error, given the reference rows.
    n_eff : float
        Effective number of rows of one draw.
    """

    plus: float
    minus: float
    sd: float
    n_eff: float
    curve: Floats

    @property
    def value(self) -> float:
        """1 - S+ - S-, in [0, 1]."""
        return min(1.0, max(0.0, 1 - self.plus - self.minus))

    @property
    def one_sided(self) -> float:
        """1 - S- + z / 2, at most 1: only what is too atypical counts; z is the mean of 1 - IP under equal laws."""
        return float(min(1.0, 1 - self.minus + 0.6267 / np.sqrt(self.n_eff) / 2))


def integrate(found: Iterable[Levels]) -> Score:
    """Average the exact integrals of one or more draws."""
    parts, spreads, curves, sizes = [], [], [], []
    for drawn in found:
        ordered = drawn.spread
        parts.append(signed_parts(ordered))
        curves.append(curve(ordered))
        spreads.append(_sd(ordered, drawn.calibration))
        sizes.append(effective(len(ordered), drawn.calibration))
    plus, minus = np.mean(parts, axis=0)
    return Score(float(plus), float(minus), float(np.mean(spreads)), float(sizes[0]), np.mean(curves, axis=0))


def _sd(ordered: Floats, calibration: int) -> float:
    """Return the standard error of an integrated score: delta method for rows and calibration, at least the null's.

    With s(t) the sign of P_t - t, a row at level a moves the integral by the integral of s over [a, 1], and a
    calibration row at level u by the mean over rows of s(a) 1{a >= u}.
    """
    m = len(ordered)
    sign = np.sign(curve(ordered) - GRID)
    tail = np.concatenate([[0.0], np.cumsum((sign[1:] + sign[:-1])[::-1] / 2)])[::-1] / 100
    rows = np.interp(ordered, GRID, tail)
    at = sign[np.minimum((ordered * 100).astype(int), 100)]
    after = np.concatenate([np.cumsum(at[::-1])[::-1], [0.0]]) / m
    calibrated = after[np.searchsorted(ordered, GRID)]
    found = 2 * np.sqrt(rows.var() / m + calibrated.var() / calibration)
    return float(max(found, null_gap(m, calibration)[1]))


@dataclass(frozen=True, slots=True, eq=False)
class Test:
    """Levels that are exactly uniform under equal laws: calibrated on rows that play no other part."""

    found: Levels

    def say(self) -> dict[str, float]:
        """Return the p-values: of any difference, of too typical rows, and of too atypical rows."""
        plus, minus = signed_parts(self.found.spread)
        sizes = len(self.found.low), self.found.calibration
        return {
            "p_value": bridge_p(plus + minus, *sizes),
            "p_plus": bridge_p(plus, *sizes, one_sided=True),
            "p_minus": bridge_p(minus, *sizes, one_sided=True),
        }


def level_set_precision(case: Case) -> Result:
    """FID16: alpha-precision by the distance to the fifth nearest train row.

    The calibration scores are train's own, each without itself; the p-values calibrate on the holdout instead, which
    is exchangeable with the synthetic rows of a perfect generator.
    """
    side = case.contrast
    near = side.case.neighbors
    _refuse_small(near)
    train, synthetic, fresh = (near.radius(of, "train", NEIGHBOUR) for of in ("train", "synthetic", "holdout"))
    found, real = levels(synthetic, train), levels(fresh, train)
    whole = found if side.case is case else levels(*_radii(case.neighbors))
    return _precision(case, side, "level-set", "FID16", found, real, whole, Test(levels(synthetic, fresh)))


def _radii(near: Neighbors) -> tuple[Floats, Floats]:
    return near.radius("synthetic", "train", NEIGHBOUR), near.radius("train", "train", NEIGHBOUR)


def hypersphere_precision(case: Case) -> Result:
    """FID17: alpha-precision by the distance to the mean of train."""
    side = case.contrast
    points = side.case.embedded
    centre = points.train.mean(axis=0)
    train, synthetic, fresh = (_from(centre, points.side(name)) for name in ("train", "synthetic", "holdout"))
    found, real = levels(synthetic, train), levels(fresh, train)
    whole = found if side.case is case else _ball(case.embedded.synthetic, case.embedded.train)
    return _precision(case, side, "hypersphere", "FID17", found, real, whole, Test(levels(synthetic, fresh)))


def _from(centre: Floats, points: Floats) -> Floats:
    return np.asarray(np.linalg.norm(points - centre, axis=1))


def _ball(rows: Floats, support: Floats) -> Levels:
    centre = support.mean(axis=0)
    return levels(_from(centre, rows), _from(centre, support))


def _precision(
    case: Case, side: Contrast, estimator: str, code: str, found: Levels, real: Levels, whole: Levels, test: Test
) -> Result:
    """Build the result of an alpha-precision: `found` at the matched size, `real` of fresh rows, `whole` of all."""
    m = min(len(found.low), len(real.low))
    rng = case.rng.child(code)
    value = integrate(found.take(rows) for rows in draws(rng.child("synthetic"), len(found.low), m))
    reference = integrate(real.take(rows) for rows in draws(rng.child("fresh"), len(real.low), m))
    alpha = np.full(len(case.synthetic), np.nan)
    alpha[case.embedded.rows["synthetic"]] = whole.rows
    full = integrate([whole]).value
    sizes = {"train": found.calibration, "synthetic": m, _fresh(side): m}
    return _result(case, side, estimator, "P_1", value, reference, full, test, sizes, {"synthetic.alpha": alpha})


def level_set_recall(case: Case) -> Result:
    """DIV01: beta-recall by the distance to the fifth nearest synthetic row.

    The full size is measured where its searches are cheap; the row scores of train come from the largest synthetic
    sample that was measured.
    """
    side = case.contrast
    near = side.case.neighbors
    _refuse_small(near)
    sizes = {name: len(near.embedded.side(name)) for name in ("train", "synthetic", "holdout")}
    m = min(sizes["synthetic"], sizes["holdout"], MOST_RECALL)
    if m <= NEIGHBOUR:
        raise NotApplicable("TOO_FEW_ROWS", f"{m} synthetic rows; the distance to the fifth nearest needs 6")
    rng = case.rng.child("DIV01")
    times = 3 if sizes["train"] * m * near.embedded.width < FULL_WORK / 8 else 1
    found = [_recalled(near, "synthetic", rows) for rows in draws(rng, sizes["synthetic"], m, times)]
    real = [_recalled(near, "holdout", rows) for rows in draws(rng.child("fresh"), sizes["holdout"], m, times)]
    whole = _whole_recall(case, found, m)
    test = Test(_split_recall(near, rng))
    value, reference = integrate(found), integrate(real)
    full = None if whole is None else integrate([whole]).value
    n = {"train": sizes["train"], "synthetic": m, _fresh(side): m}
    rows = {"train.beta": _beta_rows(case, side, whole, found, m)}
    return _result(case, side, "level-set", "R_1", value, reference, full, test, n, rows)


def _recalled(near: Neighbors, of: str, rows: Ints) -> Levels:
    """Return the levels of all train rows among the rows `rows` of side `of`."""
    own = near.within(of, rows, NEIGHBOUR).distance[:, -1]
    reach = near.between("train", None, of, rows, NEIGHBOUR).distance[:, -1]
    return levels(reach, own)


def _whole_recall(case: Case, found: list[Levels], m: int) -> Levels | None:
    """Return the levels at full size, or None where that would take too much work."""
    points = case.embedded
    n, total = len(points.train), len(points.synthetic)
    if total == m and len(found[0].low) == n:
        return found[0]
    if total * (n + total) * points.width > FULL_WORK:
        return None
    return _recalled(case.neighbors, "synthetic", np.arange(total))


def _beta_rows(case: Case, side: Contrast, whole: Levels | None, found: list[Levels], m: int) -> Floats:
    beta = np.full(len(case.train), np.nan)
    if whole is None and side.case is not case:
        rows = next(draws(case.rng.child("DIV01/rows"), len(case.embedded.synthetic), m, 1))
        whole = _recalled(case.neighbors, "synthetic", rows)
    beta[case.embedded.rows["train"]] = (
        whole.rows if whole is not None else np.mean([each.rows for each in found], axis=0)
    )
    return beta


def _split_recall(near: Neighbors, rng: Any) -> Levels:
    """Return the levels of fresh real rows: one half of the synthetic rows is the support, the other calibrates."""
    order = rng.child("split").generator().permutation(len(near.embedded.synthetic))
    fresh = near.embedded.side("holdout")
    half = min(len(order) // 2, len(fresh), MOST_RECALL)
    k = min(NEIGHBOUR, half)
    support, rest = order[:half], order[half : 2 * half]
    own = near.between("synthetic", rest, "synthetic", support, k).distance[:, -1]
    reach = near.between("holdout", None, "synthetic", support, k).distance[:, -1]
    return levels(reach, own)


def hypersphere_recall(case: Case) -> Result:
    """DIV02: beta-recall by the distance to the mean of the synthetic rows."""
    side = case.contrast
    points = side.case.embedded
    fresh, synthetic = points.side("holdout"), points.synthetic
    m = min(len(synthetic), len(fresh))
    rng = case.rng.child("DIV02")
    found = [_ball(points.train, synthetic[rows]) for rows in draws(rng, len(synthetic), m)]
    real = [_ball(points.train, fresh[rows]) for rows in draws(rng.child("fresh"), len(fresh), m)]
    whole = _ball(case.embedded.train, case.embedded.synthetic)
    n = {"train": len(points.train), "synthetic": m, _fresh(side): m}
    test = Test(_ball(fresh, synthetic))
    full = integrate([whole]).value
    return _result(case, side, "hypersphere", "R_1", integrate(found), integrate(real), full, test, n, {})


def _result(
    case: Case,
    side: Contrast,
    estimator: str,
    share: str,
    value: Score,
    reference: Score,
    full: float | None,
    test: Test,
    n: dict[str, int],
    rows: dict[str, NDArray[Any]],
) -> Result:
    noise = 2 * 0.1361 / np.sqrt(value.n_eff)
    band = 1.96 * np.sqrt(GRID * (1 - GRID) / value.n_eff)
    return Result(
        value=value.value,
        interval=normal(value.value, value.sd, 0.0, 1.0),
        reference=Reference(reference.value, float(noise), n["synthetic"], side.kind),
        n=n,
        caveats=(*side.caveats, *tie_caveats(case), *subsampled(case)),
        breakdown={
            "estimator": estimator,
            "embedding": {"name": case.embedded.name, "hash": case.embedded.hash},
            "curve": {
                "level": GRID.round(2),
                "synthetic": value.curve,
                "reference": reference.curve,
                "low": np.clip(GRID - band, 0, 1),
                "high": np.clip(GRID + band, 0, 1),
            },
            "S_plus": value.plus,
            "S_minus": value.minus,
            share: float(value.curve[-1]),
            "one_sided": value.one_sided,
            **test.say(),
            "reference": {"S_plus": reference.plus, "S_minus": reference.minus, "one_sided": reference.one_sided},
            "full": full,
        },
        rows=rows,
    )


def _fresh(side: Contrast) -> str:
    return "holdout" if side.kind == "holdout" else "train-split"


def _refuse_small(near: Neighbors) -> None:
    n = len(near.embedded.train)
    if n <= NEIGHBOUR:
        raise NotApplicable("TOO_FEW_ROWS", f"{n} train rows; the distance to the fifth nearest needs 6")
