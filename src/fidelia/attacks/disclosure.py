"""Attribute disclosure by correct attribution: what do synthetic rows with the same key fields say of a secret?

References
----------
Elliot (2014), Final Report on the Disclosure Risk Associated with the Synthetic Data Produced by the SYLLS Team,
University of Manchester: correct attribution probability (CAP). Taub, Elliot, Pampaka and Smith (2018), Differential
Correct Attribution Probability for Synthetic Data, Privacy in Statistical Databases: TCAP.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.attacks.targets import NO_EVIDENCE, Targets, known, secrets, targets
from fidelia.errors import NotApplicable
from fidelia.measure.result import Reference, Result
from fidelia.measure.statistics.excess import alarm
from fidelia.measure.statistics.intervals import Z, normal
from fidelia.measure.values import Values

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case

    Floats = NDArray[np.float64]
    Codes = NDArray[np.int64]

BINS = 10
MOST = 1_000
BLOCK = 250


@dataclass(frozen=True, slots=True, eq=False)
class Attribution:
    """Correct attribution of one secret.

    Parameters
    ----------
    train, holdout : (n,) float64
        For each attacked row, the share of its nearest synthetic rows (fewest different key fields) that have its
        secret value: generalised CAP.
    exact : dict of str to float
        By side, the same among rows with equal key fields; 0 where there are none (CAP).
    certain : dict of str to float
        By side, the share of rows whose key fields have one secret value in the synthetic rows, namely theirs, among
        rows whose key fields have one (TCAP).
    blind : float
        The chance of a guess drawn from the synthetic rows.
    """

    secret: str
    train: Floats
    holdout: Floats
    exact: dict[str, float]
    certain: dict[str, float | None]
    blind: float


def attribution(case: Case) -> Result:
    """PRV15: generalised CAP of train rows beside that of holdout rows, mean over the secret columns."""
    at, found = _found(case, "PRV15")
    train, holdout = (np.mean([getattr(each, side) for each in found], axis=0) for side in ("train", "holdout"))
    value, fresh = float(train.mean()), float(holdout.mean())
    sds = [float(side.std() / np.sqrt(len(side))) for side in (train, holdout)]
    gap, noise = value - fresh, float(np.hypot(sds[0], sds[1]))
    return Result(
        value=value,
        interval=normal(value, sds[0], 0.0, 1.0),
        reference=Reference(fresh, sds[1], len(holdout), "holdout"),
        n=at.n,
        caveats=(NO_EVIDENCE,),
        breakdown={
            **alarm(gap, normal(gap, noise, -1.0, 1.0)),
            "lines": [_line(each) for each in found],
        },
    )


def protection(case: Case) -> Result:
    """PRV16: (1 - CAP) / (1 - blind guess), at most 1, mean over the secret columns, beside that of holdout rows."""
    at, found = _found(case, "PRV16")
    parts = {
        side: np.mean(
            [np.clip((1 - getattr(each, side)) / max(1 - each.blind, 1e-9), 0, None) for each in found], axis=0
        )
        for side in ("train", "holdout")
    }
    value, fresh = (min(1.0, float(parts[side].mean())) for side in ("train", "holdout"))
    sds = [float(parts[side].std() / np.sqrt(len(parts[side]))) for side in ("train", "holdout")]
    return Result(
        value=value,
        interval=(max(0.0, value - Z * sds[0]), min(1.0, value + Z * sds[0])),
        reference=Reference(fresh, sds[1], len(parts["holdout"]), "holdout"),
        n=at.n,
        caveats=(NO_EVIDENCE,),
        breakdown={"lines": [_line(each) for each in found]},
    )


def _line(each: Attribution) -> dict[str, Any]:
    line: dict[str, Any] = {
        "name": each.secret,
        "train": float(each.train.mean()),
        "holdout": float(each.holdout.mean()),
    }
    line |= {"blind": each.blind, "cap_train": each.exact["train"], "cap_holdout": each.exact["holdout"]}
    return line | {"tcap_train": each.certain["train"], "tcap_holdout": each.certain["holdout"]}


def _found(case: Case, code: str) -> tuple[Targets, list[Attribution]]:
    at = targets(case, code)
    at = Targets(case, at.train[:MOST], at.holdout[:MOST], at.synthetic)
    found = [_attributed(at, name, keys) for name in secrets(case) if (keys := known(case, name))]
    if not found:
        raise NotApplicable("UNSUPPORTED_TYPE", "there is no key field beside the secret")
    return at, found


def _attributed(at: Targets, secret: str, keys: list[str]) -> Attribution:
    """Compare the attacked rows with all synthetic rows, a block at a time."""
    truth = {side: _codes(at.case.values[secret], side)[getattr(at, side)] for side in _SIDES}
    fields = {side: [_codes(at.case.values[key], side)[getattr(at, side)] for key in keys] for side in _SIDES}
    made = truth["synthetic"]
    share = np.bincount(made) / len(made)
    general, exact, certain = {}, {}, {}
    for side in ("train", "holdout"):
        parts = [
            _block(
                [field[i : i + BLOCK] for field in fields[side]], fields["synthetic"], truth[side][i : i + BLOCK], made
            )
            for i in range(0, len(truth[side]), BLOCK)
        ]
        general[side], same, sure = (np.concatenate(column) for column in zip(*parts, strict=True))
        exact[side] = float(same.mean())
        certain[side] = float(np.nanmean(sure)) if not np.isnan(sure).all() else None
    return Attribution(secret, general["train"], general["holdout"], exact, certain, float((share**2).sum()))


_SIDES = ("train", "holdout", "synthetic")


def _block(rows: list[Codes], made: list[Codes], truth: Codes, secrets_: Codes) -> tuple[Floats, Floats, Floats]:
    """Return generalised CAP, CAP and TCAP of some rows; TCAP is NaN where the key fields say nothing certain."""
    equal = np.zeros((len(truth), len(secrets_)), dtype=np.int16)
    for row, column in zip(rows, made, strict=True):
        equal += row[:, None] == column[None, :]
    best = equal.max(axis=1)
    nearest = equal == best[:, None]
    hit = nearest & (truth[:, None] == secrets_[None, :])
    general = hit.sum(axis=1) / nearest.sum(axis=1)
    matched = best == len(rows)
    lowest = np.where(nearest, secrets_[None, :], np.iinfo(np.int64).max).min(axis=1)
    highest = np.where(nearest, secrets_[None, :], -1).max(axis=1)
    sure = np.where(matched & (lowest == highest), (general == 1).astype(np.float64), np.nan)
    return general, np.where(matched, general, 0.0), sure


def _codes(values: Values, side: str) -> Codes:
    """Return a column as codes: levels as they are, numbers in tenths of train; missing is a code."""
    array = getattr(values, side)
    if values.levels is not None:
        return np.asarray(array, dtype=np.int64)
    known_values = values.train[~np.isnan(values.train)]
    edges = (
        np.unique(np.quantile(known_values, np.linspace(0, 1, BINS + 1)[1:-1])) if len(known_values) else np.empty(0)
    )
    return np.where(np.isnan(array), len(edges) + 1, np.searchsorted(edges, array, side="right"))
