"""The audit: one verdict for each synthetic row, with its reasons, calibrated on rows that nobody has seen.

Flags hold at a false discovery rate against what fresh real rows get, so that a perfect generator is not cut down;
what a flag rests on stands beside it. Filtering by distance to training rows leaves holes around them, which tells of
them: an audited release is not covered by a generator's own privacy guarantee (METRICS 8.4). An audit against the
holdout alone touches no training row, and can name no copies.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fidelia.auditing.audited import Audited
from fidelia.auditing.causes import causes, matched
from fidelia.auditing.marks import STEPS, Marks, marks
from fidelia.auditing.real_rows import RealRows, axes_of, lacking, real_rows, subgroups
from fidelia.auditing.scores import Around, Scores, around, scores, searches
from fidelia.auditing.verdicts import COPIES, Reason, Verdict
from fidelia.errors import UsageError
from fidelia.measure.diagnosis.uncovered import told_apart
from fidelia.measure.diagnosis.words import percent
from fidelia.measure.statistics.flags import fewest

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

Reference = Literal["train", "holdout"]
REAL = ("train", "holdout")


def audit(case: Case, *, q: float = 0.1, reference: Reference = "train") -> Audited:
    """Judge every synthetic row of a case, and say which real rows are covered.

    Parameters
    ----------
    case : Case
        With a holdout where there is one. Without it off-support flags are calibrated on train rows left out one
        by one, and copies other than identical rows cannot be told from chance: identical rows go to review.
    q : float
        The false discovery rate of the flags, in (0, 1).
    reference : {"train", "holdout"}
        "holdout": the train rows of the case are rows that the generator never saw, and there are no others; one half
        of them is what synthetic rows are held against, the other half calibrates (`halves`).

    Returns
    -------
    Audited

    Raises
    ------
    UsageError
        When the reference is the holdout and the case has one beside its train rows.
    """
    known, seen = (case, True) if reference == "train" else (halves(case).case, False)
    with case.progress.stage("audit", len(searches(known)) + STEPS + 2) as tick:
        scored, beside = scores(known, tick), around(known, tick)
        found = marks(known, scored, q, seen=seen, tick=tick)
        group = subgroups(known)
        because, copied = causes(known, scored, found), matched(known, found)
        tick(1)
        real = {side: real_rows(known, side, q, group, beside.density, seen=seen) for side in REAL if side in group}
        few, flagged = lacking(known, real["train"]), _flagged(known, found)
        tick(1)
    reasons = _reasons(found)
    return Audited(
        verdict=np.array([of[0].verdict if of else Verdict.ACCEPT for of in reasons], dtype=np.str_),
        reasons=[tuple(str(reason) for reason in of) for of in reasons],
        scores=_columns(scored, beside, found, group["synthetic"], seen=seen),
        causes=because,
        matched=copied,
        q=q,
        calibrated=known.holdout is not None,
        reference=reference,
        real=real if seen else {"holdout": _whole(real, halves(case))},
        lacking=few,
        flagged=flagged,
        notes=(*_privacy(real["train"], q, seen=seen), *_limits(known, scored, found, q, seen=seen)),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Halves:
    """Real rows as what others are held against and as what calibrates.

    Parameters
    ----------
    case : Case
        Whose train and holdout are the two halves.
    rows : dict of str to (n,) int64
        Rows of the whole table, by side.
    """

    case: Case
    rows: dict[str, NDArray[np.int64]]


def halves(case: Case) -> Halves:
    """Return the halves of a case's train rows, drawn once."""
    return case.once("audit/halves", _halves)


def _halves(case: Case) -> Halves:
    if case.holdout is not None:
        raise UsageError("an audit against the holdout alone takes one real table, the holdout; give no train rows")
    order = case.rng.child("audit/halves").generator().permutation(len(case.train))
    half = (len(order) + 1) // 2
    rows = {"train": np.sort(order[:half]), "holdout": np.sort(order[half:])}
    first, second = (case.train.take(of) for of in rows.values())
    return Halves(replace(case, train=first, holdout=second), rows)


def _whole(real: dict[str, RealRows], cut: Halves) -> RealRows:
    """Return the two halves as rows of the table that they are of."""
    both = [replace(rows, row=cut.rows[side][rows.row]) for side, rows in real.items()]
    joined = {each.name: np.concatenate([getattr(rows, each.name) for rows in both]) for each in fields(RealRows)}
    order = np.argsort(joined["row"], kind="stable")
    return RealRows(**{name: values[order] for name, values in joined.items()})


