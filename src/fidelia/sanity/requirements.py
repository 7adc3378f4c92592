"""fidelia's own fifteen requirements of metrics, each a small experiment, with published formulas beside it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.catalog import entries, find
from fidelia.measure.result import Direction
from fidelia.measure.space.neighbors import search
from fidelia.measure.support import prdc
from fidelia.measure.support.composite import diversity_of, fidelity_of
from fidelia.sanity import peers
from fidelia.sanity.tables import case_of
from fidelia.schema import Column, Kind, Schema

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.rng import Rng

    Floats = NDArray[np.float64]

NEAR = 0.05
PANEL = ("FID16", "FID20", "FID21", "FID22", "FID39", "DIV01", "DIV05", "DIV06", "DIV07", "DIV19")
SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Outcome:
    """What one requirement found.

    Parameters
    ----------
    code, title : str
    passed : bool or None
        None where it was not run; `measured` says why.
    measured : str
        Numbers in words.
    peers : mapping of str to bool
        Whether a published formula passes.
    """

    code: str
    title: str
    passed: bool | None
    measured: str
    peers: Mapping[str, bool] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return {
            "code": self.code,
            "title": self.title,
            "passed": self.passed,
            "measured": self.measured,
            "peers": dict(self.peers),
        }


Requirement = Callable[["Rng", bool], Outcome]


def _said(**numbers: float) -> str:
    return ", ".join(f"{name.replace('_', ' ')} {value:.3g}" for name, value in numbers.items())


def _normal(rng: Rng, n: int = 600, d: int = 4) -> Floats:
    return rng.generator().normal(size=(n, d))


def _spoilt(rng: Rng, rows: Floats, share: float) -> Floats:
    far = rows.copy()
    far[: round(share * len(rows))] = 8 + rng.generator().normal(size=(round(share * len(rows)), rows.shape[1]))
    return far


def share_of_bad_rows(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S1: the score falls as the share of bad rows grows, and does not where real rows have them too."""
    real, other = _normal(rng.child("real")), _normal(rng.child("other"))
    shares = (0.1, 0.3, 0.5)
    made = [_spoilt(rng.child(f"{s}"), other, s) for s in shares]
    both = _spoilt(rng.child("both"), real, 0.3)
    gaps = [abs(fidelity_of(real, y, rng) - (1 - s)) for s, y in zip(shares, made, strict=True)]
    same = fidelity_of(both, made[1], rng)
    others = {
        "I-Prec": lambda x, y: prdc.precision_rows(y, x).mean(),
        "Density": lambda x, y: prdc.density_rows(y, x).mean(),
        "SDMetrics KS": peers.kolmogorov,
    }
    judged = {
        name: all(abs(float(f(real, y)) - (1 - s)) <= NEAR for s, y in zip(shares, made, strict=True))
        for name, f in others.items()
    }
    passed = max(gaps) <= NEAR and same >= 1 - NEAR
    return Outcome("S1", "score is 1 - share of bad rows", passed, _said(largest_gap=max(gaps), in_both=same), judged)


def real_against_real(rng: Rng, quick: bool) -> Outcome:
    """S2: real rows against real rows score 1 at every size."""
    sizes = (250, 1000) if quick else (250, 1000, 4000)
    pairs = [[_normal(rng.child(f"{n}{side}"), n) for side in "ab"] for n in sizes]
    found = [[fidelity_of(x, y, rng), diversity_of(x, y, rng)] for x, y in pairs]
    judged = {
        "I-Prec": all(abs(prdc.precision_rows(y, x).mean() - 1) <= NEAR for x, y in pairs),
        "Density": all(abs(prdc.density_rows(y, x).mean() - 1) <= NEAR for x, y in pairs),
        "Coverage": all(abs(prdc.covered_rows(x, y).mean() - 1) <= NEAR for x, y in pairs),
    }
    low = float(np.min(found))
    return Outcome("S2", "real against real is 1 at any size", low >= 1 - NEAR, _said(lowest=low), judged)


