"""What is put to the test: scores of two arrays of points, and any metric of the catalog."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.entry import Entry
    from fidelia.rng import Rng
    from fidelia.sanity.checks import Kind

    Floats = NDArray[np.float64]

Score = Callable[["Floats", "Floats", "Rng"], Mapping[str, float]]


@dataclass(frozen=True, slots=True)
class Subject:
    """Scores that are computed together.

    Parameters
    ----------
    name : str
    gives : mapping of str to {"fidelity", "diversity"}
        The scores, by name.
    score : callable
        ``(real, synthetic, rng) -> {name: value}``; rows as the construction gives them.
    """

    name: str
    gives: Mapping[str, Kind]
    score: Score


def standardised(real: Floats, other: Floats) -> tuple[Floats, Floats]:
    """Return both with the columns of the real rows at mean 0 and standard deviation 1, as in the published suite."""
    middle, unit = real.mean(axis=0), real.std(axis=0)
    unit = np.where(unit > 0, unit, 1.0)
    return (real - middle) / unit, (other - middle) / unit


def composites(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:
    """Return FID39 and DIV19; they see the columns as they are."""
    from fidelia.measure.support.composite import diversity_of, fidelity_of

    return {"FID39": fidelity_of(real, other, rng), "DIV19": diversity_of(real, other, rng)}


def level_sets(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:  # noqa: ARG001 - exact
    """Return alpha-precision and beta-recall by level sets: FID16 and DIV01, one-sided and two-sided."""
    from fidelia.measure.space.neighbors import search
    from fidelia.measure.support.level_set import NEIGHBOUR
    from fidelia.measure.support.levels import integrate, levels
    from fidelia.measure.support.prdc import radii

    x, y = standardised(real, other)
    k = NEIGHBOUR
    alpha = integrate([levels(search(y, x, k).distance[:, -1], radii(x, k))])
    beta = integrate([levels(search(x, y, k).distance[:, -1], radii(y, k))])
    return {
        "FID16 one-sided": alpha.one_sided,
        "FID16": alpha.value,
        "DIV01 one-sided": beta.one_sided,
        "DIV01": beta.value,
    }


def balls(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:  # noqa: ARG001 - exact
    """Return precision and recall (k = 3), and density and coverage (the smallest k that is expected to cover 95 %)."""
    from fidelia.measure.support import prdc

    x, y = standardised(real, other)
    n = len(x)
    k = next((k for k in range(1, 21) if prdc.expected_coverage(n, n, k) > 0.95), 20)
    return {
        "I-Prec": float(prdc.precision_rows(y, x, 3).mean()),
        "Density": float(prdc.density_rows(y, x, k).mean()),
        "I-Rec": float(prdc.precision_rows(x, y, 3).mean()),
        "Coverage": float(prdc.covered_rows(x, y, k).mean()),
    }


def probabilistic(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:  # noqa: ARG001 - exact
    """Return P-precision and P-recall."""
    from fidelia.measure.support import prdc

    x, y = standardised(real, other)
    return {
        "P-Prec": float(prdc.p_precision_rows(y, x).mean()),
        "P-Rec": float(prdc.p_precision_rows(x, y).mean()),
    }


def alaa(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:  # noqa: ARG001 - exact
    """Return integrated alpha-precision and beta-recall of the paper's repository, errors included, on raw columns.

    The published table has them on its one-class network.
    """
    from fidelia.measure.support import compat

    x, y = standardised(real, other)
    return {
        "IAP (raw)": compat.integral(compat.precision_curve(x, y, "alaa2022"), "alaa2022"),
        "IBR (raw)": compat.integral(compat.recall_curve(x, y, "alaa2022"), "alaa2022"),
    }


SUBJECTS: tuple[Subject, ...] = (
    Subject("composites", {"FID39": "fidelity", "DIV19": "diversity"}, composites),
    Subject(
        "level sets",
        {
            "FID16 one-sided": "fidelity",
            "FID16": "fidelity",
            "DIV01 one-sided": "diversity",
            "DIV01": "diversity",
        },
        level_sets,
    ),
    Subject(
        "balls", {"I-Prec": "fidelity", "Density": "fidelity", "I-Rec": "diversity", "Coverage": "diversity"}, balls
    ),
    Subject("alaa2022", {"IAP (raw)": "fidelity", "IBR (raw)": "diversity"}, alaa),
    Subject("probabilistic", {"P-Prec": "fidelity", "P-Rec": "diversity"}, probabilistic),
)


def of_entry(entry: Entry) -> Subject:
    """Return a metric of the catalog as a subject: its value on a case of numeric columns, with half of the real rows.

    The metric sees columns standardised on the real rows, and no holdout.
    """
    kind: Kind = "diversity" if entry.category == "diversity" else "fidelity"

    def score(real: Floats, other: Floats, rng: Rng) -> Mapping[str, float]:
        from fidelia.errors import NotApplicable
        from fidelia.sanity.tables import case_of

        try:
            value = entry(case_of(*standardised(real, other), rng)).value
        except NotApplicable:
            value = None
        return {entry.code: np.nan if value is None else value}

    return Subject(entry.code, {entry.code: kind}, score)
