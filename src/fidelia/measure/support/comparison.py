"""The published programs' numbers of a case, beside what they say of fresh real rows: for comparison only."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.images.imageset import picture_column
from fidelia.errors import NotApplicable
from fidelia.measure.beside import Measured, beside
from fidelia.measure.result import Caveat, Result
from fidelia.measure.statistics.resampling import draws
from fidelia.measure.support import compat
from fidelia.measure.support.compat import min_max

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.support.compat import Program
    from fidelia.measure.values import Values

    Floats = NDArray[np.float64]
    Score = Callable[[Floats, Floats], float]

MOST = 4_000
MOST_ORIGINAL = 50_000
SPREADS = 10
LEAST = -0.035  # the paper's repository gives -1/29 for disjoint tables
ERRORS = {
    "precision": (
        "Reproduced with the errors of the published program: one ball whose radii come from the rows that its centre "
        "comes from, on {space}. Compare with published numbers only; FID16 is the measure to judge by."
    ),
    "recall": (
        "Reproduced with the errors of the published program: real rows are ranked by a wrong set of radii and held "
        "against one neighbour, so that a perfect generator scores about 0.5, and more with more rows; on {space}. "
        "Compare with published numbers only; DIV01 is the measure to judge by."
    ),
    "authenticity": (
        "Reproduced with the errors of the published program: positions of synthetic rows look up real rows, so that "
        "a table of copies may score 0.7; on {space}. Compare with published numbers only; AUT02 is the measure to "
        "judge by."
    ),
}
SPACES = {
    "alaa2022": "features as they are, category codes for numbers, each column weighing by its own unit",
    "synthcity": "category codes and numbers scaled to [0, 1], the target left out (the keys _naive, which later "
    "papers report under the plain names)",
}


def alaa2022_precision(case: Case) -> Result:
    """FID18: alpha-precision of the paper's repository on raw features."""
    return compared(case, "FID18", "alaa2022", "precision")


def synthcity_precision(case: Case) -> Result:
    """FID19: synthcity's delta_precision_alpha_naive."""
    return compared(case, "FID19", "synthcity", "precision")


def alaa2022_recall(case: Case) -> Result:
    """DIV03: beta-recall of the paper's repository on raw features."""
    return compared(case, "DIV03", "alaa2022", "recall")


def synthcity_recall(case: Case) -> Result:
    """DIV04: synthcity's delta_coverage_beta_naive."""
    return compared(case, "DIV04", "synthcity", "recall")


def compared(case: Case, code: str, program: Program, part: str) -> Result:
    """Return one of a program's three numbers at the largest equal number of rows on each side (at most 4,000).

    Parameters
    ----------
    code : str
    program : {"alaa2022", "synthcity"}
    part : {"precision", "recall", "authenticity"}

    Raises
    ------
    NotApplicable
        For pictures: the programs read columns, and would judge by the labels alone.
    """
    if picture_column(case.schema) is not None:
        raise NotApplicable("UNSUPPORTED_TYPE", "the published programs read tables of columns, and these are pictures")
    found = matched(case, code, program, part)
    caveat = Caveat("PUBLISHED_ERRORS", ERRORS[part].format(space=SPACES[program]))
    breakdown = {
        "variant": variant(program),
        "original": original(case, program, part),
        "lines": [{"name": variant(program), "value": found.value, "reference": found.reference}],
        "one_class": one_class(case, program, part),
    }
    return found.result(low=LEAST, high=1.0, breakdown=breakdown, caveats=(caveat,))


def variant(program: Program) -> str:
    """Name the variant as its program does."""
    return "alaa2022, raw features" if program == "alaa2022" else "synthcity, naive"


def matched(case: Case, code: str, program: Program, part: str) -> Measured:
    """Measure a program's number with as many train rows as synthetic and fresh ones, as the programs require."""
    side = case.contrast.case
    assert side.holdout is not None
    most = min(MOST, len(side.train), len(side.synthetic), len(side.holdout))
    columns = _columns(side, program)
    score = _score(columns, program, part)
    return beside(case, code, lambda case: features(case, columns), score, most=most, times=3, spreads=SPREADS)


