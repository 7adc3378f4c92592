"""Rules: regions in which two tables differ, as conditions on at most three columns.

In a table of many mixed columns each row lies alone, so that no distance says which kind of row is missing. The
tables are compared directly instead. Each rule is the region, out of all conditions on one column and all pairs of
conditions on two, whose share differs most between the tables (two-proportion z), narrowed by a third condition where
that helps; pairs are searched in full because a lost dependence leaves every single column as it was. Then the
difference is taken out (rows of a missing or invented region are set aside, a shifted one is weighted back to its
share) and the search goes on, so that what follows from a rule is not reported again. Rules are found on one half of
the rows and shown only if the other half confirms them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.diagnosis.search import (
    Pair,
    Region,
    balance,
    best,
    inside,
    kind,
    promising,
    shares,
    sizes,
    z_scores,
)
from fidelia.measure.diagnosis.words import FEW, percent
from fidelia.measure.statistics.intervals import Interval, newcombe
from fidelia.measure.statistics.multiple import benjamini_hochberg

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray

    from fidelia.measure.diagnosis.conditions import Axis
    from fidelia.rng import Rng

    Ints = NDArray[np.int64]

MOST = 20_000
MOST_RULES = 12
RATE = 0.01
LEAST_Z = 4.0
LEAST_GAP = 0.005
LEAST_RATIO = 1.25


@dataclass(frozen=True, slots=True)
class Rule:
    """A region whose share differs between real and synthetic rows, measured on rows that did not choose it.

    Parameters
    ----------
    text : str
        ``"occupation=Armed-Forces and age<=24"``.
    columns : tuple of str
    where : {"missing", "invented", "shifted"}
        The synthetic share is at most a tenth of the real one, the real at most a tenth of the synthetic, or neither.
    real, synthetic : float
        Shares of rows; fewer than ten real rows count as ten.
    interval : (float, float)
        95 % interval of synthetic - real (Newcombe).
    support : int
        Rows of either table in the region, among those that confirm it.
    p_value : float
        One-sided, given the rules before it.
    few : bool
        Whether fewer than ten, but not none, of the real rows are in it.
    discrete : tuple of bool
        Whether each column has levels.
    region : tuple of (int, int)
        Axis and condition of each part.
    """

    text: str
    columns: tuple[str, ...]
    where: str
    real: float
    synthetic: float
    interval: Interval
    support: int
    p_value: float
    few: bool
    discrete: tuple[bool, ...]
    region: Region

    @property
    def sentence(self) -> str:
        """The rule with its two shares."""
        said = {
            "missing": f"rows with {self.text} are not generated",
            "invented": f"rows with {self.text} are invented",
            "shifted": f"rows with {self.text} are too {'many' if self.synthetic > self.real else 'few'}",
        }[self.where]
        real = f"under {percent(self.real)}" if self.few else percent(self.real)
        return f"{said}: {real} of real rows, {percent(self.synthetic)} of synthetic rows"

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {
            "text": self.text,
            "columns": list(self.columns),
            "where": self.where,
            "real": self.real,
            "synthetic": self.synthetic,
            "interval": list(self.interval),
            "support": self.support,
            "sentence": self.sentence,
        }


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """The rules that were confirmed, and the rows that confirm them.

    Parameters
    ----------
    rules : tuple of Rule
    confirm : Pair or None
        None where there were too few rows.
    """

    axes: Sequence[Axis]
    rules: tuple[Rule, ...]
    confirm: Pair | None

    def within(self, cells: Sequence[Ints], rules: Iterable[Rule]) -> NDArray[np.bool_]:
        """Return which rows, given by their cells on each axis, lie in any of the rules."""
        hit = np.zeros(len(cells[0]) if cells else 0, dtype=bool)
        for rule in rules:
            hit |= inside(self.axes, cells, rule.region)
        return hit

    def widest(self) -> float:
        """Return the largest total variation of a single column's cells, noise taken off, among the confirming rows."""
        if self.confirm is None:
            return 0.0
        sides = zip(self.axes, self.confirm.a, self.confirm.b, strict=True)
        return max(_variation(axis.cells, a, b) for axis, a, b in sides)

    def mass(self, rules: Sequence[Rule]) -> tuple[float, Interval]:
        """Return by how much the shares of the rules' union differ, and its 95 % interval."""
        if self.confirm is None or not rules:
            return 0.0, (0.0, 0.0)
        a, b = (self.within(cells, rules) for cells in (self.confirm.a, self.confirm.b))
        low, high = newcombe(a.sum(), len(a), b.sum(), len(b))
        gap = float(a.mean() - b.mean())
        return (gap, (low, high)) if gap >= 0 else (-gap, (-high, -low))


