"""One alarm over a panel: is any of the scores that see different errors worse than fresh real rows?"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import NotApplicable
from fidelia.measure.catalog import entries
from fidelia.measure.findings import gap
from fidelia.measure.result import Result
from fidelia.measure.statistics.intervals import Z, normal

if TYPE_CHECKING:
    from fidelia.measure.case import Case

LOUD = 37.0
"""Beyond this the normal tail is 0 in double precision."""


@dataclass(frozen=True, slots=True)
class Excess:
    """By how much a score is worse than that of fresh real rows.

    Parameters
    ----------
    code, what : str
        The metric, and its part that is worst.
    value : float
        In standard errors of the difference; negative where it is better.
    tried : int
        Of how many parts it is the largest.
    """

    code: str
    what: str
    value: float
    tried: int = 1

    @property
    def log_p(self) -> float:
        """Log of the one-sided p-value, times the number of parts that were tried."""
        from scipy.stats import norm

        return min(0.0, float(norm.logsf(self.value)) + float(np.log(self.tried)))


def panel_alarm(case: Case) -> Result:
    """FID32: the largest excess over fresh real rows among five scores, as the normal score of its q-value; 0 is best.

    Alpha-precision that counts rows too far out alone, the worst column of numbers, the worst of categories, the
    two-sample AUC and the worst column's granularity. Each column's p-value is multiplied by the number of columns,
    the five by Benjamini and Hochberg's rule; above 1.645 the false discovery rate is below 5 %.
    """
    side = case.contrast
    found, embeddings = _panel(case)
    if not found:
        raise NotApplicable("UNSUPPORTED_TYPE", "none of the scores of the panel can be computed")
    log_q = _log_q(np.array([each.log_p for each in found]))
    strength = [_score(q) for q in log_q]
    value = max(strength)
    loudest = found[int(np.argmax(strength))] if value > 0 else max(found, key=lambda each: each.value)
    lines = [
        {"name": f"{each.code} {each.what}".strip(), "excess": each.value, "q_value": float(np.exp(q))}
        for each, q in zip(found, log_q, strict=True)
    ]
    return Result(
        value=value,
        interval=normal(value, 1.0, 0.0),
        reference=side.reference(0.0, 1.0),
        n=side.sizes,
        caveats=side.caveats,
        breakdown={"lines": lines, "loudest": f"{loudest.code} {loudest.what}".strip(), "alarm": value > 1.645},
        embedding="+".join(sorted(embeddings)) or None,
    )


def _panel(case: Case) -> tuple[list[Excess], set[str]]:
    """Return the excess of each score of the panel that can be computed, and the embeddings that they rest on."""
    known = entries()
    found: list[Excess] = []
    embeddings: set[str] = set()
    for code, read in PANEL.items():
        if code not in known:
            continue
        try:
            result = known[code](case)
        except NotApplicable:
            continue
        found += read(result)
        embeddings |= {result.embedding} if result.embedding else set()
    return found, embeddings


def _whole(result: Result) -> list[Excess]:
    """Return the excess of a score as it stands."""
    assert result.interval is not None and result.reference is not None and result.value is not None
    own = max(result.interval[1] - result.value, result.value - result.interval[0]) / Z
    return [Excess(result.code, "", _over(gap(result), own, result.reference.sd))]


def _one_sided(result: Result) -> list[Excess]:
    """Return the excess of alpha-precision that counts only rows too far out."""
    assert result.interval is not None and result.reference is not None and result.value is not None
    own = max(result.interval[1] - result.value, result.value - result.interval[0]) / Z
    lost = float(result.breakdown["reference"]["one_sided"]) - float(result.breakdown["one_sided"])
    return [Excess(result.code, "one-sided", _over(lost, own, result.reference.sd))]


def _worst_column(result: Result) -> list[Excess]:
    """Return the excess of the worst column.

    A spread of 0, as of shares that no real sample differs in, is raised to what three rows in m would give.
    """
    lines: Iterable[Mapping[str, Any]] = result.breakdown.get("columns", ())
    sign = 1 if result.direction == "higher" else -1
    least = 3**0.5 / max(result.n.get("synthetic", 1), 1)
    found = [
        (_over(sign * (line["reference"] - line["value"]), sd, sd), str(line["column"]))
        for line in lines
        for sd in [max(line.get("sd") or 0.0, least)]
        if line.get("reference") is not None and line.get("value") is not None
    ]
    if not found:
        return []
    excess, name = max(found)
    return [Excess(result.code, name, excess, len(found))]


def _over(lost: float, own: float, noise: float | None) -> float:
    """Return a loss in standard errors of the difference of value and reference; both have an error."""
    sd = float(np.hypot(own, noise or 0.0))
    if sd <= 1e-12:
        return 0.0 if abs(lost) <= 1e-12 else float(np.copysign(LOUD, lost))
    return float(np.clip(lost / sd, -LOUD, LOUD))


PANEL: dict[str, Callable[[Result], list[Excess]]] = {
    "FID16": _one_sided,
    "FID01": _worst_column,
    "FID02": _worst_column,
    "FID26": _whole,
    "FID31": _worst_column,
}


def _log_q(log_p: np.ndarray[Any, np.dtype[np.float64]]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return logs of Benjamini and Hochberg's q-values, which do not underflow."""
    order = np.argsort(log_p, kind="stable")
    raised = log_p[order] + np.log(len(log_p) / np.arange(1, len(log_p) + 1))
    q = np.empty(len(log_p))
    q[order] = np.minimum(0.0, np.minimum.accumulate(raised[::-1])[::-1])
    return q


def _score(log_q: float) -> float:
    """Return the point that a standard normal exceeds with this log probability, at least 0."""
    from scipy.stats import norm

    return float(min(LOUD, max(0.0, norm.isf(np.exp(max(log_q, -700.0))))))