def _score(columns: dict[str, Values], program: Program, part: str) -> Score:
    """Return the score of real and other rows in a program's own space."""
    discrete = np.array([not values.kind.continuous for values in columns.values()])

    def score(real: Floats, other: Floats) -> float:
        if program == "synthcity":
            real, other = min_max(real, other, discrete)
        return number(real, other, program, part)

    return score


def number(real: Floats, other: Floats, program: Program, part: str, centre: Floats | None = None) -> float:
    """Return one of the three numbers, without computing the other two."""
    compat.refuse(len(real), len(other), program)
    if part == "authenticity":
        return compat.authenticity(real, other)
    if part == "recall":
        return compat.integral(compat.recall_curve(real, other, program), program)
    return compat.integral(compat.precision_curve(real, other, program, centre), program)


def original(case: Case, program: Program, part: str) -> dict[str, Any]:
    """Return the number that the program prints for the whole tables, or why it prints none."""
    sizes = {"real": len(case.train), "synthetic": len(case.synthetic)}
    if max(sizes.values()) > MOST_ORIGINAL:
        return {"value": None, "why": f"not computed above {MOST_ORIGINAL:,} rows", **sizes}
    columns = _columns(case, program)
    sides = features(case, columns)
    try:
        value = _score(columns, program, part)(sides["train"], sides["synthetic"])
    except NotApplicable as reason:
        return {"value": None, "why": reason.text, **sizes}
    return {"value": value, **sizes}


def one_class(case: Case, program: Program, part: str) -> dict[str, Any]:
    """Return the number in the one-class space of the case (the programs' keys _OC), or say that the case has none.

    The network is fidelia's, judged on rows that it was not trained on; the programs train and judge on the same rows,
    so that theirs depend on the seed and on torch's version.
    """
    if case.embedding is None or case.embedding.name != "one-class":
        return {"value": None, "why": "the keys _OC rest on a network: measure with the one-class embedding"}
    points = case.embedded
    m = min(len(points.train), len(points.synthetic), MOST)
    rng = case.rng.child(f"one-class/{program}")
    train, synthetic = (
        rows[next(draws(rng.child(side), len(rows), m, 1))]
        for side, rows in (("train", points.train), ("synthetic", points.synthetic))
    )
    centre = getattr(points.embedding, "centre", None)
    try:
        return {"value": number(train, synthetic, program, part, centre), "rows": m}
    except NotApplicable as reason:
        return {"value": None, "why": reason.text}


def _columns(case: Case, program: Program) -> dict[str, Values]:
    """Return the columns that a program sees: synthcity leaves out the target, by default the last one."""
    columns = dict(case.values)
    if program == "synthcity" and columns:
        columns.pop(case.schema.target or list(columns)[-1], None)
    if not columns:
        raise NotApplicable("UNSUPPORTED_TYPE", f"{variant(program)} sees no column of this table")
    return columns


def features(case: Case, columns: dict[str, Values]) -> dict[str, Floats]:
    """Return the three tables as numbers, ``(n, c)``: codes in the order of the levels, missing ones last.

    The programs stop at a missing number; here it stands at train's median.
    """
    sides = {}
    for side in ("train", "synthetic", "holdout"):
        if getattr(case, side) is not None:
            parts = [_feature(values, side) for values in columns.values()]
            sides[side] = np.column_stack(parts).astype(np.float64)
    return sides


def _feature(values: Values, side: str) -> Floats:
    column = np.asarray(getattr(values, side))
    if values.levels is not None:
        return np.asarray(_ordered(values.levels)[column])
    known = values.train[~np.isnan(values.train)]
    return np.where(np.isnan(column), np.median(known) if len(known) else 0.0, column)


def _ordered(levels: tuple[str, ...]) -> Floats:
    """Return the place of each level in their order (of numbers where all are), and of missing."""
    try:
        keys = np.array([float(level) for level in levels])
    except ValueError:
        keys = np.array(levels)
    place = np.empty(len(levels) + 1)
    place[np.argsort(keys, kind="stable")] = np.arange(len(levels))
    place[-1] = len(levels)
    return place
