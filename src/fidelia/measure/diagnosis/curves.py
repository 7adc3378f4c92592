"""The numbers that a diagnosis rests on: signed parts of both curves, mass beyond each support, copying."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.authenticity.copies import copy_rate, unrealistic
from fidelia.measure.authenticity.ratio import ratios
from fidelia.measure.statistics.bridge import bridge_p
from fidelia.measure.statistics.estimates import auc
from fidelia.measure.statistics.intervals import Interval, newcombe, normal
from fidelia.measure.support.level_set import NEIGHBOUR
from fidelia.measure.support.levels import Levels, Score, integrate, levels

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.space.neighbors import Neighbors

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]

MOST = 5_000
CLOSE = 0.25
FEWEST = 40


@dataclass(frozen=True, slots=True)
class Part:
    """A signed part of a curve: twice the area above (S+) or below (S-) the diagonal.

    Parameters
    ----------
    value, reference : float
        Of the synthetic rows and of fresh real rows.
    interval : (float, float)
    p_value : float
        One-sided, under equal laws; calibrated on rows that play no other part.
    """

    value: float
    reference: float
    interval: Interval
    p_value: float


@dataclass(frozen=True, slots=True)
class Beyond:
    """A share of rows beyond every row of the other table, and that of fresh real rows.

    Parameters
    ----------
    value, reference : float
    interval : (float, float)
        Of the difference (Newcombe).
    """

    value: float
    reference: float
    interval: Interval


@dataclass(frozen=True, slots=True)
class Copying:
    """What the holdout says of copies.

    Parameters
    ----------
    synthetic, holdout : float
        Authenticity of the synthetic rows that look real, and of fresh rows.
    rate : float
        Share of copies: rows whose ratio is at most one quarter, beyond those among fresh rows.
    interval : (float, float)
    z : float
        Of that excess.
    closer : float
        AUC of "nearer to the synthetic rows": train rows against fresh real rows; 1/2 without copying.
    closer_sd : float
    """

    synthetic: float
    holdout: float
    rate: float
    interval: Interval
    z: float
    closer: float
    closer_sd: float


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """Both curves in numbers.

    Parameters
    ----------
    precision_plus, precision_minus, recall_plus, recall_minus : Part
    invented, uncovered : Beyond
        1 - P_1 and 1 - R_1.
    covered : (n,) bool
        Whether each of the train points `picked["train"]` lies within reach of the synthetic rows.
    gaps : (n,) float64
        Their distances to the nearest synthetic row.
    odd : (m,) bool
        Which synthetic points lie beyond every real row, or are unrealistic at a false discovery rate of 10 %.
    picked : dict of str to (n,) int64
        The embedded points behind `covered` and beta-recall, by side.
    """

    precision_plus: Part
    precision_minus: Part
    recall_plus: Part
    recall_minus: Part
    invented: Beyond
    uncovered: Beyond
    covered: Mask
    gaps: Floats
    odd: Mask
    picked: dict[str, Ints]

    @property
    def rows(self) -> dict[str, int]:
        """Rows of each side that the curves of beta-recall rest on."""
        return {name: len(chosen) for name, chosen in self.picked.items()}


def curves(case: Case) -> Curves:
    """Return both curves in numbers.

    Raises
    ------
    NotApplicable
        ``TOO_FEW_ROWS``.
    """
    side = case.contrast
    near = side.case.neighbors
    size = {name: len(near.embedded.side(name)) for name in ("train", "synthetic", "holdout")}
    if size["train"] <= NEIGHBOUR or min(size["synthetic"], size["holdout"]) < 4 * NEIGHBOUR:
        raise NotApplicable("TOO_FEW_ROWS", "the curves need 6 train rows and 20 of each other table")
    picked = {name: _pick(case, name, n, MOST) for name, n in size.items()}
    own, made, fresh = (near.radius(of, "train", NEIGHBOUR) for of in ("train", "synthetic", "holdout"))
    plus, minus = _parts(integrate([levels(made, fresh)]), integrate([levels(fresh, own)]), len(made), len(fresh))
    reached, gaps = _reached(near, picked["train"], "synthetic", picked["synthetic"])
    reference, _ = _reached(near, picked["train"], "holdout", picked["holdout"])
    score = integrate([reached])
    r_plus, r_minus = _parts(score, integrate([reference]), len(reached.low), reached.calibration)
    covered = reached.low < 1
    beyond = made > own.max()
    return Curves(
        plus,
        minus,
        r_plus,
        r_minus,
        _beyond(int(beyond.sum()), len(made), int((fresh > own.max()).sum()), len(fresh)),
        _beyond(int((~covered).sum()), len(covered), int((reference.low >= 1).sum()), len(covered)),
        covered,
        gaps,
        beyond | unrealistic(near),
        picked,
    )


def _pick(case: Case, name: str, n: int, most: int) -> Ints:
    if n <= most:
        return np.arange(n)
    return np.sort(case.rng.child(f"diagnosis/{name}").generator().choice(n, most, replace=False))


def _parts(
    score: Score, reference: Score, rows: int, calibration: int, fresh: float | None = None
) -> tuple[Part, Part]:
    """Return both signed parts of `score` beside those of `reference`, or beside the number `fresh`."""

    def part(value: float, real: float) -> Part:
        p_value = bridge_p(value, rows, calibration, one_sided=True)
        return Part(value, real if fresh is None else fresh, normal(value, score.sd, 0.0, 1.0), p_value)

    return part(score.plus, reference.plus), part(score.minus, reference.minus)


def _reached(near: Neighbors, train: Ints, of: str, rows: Ints) -> tuple[Levels, Floats]:
    """Return the levels of train rows among the rows `rows` of side `of`, and their distances to the nearest."""
    own = near.within(of, rows, NEIGHBOUR).distance[:, -1]
    reach = near.between("train", train, of, rows, NEIGHBOUR).distance
    return levels(reach[:, -1], own), reach[:, 0]


def _beyond(a: int, n: int, b: int, m: int) -> Beyond:
    return Beyond(a / n, b / m, newcombe(a, n, b, m))


@dataclass(frozen=True, slots=True)
class Residual:
    """What is left between synthetic and fresh rows when other shares, lost and invented kinds are set aside.

    Parameters
    ----------
    plus, minus : Part
        Signed parts of the synthetic rows' distances to train, calibrated on fresh rows in the same shares.
    copying : Copying or None
        None without a holdout.
    """

    plus: Part
    minus: Part
    copying: Copying | None


def residual(whole: Case, found: Curves, made: Mask, fresh: Ints, *, unseen: bool) -> Residual | None:
    """Compare synthetic rows with fresh rows in the same shares.

    Parameters
    ----------
    whole : Case
        With a holdout.
    made : (m,) bool
        The synthetic points of kinds that are real.
    fresh : (n,) int64
        Positions of the fresh points that stand in their shares.
    unseen : bool
        Whether the generator never saw the fresh rows.

    Returns
    -------
    Residual or None
        None where fewer than forty rows are left on a side.
    """
    if min(int(made.sum()), len(fresh)) < FEWEST:
        return None
    near = whole.neighbors
    far = near.radius("synthetic", "train", NEIGHBOUR)[made], near.radius("holdout", "train", NEIGHBOUR)[fresh]
    score = integrate([levels(*far)])
    plus, minus = _parts(score, score, len(far[0]), len(far[1]), fresh=0.0)
    return Residual(plus, minus, _copying(near, found, made, fresh) if unseen else None)


def _copying(near: Neighbors, found: Curves, made: Mask, fresh: Ints) -> Copying:
    """Compare how often synthetic and fresh rows lie much nearer to a train row than that row's own neighbour.

    Copies have a ratio near 0, while a denser or sparser region moves ratios about 1: the rate counts ratios up to
    one quarter.
    """
    new = ratios(near, "synthetic")[made], ratios(near, "holdout")[fresh]
    apart = new[0] > CLOSE, new[1] > CLOSE
    copies, z = copy_rate(*apart), _z(*apart)
    picked = found.picked
    unseen = near.between("holdout", picked["holdout"], "synthetic", picked["synthetic"], 1).distance[:, 0]
    closer = auc(-np.concatenate([found.gaps, unseen]), np.repeat([True, False], [len(found.gaps), len(unseen)]))
    shares = [float((side > 1).mean()) for side in new]
    return Copying(shares[0], shares[1], copies.rate or 0.0, copies.interval or (0.0, 1.0), z, closer.value, closer.sd)


def _z(synthetic: Mask, fresh: Mask) -> float:
    """Return the z-score of how much rarer True is among synthetic than among fresh rows."""
    if not len(synthetic) or not fresh.any():
        return 0.0
    p, q = float(synthetic.mean()), float(fresh.mean())
    n, m = len(synthetic), len(fresh)
    return (q - p) / float(np.sqrt(max(p * (1 - p) / n + q * (1 - q) / m, 1 / (n * m))))
