"""A scored attack: what it says of members and of rows that nobody has seen; every rate comes from here.

Members are rows of train, non-members rows of the holdout. Given the synthetic rows and the attacker's own rows, a
generator that never saw train leaves both scored alike, so that every interval holds whatever the attack.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.result import Caveat
from fidelia.measure.statistics.estimates import Estimate, auc
from fidelia.measure.statistics.excess import alarm
from fidelia.measure.statistics.intervals import Interval, clopper_pearson, epsilon_bound, normal

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

__all__ = ["FALSE_POSITIVES", "ONE_LAW", "Bound", "Scored", "alarm", "audited"]

SMALL = 30
SURE = 0.999
FALSE_POSITIVES = (0.001, 0.01)
ONE_LAW = Caveat(
    "ONE_LAW",
    "Speaks of membership only where train and holdout are random parts of one table: after a split by time or "
    "entity, a shift between them looks the same.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Scored:
    """The scores of one attack; higher speaks for membership, ties are allowed.

    Parameters
    ----------
    name : str
        In plain words.
    members : (m,) float64
    others : (n,) float64
        Of rows that the generator never saw and that the attacker does not use.
    """

    name: str
    members: Floats
    others: Floats

    @property
    def auc(self) -> Estimate:
        """Chance that a member scores higher than a non-member, ties one half; 1/2 is a blind guess (DeLong)."""
        labels = np.repeat([True, False], [len(self.members), len(self.others)])
        return auc(np.concatenate([self.members, self.others]), labels)

    @property
    def blind_sd(self) -> float:
        """Spread of the AUC of a blind guess on so many rows (Mann and Whitney 1947)."""
        m, n = len(self.members), len(self.others)
        return float(np.sqrt((m + n + 1) / (12 * m * n)))

    @property
    def sd(self) -> float:
        """Standard error of the AUC; where the attack is always right, the width that so many rows allow.

        Of fewer than 30 rows on a side DeLong's variance is unsure, and is not taken below that of a blind guess.
        """
        fewest = min(len(self.members), len(self.others))
        return max(self.auc.sd, 0.5 / fewest, self.blind_sd if fewest < SMALL else 0.0)

    @property
    def interval(self) -> Interval:
        """95 % interval of the AUC."""
        return normal(self.auc.value, self.sd, 0.0, 1.0)

    def alarm(self) -> dict[str, Any]:
        """Return the excess of the AUC over a blind guess."""
        low, high = self.interval
        return alarm(self.auc.value - 0.5, (low - 0.5, high - 0.5))

    def caught(self, false_positives: float) -> tuple[float, Interval] | None:
        """Return the share of members found where at most a share of non-members is accused, with its interval.

        The threshold is the lowest that accuses no more. Its own uncertainty is in the interval: the ends are exact
        intervals at the thresholds that accuse 1.96 standard deviations fewer and more.

        Returns
        -------
        rate, interval
            None where there are too few non-members for even one to be accused: 1,000 are needed for 0.1 %.
        """
        allowed = false_positives * len(self.others)
        if allowed < 1:
            return None
        around = 1.96 * np.sqrt(allowed * (1 - false_positives))
        counts = [self._found(int(k)) for k in (max(0.0, allowed - around), allowed, allowed + around)]
        m = len(self.members)
        return counts[1] / m, (clopper_pearson(counts[0], m)[0], clopper_pearson(counts[2], m)[1])

    def _found(self, accused: int) -> int:
        """Return how many members score above the threshold that accuses at most so many non-members."""
        if accused >= len(self.others):
            return len(self.members)
        return int((self.members > np.sort(self.others)[::-1][accused]).sum())

    def within(self, members: NDArray[np.bool_], others: NDArray[np.bool_]) -> Scored:
        """Return the attack on a part of the rows."""
        return Scored(self.name, self.members[members], self.others[others])

    def line(self) -> dict[str, Any]:
        """Return the attack's line for a breakdown; a rate that so few rows cannot show is None."""
        low, high = self.interval
        line: dict[str, Any] = {"name": self.name, "auc": self.auc.value, "low": low, "high": high}
        for rate in FALSE_POSITIVES:
            found = self.caught(rate)
            line[f"tpr_at_{rate}"] = found and found[0]
            line[f"tpr_at_{rate}_interval"] = found and found[1]
        return line


