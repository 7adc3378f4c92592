"""What an attack that guesses has found out: on train rows, on rows that nobody has seen, and blindly.

An attack that succeeds on the holdout too has learnt the population, not the persons in train: only the excess on
train is a leak.

References
----------
Giomi, Boenisch, Wehmeyer and Tasnadi (2023), A Unified Framework for Quantifying Privacy Risk in Synthetic Data,
Proceedings on Privacy Enhancing Technologies 2023(2), arXiv 2211.10459: main attack, control attack and baseline.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.measure.result import Caveat, Reference, Result
from fidelia.measure.statistics.excess import LEVEL, alarm
from fidelia.measure.statistics.intervals import Interval, newcombe
from fidelia.measure.statistics.multiple import benjamini_hochberg
from fidelia.measure.statistics.proportions import greater_p

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Bools = NDArray[np.bool_]

WEAK = Caveat(
    "WEAK_ATTACK",
    "The attack does no better on train rows than blind guessing, so that it is no evidence of safety.",
)


@dataclass(frozen=True, slots=True, eq=False)
class Guesses:
    """Which guesses of one attack were right.

    Parameters
    ----------
    name : str
        What was attacked, in words.
    attacker : str
    train, holdout : (n,) bool
        Hits on train rows and on as many holdout rows.
    blind : (n,) bool
        Hits on the train rows of a guess that ignores what is known of them.
    """

    name: str
    attacker: str
    train: Bools
    holdout: Bools
    blind: Bools

    @property
    def rate(self) -> float:
        """Share of right guesses on train rows."""
        return float(self.train.mean())

    @property
    def control(self) -> float:
        """Share of right guesses on holdout rows."""
        return float(self.holdout.mean())

    @property
    def excess(self) -> float:
        """How much more often train rows are guessed than rows that nobody has seen."""
        return self.rate - self.control

    @property
    def interval(self) -> Interval:
        """95 % interval of the excess (Newcombe)."""
        return newcombe(int(self.train.sum()), len(self.train), int(self.holdout.sum()), len(self.holdout))

    @property
    def p(self) -> float:
        """P-value that train rows are guessed no more often than holdout rows."""
        return greater_p(int(self.train.sum()), len(self.train), int(self.holdout.sum()), len(self.holdout))

    @property
    def room(self) -> float:
        """How much an attack could gain over the control: 1 - control, at least one row's worth."""
        return max(1 - self.control, 1 / len(self.holdout))

    def half(self, which: int) -> Guesses:
        """Return the guesses on one half of the rows: 0 to choose an attacker, 1 to judge it."""
        cut = slice(None, len(self.train) // 2) if which == 0 else slice(len(self.train) // 2, None)
        return Guesses(self.name, self.attacker, self.train[cut], self.holdout[cut], self.blind[cut])

    def line(self, q: float) -> dict[str, Any]:
        """Return what the report shows of one attack; `q` is its p-value after correction for all attacks."""
        return {
            "name": self.name,
            "attacker": self.attacker,
            "train": self.rate,
            "holdout": self.control,
            "blind": float(self.blind.mean()),
            "excess": self.excess,
            "low": self.interval[0],
            "high": self.interval[1],
            "q": q,
        }


def strongest(attacks: Sequence[Guesses]) -> Guesses:
    """Choose the attacker with the largest excess on one half of the rows, and return its guesses on the other.

    The choice is not seen by the rows that judge it, so that the best of many attackers is no better by chance.
    """
    best = max(attacks, key=lambda attack: (attack.half(0).excess, attack.half(0).rate))
    return best.half(1)


def risk(found: Sequence[Guesses], n: Mapping[str, int], caveats: tuple[Caveat, ...] = ()) -> Result:
    """Return the risk, mean over what was attacked: (rate - control) / (1 - control), 0 when nothing leaks.

    The interval is the mean of the attacks' own, as if all erred together, since they attack the same rows. The alarm
    is raised when the false discovery rate over all of them is kept by one; excess and interval are those of the
    clearest.
    """
    q = benjamini_hochberg(np.array([attack.p for attack in found]))
    parts = np.array([np.array([attack.excess, *attack.interval]) / attack.room for attack in found])
    value, low, high = parts.mean(axis=0)
    sd = float(np.mean([_noise(attack) for attack in found]))
    raised = bool((q <= LEVEL).any())
    weak = all(attack.rate <= attack.blind.mean() for attack in found) and not raised
    clearest = found[int(np.argmin(q))]
    return Result(
        value=float(value),
        interval=(float(max(low, -1.0)), float(min(high, 1.0))),
        reference=Reference(0.0, sd, len(found[0].holdout), "holdout"),
        n=n,
        caveats=(*caveats, *((WEAK,) if weak else ())),
        breakdown={
            **alarm(clearest.excess, clearest.interval),
            "alarm": raised,
            "lines": [attack.line(float(each)) for attack, each in zip(found, q, strict=True)],
        },
    )


def _noise(attack: Guesses) -> float:
    """Return the spread of an attack's risk when nothing leaks."""
    pooled = (attack.rate + attack.control) / 2
    return float(np.sqrt(2 * pooled * (1 - pooled) / len(attack.train)) / attack.room)
