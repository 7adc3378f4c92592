"""Verdicts and reasons: what may be said of a row, and what each reason leads to."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """What to do with a row."""

    ACCEPT = "accept"
    REVIEW = "review"
    REJECT = "reject"
    DUPLICATE = "duplicate"


class Reason(StrEnum):
    """Why, gravest first."""

    CONSTRAINT = "CONSTRAINT"
    COPY = "COPY"
    NEAR_COPY = "NEAR_COPY"
    PARTIAL_COPY = "PARTIAL_COPY"
    OOD = "OOD"
    RARE_COMBO = "RARE_COMBO"
    DUPLICATE = "DUPLICATE"
    IDENTICAL = "IDENTICAL"
    DETECTABLE = "DETECTABLE"
    TOO_TYPICAL = "TOO_TYPICAL"

    @property
    def verdict(self) -> Verdict:
        """What a row gets of which this is the gravest reason."""
        return _VERDICT.get(self, Verdict.REJECT)


_VERDICT = {
    Reason.DUPLICATE: Verdict.DUPLICATE,
    Reason.IDENTICAL: Verdict.REVIEW,
    Reason.DETECTABLE: Verdict.REVIEW,
    Reason.TOO_TYPICAL: Verdict.REVIEW,
}

COPIES = frozenset({Reason.COPY, Reason.NEAR_COPY, Reason.PARTIAL_COPY, Reason.IDENTICAL})
"""Reasons that say that a row repeats a training row: a shareable table leaves such rows out."""

TEXT = {
    Reason.CONSTRAINT: "breaks a rule that every real row keeps",
    Reason.COPY: "equal to a training row, in excess of what fresh real rows show",
    Reason.NEAR_COPY: "closer to a training row than fresh real rows come",
    Reason.PARTIAL_COPY: "repeats a larger part of one training row than fresh real rows do",
    Reason.OOD: "farther from the real rows than fresh real rows are",
    Reason.RARE_COMBO: "has two values that are common each by itself and that real rows hardly ever have together",
    Reason.DUPLICATE: "repeats another synthetic row more often than the real rows explain",
    Reason.IDENTICAL: "equal to a training row; without a holdout nobody can say whether by chance: look first",
    Reason.DETECTABLE: "of a kind that is many times as common among synthetic rows as among real ones",
    Reason.TOO_TYPICAL: "nearer to the heart of the real rows than fresh real rows come",
}
