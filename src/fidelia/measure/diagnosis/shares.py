"""DIV17: which share of real and of synthetic rows each cluster holds, and which clusters are lost."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from fidelia.measure.beside import beside
from fidelia.measure.diagnosis.search import GONE
from fidelia.measure.diagnosis.words import FEW, percent
from fidelia.measure.statistics.intervals import Interval, newcombe

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.diagnosis.clusters import Clusters
    from fidelia.measure.result import Result

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Mask = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Line:
    """One cluster.

    Parameters
    ----------
    name : str
        In words.
    real, holdout, synthetic : float
        Shares of rows.
    interval : (float, float)
        95 % interval of synthetic - real (Newcombe), real rows being those of train and holdout.
    coverage : float or None
        Share of its train rows that lie within reach of the synthetic rows.
    few : bool
        Whether it holds fewer than ten real rows.
    """

    name: str
    real: float
    holdout: float
    synthetic: float
    interval: Interval
    coverage: float | None
    few: bool

    @property
    def missing(self) -> bool:
        """Whether hardly any synthetic row is in it, though real rows are."""
        return not self.few and self.synthetic <= GONE * self.real and self.interval[1] < 0

    @property
    def sentence(self) -> str:
        """The cluster with its shares."""
        return f"{self.name}: {percent(self.real)} of real rows, {percent(self.synthetic)} of synthetic rows"

    def to_dict(self) -> dict[str, object]:
        """Return plain data."""
        return {
            "name": self.name,
            "real": self.real,
            "holdout": self.holdout,
            "synthetic": self.synthetic,
            "interval": list(self.interval),
            "coverage": self.coverage,
            "sentence": self.sentence,
        }


def lines(found: Clusters, covered: Mask | None, rows: Ints | None) -> list[Line]:
    """Return the clusters, largest change first.

    Parameters
    ----------
    found : Clusters
    covered : (n,) bool or None
        Whether each of the train points `rows` is within reach.
    rows : (n,) int64 or None
    """
    k = len(found.names)
    count = {name: np.bincount(label, minlength=k) for name, label in found.labels.items()}
    size = {name: max(len(label), 1) for name, label in found.labels.items()}
    real, n = count["train"] + count["holdout"], size["train"] + size["holdout"]
    label = None if covered is None else found.labels["train"][rows]
    table = [
        Line(
            name,
            real=float(real[c] / n),
            holdout=float(count["holdout"][c] / size["holdout"]),
            synthetic=float(count["synthetic"][c] / size["synthetic"]),
            interval=newcombe(int(count["synthetic"][c]), size["synthetic"], int(real[c]), n),
            coverage=None if label is None or not (label == c).any() else float(covered[label == c].mean()),  # type: ignore[index]
            few=int(real[c]) < FEW,
        )
        for c, name in enumerate(found.names)
        if real[c] or count["synthetic"][c]
    ]
    return sorted(table, key=lambda line: -abs(np.log((line.synthetic + 1e-4) / (line.real + 1e-4))))


@dataclass(frozen=True, slots=True)
class Change:
    """How much the shares of clusters differ.

    Parameters
    ----------
    value : float
        Total variation.
    interval : (float, float)
        Of the share of the clusters that one half of the rows finds too large, by the other half (Newcombe).
    expected : float
        The total variation that equal laws would give.
    chi_square, p_value : float
        Pearson's test of equal shares.
    """

    value: float
    interval: Interval
    expected: float
    chi_square: float
    p_value: float

    @property
    def mass(self) -> float:
        """Share of rows that would have to move: total variation less its mean under equal laws, in the interval."""
        return float(np.clip(self.value - self.expected, *self.interval))


def change(real: Ints, synthetic: Ints, k: int) -> Change:
    """Compare the cluster labels of real and synthetic rows."""
    from scipy.stats import chi2

    count = np.array([np.bincount(real, minlength=k), np.bincount(synthetic, minlength=k)], dtype=np.float64)
    count = count[:, count.sum(axis=0) > 0]
    size = count.sum(axis=1, keepdims=True)
    if not size.all() or count.shape[1] < 2:
        return Change(0.0, (0.0, 0.0), 0.0, 0.0, 1.0)
    p, q = count / size
    both = count.sum(axis=0) / size.sum()
    square = float(((count - size * both) ** 2 / (size * both)).sum())
    spread = np.sqrt(both * (1 - both) * (1 / size).sum())
    expected = float(np.sqrt(2 / np.pi) * spread.sum() / 2)
    value = float(np.abs(p - q).sum() / 2)
    return Change(value, _gain(real, synthetic, k), expected, square, float(chi2.sf(square, count.shape[1] - 1)))


def _gain(real: Ints, synthetic: Ints, k: int) -> Interval:
    """Return the interval of the gain of the clusters that are too large; one half chooses, the other measures."""
    first = [np.bincount(side[::2], minlength=k) / max(len(side[::2]), 1) for side in (real, synthetic)]
    more = first[1] > first[0]
    rest = [side[1::2] for side in (real, synthetic)]
    if min(len(side) for side in rest) == 0:
        return 0.0, 1.0
    low, high = newcombe(int(more[rest[1]].sum()), len(rest[1]), int(more[rest[0]].sum()), len(rest[0]))
    return max(0.0, low), max(0.0, high)


def cluster_shares(case: Case) -> Result:
    """DIV17: total variation between the cluster shares of synthetic and train rows, beside that of fresh rows."""
    from fidelia.measure.diagnosis.diagnose import diagnosed

    diagnosis = diagnosed(case)
    found = diagnosis.found
    if found is None:
        assert diagnosis.declined is not None
        raise diagnosis.declined
    k = len(found.names)
    measured = beside(case, "DIV17", lambda _: found.labels, lambda a, b: variation(a, b, k))
    table = change(np.concatenate([found.labels["train"], found.labels["holdout"]]), found.labels["synthetic"], k)
    return measured.result(
        low=0.0,
        high=1.0,
        breakdown={
            "by": found.by,
            "clusters": k,
            "chi_square": table.chi_square,
            "p_value": table.p_value,
            "lines": [
                {"name": line.name, "real": line.real, "holdout": line.holdout, "synthetic": line.synthetic}
                | ({} if line.coverage is None else {"coverage": line.coverage})
                for line in diagnosis.clusters
            ],
            "invented": [{"name": group.name, "synthetic": group.share} for group in diagnosis.groups],
        },
    )


def variation(a: Ints, b: Ints, k: int) -> float:
    """Return the total variation between the shares of labels."""
    p, q = (np.bincount(x, minlength=k) / max(len(x), 1) for x in (a, b))
    return float(np.abs(p - q).sum() / 2)