def monotone_in_noise(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S3: more noise never scores better."""
    real, other = _normal(rng.child("real")), _normal(rng.child("other"))
    noise = _normal(rng.child("noise"))
    made = [other + s * noise for s in (0.0, 0.5, 1.0, 2.0, 4.0)]
    found = np.array([fidelity_of(real, y, rng) for y in made])
    judged = {
        name: bool((np.diff(np.array([float(f(real, y)) for y in made])) <= 0.02).all())
        for name, f in {
            "I-Rec": lambda x, y: prdc.precision_rows(x, y).mean(),
            "SDMetrics KS": peers.kolmogorov,
        }.items()
    }
    passed = bool((np.diff(found) <= 0.02).all() and found[-1] < 0.5)
    return Outcome("S3", "falls as noise grows", passed, " > ".join(f"{x:.2f}" for x in found), judged)


def orders(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S4: the order of rows and of columns changes nothing beyond noise."""
    real, other = _normal(rng.child("real")), _spoilt(rng.child("bad"), _normal(rng.child("other")), 0.2)
    turn = rng.child("turn").generator().permutation(len(real))
    first = fidelity_of(real, other, rng)
    moved = [fidelity_of(real[turn], other[turn], rng), fidelity_of(real[:, ::-1], other[:, ::-1], rng)]
    gap = max(abs(first - value) for value in moved)
    return Outcome("S4", "order of rows and columns has no effect", gap <= 0.03, _said(moved_by=gap))


def label_swap(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S5: classes .9 and .1 against .1 and .9 are told apart."""
    real, other = (np.repeat([0, 1], counts) for counts in ((540, 60), (60, 540)))
    sides = [_table({"label": (np.where(codes == 0, "a", "b"), Kind.CATEGORY)}) for codes in (real, other)]
    result = find("FID02")(Case(sides[0], sides[1], sides[0], rng))
    judged = {
        "synthcity KL": peers.inverse_kl(real, other) < 0.9,
        "SDMetrics TV": peers.variation(real, other) < 0.9,
    }
    value = result.value or 0.0
    return Outcome("S5", "swapped class labels are seen", value < 0.5, _said(FID02=value), judged)


def copies(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S6: copies of train are found in any order of rows."""
    real, fresh = _normal(rng.child("real"), 400), _normal(rng.child("fresh"), 400)
    turned = rng.child("turn").generator().permutation(real)
    shares = [find("AUT05")(case_of(real, made, rng, fresh)).value or 0.0 for made in (real, turned)]
    judged = {
        "SynthEval mDCR": all(peers.median_distance_ratio(real, made) < 0.5 for made in (real, turned)),
        "pymdma": all(peers.any_ball_authenticity(real, made) < 0.1 for made in (real, turned)),
    }
    return Outcome("S6", "copies are found in any order", min(shares) == 1.0, _said(AUT05=min(shares)), judged)


def duplicates(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S7: tables of few distinct rows have scores, and real rows still score like real rows."""
    real, other = (np.round(_normal(rng.child(side), 400, 2)) for side in "ab")
    found = [fidelity_of(real, other, rng), diversity_of(real, other, rng)]
    low = float(np.min(found))
    strict = float((search(real, other, 1).distance[:, 0] < prdc.radii(real, 5)).mean())
    judged = {"prdc coverage (strict)": strict >= 0.9}
    return Outcome("S7", "duplicates and ties are defined", low >= 0.9, _said(lowest=low), judged)


def awkward_columns(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S8: constant, all-missing and single-category columns give a result or a reason."""
    n = 60
    plain = {"x": (_normal(rng, n, 1)[:, 0], Kind.NUMBER)}
    odd = {
        "constant": (np.ones(n), Kind.NUMBER),
        "missing": (np.full(n, np.nan), Kind.NUMBER),
        "single": (np.array(["a"] * n), Kind.CATEGORY),
    }
    broken, tried = [], 0
    for columns in (plain | odd, odd, *({name: column} for name, column in odd.items())):
        case = Case(_table(columns), _table(columns), _table(columns), rng)
        for code in PANEL:
            tried += 1
            if not _answers(code, case):
                broken.append(code)
    said = f"{tried} tried, {len(broken)} without an answer {' '.join(dict.fromkeys(broken))}".strip()
    return Outcome("S8", "constant and empty columns are defined", not broken, said)


def _answers(code: str, case: Case) -> bool:
    """Whether a metric gives a finite value or declines with a reason."""
    try:
        value = find(code)(case).value
    except NotApplicable as reason:
        return bool(reason.code)
    except (ArithmeticError, LookupError, TypeError, ValueError):
        return False
    return value is None or bool(np.isfinite(value))


def unequal_sizes(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S9: fewer or more synthetic than real rows change a score by no more than noise."""
    real, many = _normal(rng.child("real"), 500), _normal(rng.child("other"), 2000)
    made = [many[:125], many[:500], many]
    found = [f(real, y, rng) for y in made for f in (fidelity_of, diversity_of)]
    recall = [prdc.precision_rows(real, y).mean() for y in made]
    reached = [prdc.covered_rows(real, y).mean() for y in made]
    judged = {"I-Rec": float(np.ptp(recall)) <= NEAR, "Coverage": float(np.ptp(reached)) <= NEAR}
    spread = float(np.ptp(found))
    return Outcome("S9", "M != N has no effect", spread <= 0.1, _said(moved_by=spread), judged)


def large_offset(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S10: single-precision data around a million scores as it does around zero."""
    real, other = (100 * _normal(rng.child(side)) for side in "ab")
    far = other + 500

    def moved(rows: Floats) -> Floats:
        return (rows + 1e6).astype(np.float32).astype(np.float64)

    same, apart = fidelity_of(moved(real), moved(other), rng), fidelity_of(moved(real), moved(far), rng)
    plain = fidelity_of(real, other, rng)
    passed = abs(same - plain) <= NEAR and apart <= NEAR
    return Outcome("S10", "an offset of 1e6 in single precision", passed, _said(same=same, plain=plain, shifted=apart))


def large_tables(rng: Rng, quick: bool) -> Outcome:
    """S11: 100,000 rows stay inside the time budget."""
    if quick:
        return Outcome("S11", "100,000 rows in a minute", None, "left out of the quick run")
    sides = [_normal(rng.child(side), 100_000, 8) for side in "abc"]
    start = perf_counter()
    find("FID39")(case_of(sides[0], sides[1], rng, sides[2]))
    took = perf_counter() - start
    return Outcome("S11", "100,000 rows in a minute", took < SECONDS, f"FID39 took {took:.0f} s")


def ignorant_generator(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S12: a generator that never saw train is as authentic as the holdout."""
    real, other, fresh = (_normal(rng.child(side)) for side in "abc")
    result = find("AUT02")(case_of(real, other, rng, fresh))
    low, high = result.interval or (0.0, 0.0)
    return Outcome(
        "S12", "A_g = A_h when the generator ignores train", low <= 0 <= high, f"difference in [{low:.3f}, {high:.3f}]"
    )


def known_epsilon(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S13: of releases by the Laplace mechanism, no bound exceeds the true epsilon, and a large one is seen."""
    if "PRV09" not in entries():
        return Outcome("S13", "epsilon of known releases", None, "not available: there is no PRV09")
    d, n = 3, 600
    real, fresh = (rng.child(side).generator().random((n, d)) for side in ("real", "fresh"))
    bounds = {}
    for epsilon in (1.0, 300.0):
        made = real + rng.child(f"{epsilon}").generator().laplace(scale=d / epsilon, size=real.shape)
        try:
            bounds[epsilon] = find("PRV09")(case_of(real, made, rng.child(f"case {epsilon}"), fresh)).value or 0.0
        except NotApplicable as reason:
            return Outcome("S13", "epsilon of known releases", None, f"not available: {reason}")
    passed = all(found <= epsilon for epsilon, found in bounds.items()) and bounds[300.0] > 0
    return Outcome(
        "S13", "epsilon of known releases", passed, _said(**{f"epsilon_{e:g}": b for e, b in bounds.items()})
    )


def directions(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S14: directions are declared and bounds are kept."""
    real, other, fresh = (_normal(rng.child(side), 150, 2) for side in "abc")
    wrong = []
    for made in (other, other + 9, real, other * 0):
        case = case_of(real, made, rng, fresh)
        for code in PANEL:
            result = find(code)(case)
            top = 1.0 if find(code).direction is Direction.HIGHER and code != "DIV06" else np.inf
            if result.value is None or not 0 <= result.value <= top:
                wrong.append(code)
    return Outcome("S14", "directions declared, bounds kept", not wrong, f"out of bounds: {' '.join(wrong) or 'none'}")


def reproducible(rng: Rng, quick: bool) -> Outcome:  # noqa: ARG001 - all requirements are called alike
    """S15: the same seed gives the same result with any number of threads."""
    from threadpoolctl import threadpool_limits

    sides = [_normal(rng.child(side), 400, 6) for side in "abc"]
    found = []
    for threads in (1, 2):
        with threadpool_limits(threads):
            case = case_of(sides[0], sides[1], rng, sides[2])
            found.append([find(code)(case).value or 0.0 for code in PANEL])
    gap = max(abs(a - b) for a, b in zip(*found, strict=True))
    return Outcome("S15", "same seed, same result, any threads", gap <= 1e-9, _said(largest_difference=gap))


def _table(columns: Mapping[str, tuple[NDArray[Any], Kind]]) -> Table:
    schema = Schema(tuple(Column(name, kind, nullable=True) for name, (_values, kind) in columns.items()))
    return Table(pa.table({name: pa.array(values) for name, (values, _kind) in columns.items()}), schema, "pyarrow")


REQUIREMENTS: tuple[Requirement, ...] = (
    share_of_bad_rows,
    real_against_real,
    monotone_in_noise,
    orders,
    label_swap,
    copies,
    duplicates,
    awkward_columns,
    unequal_sizes,
    large_offset,
    large_tables,
    ignorant_generator,
    known_epsilon,
    directions,
    reproducible,
)