def _reasons(found: Marks) -> list[list[Reason]]:
    """The reasons of each row, gravest first."""
    reasons: list[list[Reason]] = [[] for _ in found.identical]
    for reason in Reason:
        for row in np.flatnonzero(found.rows[reason]):
            reasons[row].append(reason)
    return reasons


def _columns(
    scored: Scores, beside: Around, found: Marks, group: NDArray[np.str_], *, seen: bool
) -> dict[str, NDArray[Any]]:
    support = found.flags[Reason.OOD]
    out: dict[str, NDArray[Any]] = {
        "alpha_score": scored.alpha,
        "p_unrealistic": support.p,
        "q_unrealistic": support.q,
        **({} if found.odds is None else {"c2st_propensity": found.odds.propensity, "weight": found.odds.weight}),
        **{f"q_{reason.lower()}": found.flags[reason].q for reason in _OTHERS if reason in found.flags},
        "subgroup": group,
        "local_density_ratio": beside.density,
        **({} if beside.unseen is None else {"nn_holdout_dist": beside.unseen}),
    }
    return out | (_near_train(scored, found) if seen else {})


_OTHERS = (Reason.RARE_COMBO, Reason.DETECTABLE, Reason.TOO_TYPICAL, Reason.PARTIAL_COPY)


def _near_train(scored: Scores, found: Marks) -> dict[str, NDArray[Any]]:
    """What is said of the training rows near each row."""
    copy, second = found.flags.get(Reason.NEAR_COPY), min(1, scored.source.distance.shape[1] - 1)
    return {
        "nn_real_id": scored.nearest,
        "nn_dist": scored.source.distance[:, 0],
        "nn_dist_2": scored.source.distance[:, second],
        "identical": found.identical,
        "auth_ratio": scored.ratio,
        **({} if copy is None else {"p_copy": copy.p, "q_copy": copy.q, "copy_of": found.source}),
        "copy_multiplicity": _multiplicity(found),
    }


def _multiplicity(found: Marks) -> NDArray[np.int64]:
    """How many flagged rows repeat the same train row as this one; 0 where this one is not flagged."""
    source = found.source.copy()
    if found.parts is not None:
        part = found.rows[Reason.PARTIAL_COPY]
        source[part] = found.parts.source[part]
    out = np.zeros(len(source), dtype=np.int64)
    flagged = found.any_of(*COPIES)
    _, place, count = np.unique(source[flagged], return_inverse=True, return_counts=True)
    out[flagged] = count[place]
    return out


def _flagged(case: Case, found: Marks) -> list[dict[str, Any]]:
    """Rules that tell the rows flagged for another reason than being copies from the others."""
    if not case.values:
        return []
    marked = np.zeros_like(found.identical)
    marked[found.any_of(*(reason for reason in Reason if reason not in COPIES))] = True
    rng = case.rng.child("audit/flagged")
    lines = told_apart(axes_of(case), "synthetic", np.arange(len(marked)), marked, rng)
    said = "of the synthetic rows with {text}, {part} are flagged"
    return [line | {"sentence": said.format(text=line["text"], part=percent(line["precision"]))} for line in lines]


def _privacy(train: RealRows, q: float, *, seen: bool) -> list[str]:
    if not seen:
        return [
            "No training row was read: synthetic rows were held against one half of the holdout and calibrated on the "
            "other. Copies of training rows cannot be named that way."
        ]
    said = [
        "Filtering by distance to training rows leaves traces of them: the accepted rows are not covered by any "
        "privacy guarantee of the generator."
    ]
    if exposed := int((train.vulnerability >= 1 - q).sum()):
        said.append(
            f"{exposed:,} training rows stand out as fresh rows do not: whoever holds these synthetic rows can tell "
            "that they were learnt from. The internal edition names them."
        )
    return said


def _limits(case: Case, scored: Scores, found: Marks, q: float, *, seen: bool) -> list[str]:
    said = []
    if case.holdout is None:
        said.append("Without a holdout, copies that are not identical cannot be told from chance.")
    else:
        need = fewest(len(case.synthetic), len(scored.fresh_depth), q)
        said.append(
            f"Fewer than {need:,} strange rows cannot be told from chance with {len(scored.fresh_depth):,} fresh rows."
        )
    by_chance = int((found.identical & ~found.rows[Reason.COPY] & ~found.rows[Reason.IDENTICAL]).sum())
    if seen and by_chance:
        said.append(f"{by_chance:,} rows equal a training row, no more than fresh real rows do: they are not flagged.")
    if scored.searched < len(case.train):
        said.append(
            f"Near rows were looked for among {scored.searched:,} of {len(case.train):,} train rows; identical rows "
            "and repeated parts among all."
        )
    return said
