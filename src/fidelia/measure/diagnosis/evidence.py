"""What verdicts rest on: which differences are significant and large enough to matter.

A difference counts when it is significant and large enough to matter. Eight questions are asked (four signed parts,
rows beyond each support, copies, shares of clusters), each at 0.6 %, and rules at 1 %, so that fresh real rows get a
false verdict in about one case of twenty. It matters when a signed part exceeds 0.03 and is 0.02 above that of fresh
real rows (0.05 where nothing but S- of alpha-precision speaks), when a lost or invented mass exceeds 1 %, when 2 % of
rows are copies, or when shares move by 3 %.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from fidelia.measure.diagnosis.clusters import Group
    from fidelia.measure.diagnosis.curves import Beyond, Copying, Curves, Part, Residual
    from fidelia.measure.diagnosis.rules import Explained, Rule
    from fidelia.measure.diagnosis.shares import Change, Line

LEVEL = 0.05 / 8
CRITICAL_Z = 2.5
LEAST_PART, LEAST_EXCESS = 0.03, 0.02
LEAST_FAR = 0.05
LEAST_MASS = 0.01
LEAST_COPIES, MANY_COPIES = 0.02, 0.1
LEAST_SHIFT = 0.03
LEAST_CLOSER = 0.02
FULL = 0.9


@dataclass(frozen=True, slots=True)
class Evidence:
    """One number that a verdict rests on, and what fresh real rows get."""

    name: str
    value: float
    reference: float | None


@dataclass(frozen=True, slots=True)
class Facts:
    """All that verdicts are drawn from.

    Parameters
    ----------
    curves : Curves or None
        None where there are too few rows or nothing varies.
    residual : Residual or None
        None where too few rows are left.
    explained : Explained
        The rules.
    lines : list of Line
        The clusters.
    groups : list of Group
        Groups of synthetic rows beyond the real ones.
    moved : Change or None
        Shares of the clusters among rows in no missing or invented region.
    has_holdout : bool
    """

    curves: Curves | None
    residual: Residual | None
    explained: Explained
    lines: Sequence[Line] = ()
    groups: Sequence[Group] = ()
    moved: Change | None = None
    has_holdout: bool = True

    @property
    def copying(self) -> Copying | None:
        """What the holdout says of copies."""
        return None if self.residual is None else self.residual.copying


def significant(part: Part) -> bool:
    """Whether a signed part is beyond its null law, beyond that of fresh real rows, and large enough to matter."""
    large = part.value >= LEAST_PART and part.value - part.reference >= LEAST_EXCESS
    return bool(large and part.p_value < LEVEL)


def is_copied(found: Copying) -> bool:
    """Whether rows are copied: more close pairs than among fresh rows, and train rows nearer than fresh ones.

    The second test holds whatever the synthetic law; it asks for little where copies are many, which may all be of a
    few train rows.
    """
    close = found.z >= CRITICAL_Z and found.rate >= LEAST_COPIES
    return close and (found.rate >= MANY_COPIES or found.closer - 0.5 > 1.645 * found.closer_sd)


def is_beyond(found: Beyond) -> bool:
    """Whether more rows lie beyond the other table than fresh real rows do, by enough to matter."""
    return found.interval[0] > 0 and found.value - found.reference >= LEAST_MASS


@dataclass(frozen=True, slots=True)
class Seen:
    """The questions answered.

    `p_plus` and `p_minus` are what alpha-precision shows, as it is and beside fresh rows in the synthetic shares;
    `far` is whether the latter S- is large by itself.
    """

    p_plus: bool = False
    p_minus: bool = False
    r_plus: bool = False
    r_minus: bool = False
    copied: bool = False
    fully: bool = False
    far: bool = False

    @classmethod
    def of(cls, facts: Facts) -> Seen:
        """Return the answers that the facts give."""
        c, rest = facts.curves, facts.residual
        if c is None or rest is None:
            return cls(
                r_plus=c is not None and significant(c.recall_plus),
                r_minus=c is not None and significant(c.recall_minus),
            )
        copying = rest.copying
        copied = copying is not None and is_copied(copying)
        return cls(
            significant(rest.plus) and significant(c.precision_plus),
            significant(rest.minus) and significant(c.precision_minus),
            significant(c.recall_plus),
            significant(c.recall_minus),
            copied,
            copied and copying is not None and copying.rate >= FULL,
            rest.minus.value >= LEAST_FAR,
        )

    @property
    def repeated(self) -> bool:
        """Copies of a part of train, time and again."""
        return self.fully and self.r_minus

    @property
    def under(self) -> bool:
        """Too typical rows, and real rows out of their reach, that copies do not explain."""
        return self.p_plus and self.r_minus and not self.copied

    @property
    def over(self) -> bool:
        """Too atypical rows, around the real ones or far out."""
        return self.p_minus and (self.r_plus or self.far)


def rules_of(facts: Facts, where: str) -> tuple[Rule, ...]:
    """Return the rules of one kind: missing, invented or shifted."""
    return tuple(rule for rule in facts.explained.rules if rule.where == where)


def parts_of(facts: Facts, *names: str) -> tuple[Evidence, ...]:
    """Return signed parts and the rest of the curves as evidence."""
    c = facts.curves
    if c is None:
        return ()
    known: dict[str, Part | Beyond] = {
        "S+ of alpha-precision": c.precision_plus,
        "S- of alpha-precision": c.precision_minus,
        "S+ of beta-recall": c.recall_plus,
        "S- of beta-recall": c.recall_minus,
        "1 - P_1": c.invented,
        "1 - R_1": c.uncovered,
    }
    found = [Evidence(name, known[name].value, known[name].reference) for name in names if name in known]
    if (copying := facts.copying) is not None:
        if "copies" in names:
            found.append(Evidence("authenticity", copying.synthetic, copying.holdout))
            found.append(Evidence("share of copies", copying.rate, 0.0))
        if "closer" in names:
            found.append(Evidence("AUC of train rows lying nearer than fresh rows", copying.closer, 0.5))
    return tuple(found)