def _variation(cells: int, a: Ints, b: Ints) -> float:
    """Return the total variation of two columns of cells beyond what equal laws would give on average."""
    count = np.array([np.bincount(side, minlength=cells) for side in (a, b)], dtype=np.float64)
    size = np.maximum(count.sum(axis=1, keepdims=True), 1)
    both = count.sum(axis=0) / size.sum()
    expected = np.sqrt(2 / np.pi * both * (1 - both) * (1 / size).sum()).sum() / 2
    p, q = count / size
    return float(np.abs(p - q).sum() / 2 - expected)


def explain(axes: Sequence[Axis], real: Sequence[str], synthetic: str, rng: Rng, *, gains: bool = False) -> Explained:
    """Return the rules by which the rows of side `synthetic` differ from real ones, strongest first.

    Parameters
    ----------
    axes : sequence of Axis
    real : sequence of str
        Sides of real rows: rules are sought on half of the first; the other half and the other sides confirm.
    synthetic : str
    rng : Rng
    gains : bool
        Whether only regions are sought of which `synthetic` has the larger share.
    """
    if not axes or min(len(axes[0].codes[name]) for name in (real[0], synthetic)) < 4 * FEW:
        return Explained(axes, (), None)
    search, confirm = _halves(axes, real, synthetic, rng)
    search.gains = gains
    return Explained(axes, _confirmed(axes, confirm, _sought(axes, search)), confirm)


def _halves(axes: Sequence[Axis], real: Sequence[str], synthetic: str, rng: Rng) -> tuple[Pair, Pair]:
    """Return the rows that choose and those that confirm, at most 20,000 of each side."""
    choose: dict[str, Ints] = {}
    rest: dict[str, Ints] = {}
    for name in (*real, synthetic):
        order = rng.child(name).generator().permutation(len(axes[0].codes[name]))
        half = 0 if name in real[1:] else len(order) // 2
        choose[name], rest[name] = order[:half][:MOST], order[half:][:MOST]
    return _pair(axes, real, synthetic, choose), _pair(axes, real, synthetic, rest)


def _pair(axes: Sequence[Axis], real: Sequence[str], synthetic: str, rows: dict[str, Ints]) -> Pair:
    a = [np.concatenate([axis.codes[name][rows[name]] for name in real]) for axis in axes]
    return Pair.of(a, [axis.codes[synthetic][rows[synthetic]] for axis in axes])


def _sought(axes: Sequence[Axis], search: Pair) -> list[tuple[Region, float]]:
    """Return regions and their z, each found after the differences in those before it are taken out."""
    pairs = promising(axes, search)
    found: list[tuple[Region, float]] = []
    for _ in range(MOST_RULES):
        region, z = best(axes, search, pairs)
        if abs(z) < LEAST_Z:
            break
        found.append((region, z))
        if not balance(axes, search, region):
            break
    return found


def _confirmed(axes: Sequence[Axis], confirm: Pair, found: list[tuple[Region, float]]) -> tuple[Rule, ...]:
    """Return the regions that differ in the same direction among rows that did not choose them (BH at 1 %)."""
    from scipy.special import ndtr

    pair = confirm.copy()
    p_values = []
    for region, z in found:
        of = sizes(pair)
        p, q = shares(axes, pair, region)
        again = float(z_scores(np.array([p]), np.array([q]), of.n, of.m)[0])
        p_values.append(float(ndtr(-again * np.sign(z))))
        balance(axes, pair, region)
    if not found:
        return ()
    kept = benjamini_hochberg(np.array(p_values)) <= RATE
    rules = [_rule(axes, confirm, region, z, p) for (region, z), p, ok in zip(found, p_values, kept, strict=True) if ok]
    return tuple(rule for rule in rules if rule is not None)


def _rule(axes: Sequence[Axis], rows: Pair, region: Region, z: float, p_value: float) -> Rule | None:
    """Return a rule with its plain shares, or None where these do not show the difference or it does not matter."""
    a, b = (int(inside(axes, cells, region).sum()) for cells in (rows.a, rows.b))
    n, m = len(rows.u), len(rows.v)
    p, q = a / n, b / m
    where = kind(p, q)
    ratio = max(p, q) / max(min(p, q), 1e-12)
    if (q - p) * z <= 0 or abs(q - p) < LEAST_GAP or ratio < LEAST_RATIO or (a < FEW and where != "invented"):
        return None
    few = 0 < a < FEW
    parts = [(axes[i].name, axes[i].texts[atom]) for i, atom in region]
    return Rule(
        text=" and ".join(text for _, text in parts),
        columns=tuple(name for name, _ in parts),
        where=where,
        real=FEW / n if few else p,
        synthetic=q,
        interval=newcombe(b, m, a, n),
        support=b + (FEW if few else a),
        p_value=p_value,
        few=few,
        discrete=tuple(axes[i].discrete for i, _ in region),
        region=region,
    )
