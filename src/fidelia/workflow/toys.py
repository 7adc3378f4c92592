"""Made tables whose law is known, so that what a generator lost can be counted.

* `Grid`: 25 normal laws of standard deviation 0.05 on a grid of spacing 1, in two columns. Columns by themselves
  say where the modes of a straight grid are; turned by 30 degrees they say nothing.
* `RareGroups`: one large group and 50 small ones of 2 % down to 0.1 % of the rows, each with a label and a place of
  its own in four numbers.

A row is good when it lies within four standard deviations of where it belongs. A mode or group is found when the good
rows there are at least a quarter of those that a fresh draw of the law would have (of all rows drawn: noise that is
spread over everything finds nothing, though some of it is good by chance).

References
----------
The grid: Srivastava et al. (2017), VEEGAN, arXiv 1705.07761; Lin et al. (2018), PacGAN, arXiv 1712.04086.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
import pyarrow as pa

from fidelia.data.table import Table
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]

GOOD = 4.0
"""Standard deviations within which a row is good: 99.97 % of a fresh draw in two dimensions, 99.7 % in four."""
FOUND = 0.25
"""Share of its fair number of good rows from which a mode is found."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A square grid of equal normal modes.

    Parameters
    ----------
    side : int
        Modes along one edge.
    sd : float
        Of each mode, in units of the spacing.
    turn : float
        Degrees by which the grid is turned.
    """

    side: int = 5
    sd: float = 0.05
    turn: float = 0.0

    @property
    def centres(self) -> Floats:
        """The modes, (side * side, 2)."""
        at = np.arange(self.side) - (self.side - 1) / 2
        straight = np.stack(np.meshgrid(at, at), axis=-1).reshape(-1, 2)
        angle = np.deg2rad(self.turn)
        turned: Floats = straight @ np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
        return turned

    def table(self, n: int, rng: Rng) -> Table:
        """Draw `n` rows; each mode is as likely as any other."""
        draw = rng.generator()
        return self.rows(draw.integers(self.side**2, size=n), draw)

    def one_mode(self, n: int, rng: Rng) -> Table:
        """Draw `n` rows of the mode in the middle alone."""
        return self.rows(np.full(n, self.side**2 // 2), rng.generator())

    def rows(self, modes: Ints, draw: np.random.Generator) -> Table:
        """Draw a row of each of these modes."""
        points = self.centres[modes] + self.sd * draw.normal(size=(len(modes), 2))
        return _table({"x": points[:, 0], "y": points[:, 1]})

    def judge(self, table: Table) -> dict[str, float]:
        """Return ``modes`` found, the share of ``good`` rows, and ``kl``: of the good rows' modes from equal shares."""
        points = _points(table, ("x", "y"))
        distance = np.linalg.norm(points[:, None] - self.centres, axis=2)
        good = distance.min(axis=1) <= GOOD * self.sd
        counts = np.bincount(distance.argmin(axis=1)[good], minlength=self.side**2)
        found = counts >= FOUND * len(points) / self.side**2
        return {"modes": int(found.sum()), "of": self.side**2, "good": float(good.mean()), "kl": _divergence(counts)}


@dataclass(frozen=True, slots=True)
class RareGroups:
    """Fifty rare groups and a large one.

    Parameters
    ----------
    count : int
        Of rare groups.
    most, least : float
        Shares of the commonest and of the rarest of them; those between fall geometrically.
    sd : float
        Of a rare group around its place, in standard deviations of the large group.
    """

    count: int = 50
    most: float = 0.02
    least: float = 0.001
    sd: float = 0.3

    NUMBERS: ClassVar[tuple[str, ...]] = ("a", "b", "c", "d")
    REST: ClassVar[str] = "common"

    @property
    def shares(self) -> Floats:
        """The share of each rare group, (count,)."""
        return np.geomspace(self.most, self.least, self.count)

    @property
    def labels(self) -> list[str]:
        """The rare groups' names."""
        return [f"g{i + 1:02d}" for i in range(self.count)]

    @property
    def centres(self) -> Floats:
        """The groups' places, on the sphere of radius 3 around the large group, (count, 4); always the same."""
        directions = np.random.Generator(np.random.PCG64(50)).normal(size=(self.count, len(self.NUMBERS)))
        places: Floats = 3 * directions / np.linalg.norm(directions, axis=1, keepdims=True)
        return places

    def table(self, n: int, rng: Rng) -> Table:
        """Draw `n` rows; the numbers of rows of each group are as even as can be, so that every group is there."""
        draw = rng.generator()
        ends = np.cumsum([*self.shares, 1 - self.shares.sum()])
        places = (draw.permutation(n) + 0.5) / max(n, 1)
        return self.rows(np.minimum(np.searchsorted(ends, places), self.count), draw)

    def one_mode(self, n: int, rng: Rng) -> Table:
        """Draw `n` rows of the large group alone."""
        return self.rows(np.full(n, self.count), rng.generator())

    def rows(self, groups: Ints, draw: np.random.Generator) -> Table:
        """Draw a row of each of these groups; the last is the large one."""
        noise = draw.normal(size=(len(groups), len(self.NUMBERS)))
        centres = np.vstack([self.centres, np.zeros(len(self.NUMBERS))])[groups]
        numbers = centres + np.where(groups[:, None] < self.count, self.sd, 1.0) * noise
        labels = np.array([*self.labels, self.REST])[groups]
        return _table({"group": labels, **{name: numbers[:, i] for i, name in enumerate(self.NUMBERS)}})

    def judge(self, table: Table) -> dict[str, float]:
        """Return ``groups`` found, and the share of ``good`` rows: rare groups' rows at their group's place."""
        names = np.array(table["group"].to_pylist(), dtype=object)
        points = _points(table, self.NUMBERS)
        group = np.full(len(points), -1)
        for i, label in enumerate(self.labels):
            group[names == label] = i
        rare = group >= 0
        good = rare.copy()
        good[rare] = np.linalg.norm(points[rare] - self.centres[group[rare]], axis=1) <= GOOD * self.sd
        counts = np.bincount(group[good], minlength=self.count)
        found = counts >= np.maximum(FOUND * self.shares * len(points), 1)
        return {"groups": int(found.sum()), "of": self.count, "good": float(good.sum() / max(rare.sum(), 1))}


Toy = Grid | RareGroups
TOYS: dict[str, Toy] = {"grid": Grid(), "turned": Grid(turn=30.0), "groups": RareGroups()}


def _table(columns: dict[str, NDArray[np.generic]]) -> Table:
    kinds = {name: Kind.NUMBER if values.dtype.kind == "f" else Kind.CATEGORY for name, values in columns.items()}
    schema = Schema(tuple(Column(name, kind) for name, kind in kinds.items()))
    return Table(pa.table({name: pa.array(values.tolist()) for name, values in columns.items()}), schema)


def _points(table: Table, names: tuple[str, ...]) -> Floats:
    """Return numbers as points; a missing one is infinitely far from everything."""
    columns = [table[name].cast(pa.float64()).to_numpy(zero_copy_only=False) for name in names]
    points: Floats = np.stack(columns, axis=1)
    return np.where(np.isnan(points), np.inf, points)


def _divergence(counts: Ints) -> float:
    """Return the Kullback-Leibler divergence of shares from equal shares, in nats; log of all when there are none."""
    shares = counts[counts > 0] / max(counts.sum(), 1)
    return float((shares * np.log(shares * len(counts))).sum()) if len(shares) else float(np.log(len(counts)))