@dataclass(frozen=True, slots=True)
class Bound:
    """A lower bound on epsilon, and the test that it rests on.

    Parameters
    ----------
    value : float
        At least 0; holds with confidence `level`.
    high : float
        What the same test would imply at the other ends of the exact intervals.
    most : float
        The largest bound that so many rows can show.
    attack : str
        Which attack was chosen, on rows that the bound does not rest on.
    caught, accused : float
        Its true and false positive rates.
    members, others : int
        Rows behind the bound.
    level : float
    """

    value: float
    high: float
    most: float
    attack: str
    caught: float
    accused: float
    members: int
    others: int
    level: float


def audited(attacks: Sequence[Scored], rng: Rng, *, delta: float = 0.0, level: float = 0.95) -> Bound:
    """Return the lower bound on epsilon: attack and threshold chosen on one half of the rows, the bound on the other.

    Parameters
    ----------
    attacks : sequence of Scored
        On the same rows.
    delta : float
        Of the guarantee that is tested.
    level : float
        Confidence of the bound.

    References
    ----------
    Jagielski, Ullman and Oprea (2020), NeurIPS; that members of one run serve as trials: Steinke, Nasr and Jagielski
    (2023), Privacy Auditing with One (1) Training Run, NeurIPS, theorem 2.1.
    """
    generator = rng.child("halves").generator()
    sizes = len(attacks[0].members), len(attacks[0].others)
    orders = [generator.permutation(size) for size in sizes]
    (learn_in, learn_out), (test_in, test_out) = (
        [_mask(order[part::2], len(order)) for order in orders] for part in (0, 1)
    )
    best, threshold, top = attacks[0], np.inf, (-1.0, -1.0)
    for attack in attacks:
        found, reached = _threshold(attack.within(learn_in, learn_out), delta)
        if reached > top:
            best, threshold, top = attack, found, reached
    return _bound(best.within(test_in, test_out), threshold, delta, level)


def _mask(rows: NDArray[np.int64], n: int) -> NDArray[np.bool_]:
    mask = np.zeros(n, dtype=bool)
    mask[rows] = True
    return mask


def _threshold(attack: Scored, delta: float) -> tuple[float, tuple[float, float]]:
    """Return the threshold with the largest bound on these rows, and that bound at 99.9 % and at 95 %.

    The bound at 99.9 % decides where one is above 0: the largest of many at 95 % is often one of few rows and luck.
    """
    thresholds = _candidates(attack.others, attack.members)
    m, n = len(attack.members), len(attack.others)
    hits = [_hits(attack, threshold) for threshold in thresholds]
    reached = [0.0]
    for level in (SURE, 0.95):
        reached = [epsilon_bound(caught, m, accused, n, delta=delta, level=level) for caught, accused in hits]
        if max(reached) > 0:
            break
    best = int(np.argmax(reached))
    return float(thresholds[best]), (reached[best], 0.0) if level == SURE else (0.0, reached[best])


def _candidates(others: Floats, members: Floats) -> Floats:
    """Return thresholds that leave 0, 1, 2, 4, 8 ... non-members above them, or members below them.

    Each lies halfway to the next score, so that rows of the other half that score like these fall on the same side.
    """
    steps = np.unique(np.concatenate([[0], 2 ** np.arange(20)]))
    above, below = np.sort(others)[::-1], np.sort(members)[1:]
    found = np.unique(np.concatenate([above[steps[steps < len(above)]], below[steps[steps < len(below)]]]))
    known = np.unique(np.concatenate([others, members]))
    place = np.searchsorted(known, found)
    return np.asarray((known[place] + known[np.minimum(place + 1, len(known) - 1)]) / 2)


def _hits(attack: Scored, threshold: float) -> tuple[int, int]:
    return int((attack.members > threshold).sum()), int((attack.others > threshold).sum())


def _bound(attack: Scored, threshold: float, delta: float, level: float) -> Bound:
    m, n = len(attack.members), len(attack.others)
    caught, accused = _hits(attack, threshold)
    value = epsilon_bound(caught, m, accused, n, delta=delta, level=level)
    most = epsilon_bound(m, m, 0, n, delta=delta, level=level)
    (_, up), (low, _) = clopper_pearson(caught, m, level), clopper_pearson(accused, n, level)
    odds = [a / b if b > 0 else np.inf for a, b in ((up - delta, low), (1 - low - delta, 1 - up))]
    high = float(np.clip(np.log(max(1.0, *odds)), value, max(value, most)))
    return Bound(value, high, most, attack.name, caught / m, accused / n, m, n, level)
