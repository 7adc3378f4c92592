"""The fifteen checks: what is drawn, over which settings, and what a fidelity and a diversity must do.

Each check has two cells: one for its bounds (or, for the cubes, its stability in the number of rows) and one for the
property that it is about.

References
----------
Räisä, van Breugel and van der Schaar (2025), arXiv 2505.22450; constructions and rules from the paper and its public
repository.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from fidelia.sanity import constructions as c
from fidelia.sanity.rules import Rule, bell, converging, either, falling, falling_by, flat, near, rising, wide

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

Kind = Literal["fidelity", "diversity"]
Group = Any
Draw = Callable[[np.random.Generator, Group, float, int], "Floats"]

ROWS = 1000


@dataclass(frozen=True, slots=True)
class Check:
    """One construction and its rules.

    Parameters
    ----------
    name, title : str
    settings : mapping of group to array
        What varies, in each group (dimension, role ...); rules must hold in every group.
    real, synthetic : callable
        ``(generator, group, setting, rows) -> rows``.
    bounds, shape : mapping of kind to rules
        Of the two cells. A rule may depend on the group: then it is a mapping from group to rules.
    fixed : bool
        Whether the real rows are drawn once per group, not per setting.
    """

    name: str
    title: str
    settings: Mapping[Group, Floats]
    real: Draw
    synthetic: Draw
    bounds: Mapping[Kind, Any]
    shape: Mapping[Kind, Any]
    fixed: bool = True

    def rules(self, cell: str, kind: Kind, group: Group) -> Sequence[Rule]:
        """Return the rules of a cell (``"bounds"`` or ``"property"``) in a group."""
        found = (self.bounds if cell == "bounds" else self.shape)[kind]
        return tuple(found[group] if isinstance(found, Mapping) else found)


def _both(*rules: Rule) -> dict[Kind, tuple[Rule, ...]]:
    return {"fidelity": rules, "diversity": rules}


MEANS = {1: np.linspace(-6, 6, 51), 8: np.linspace(-3, 3, 51), 64: np.linspace(-1, 1, 51)}
SDS = {1: np.logspace(-3, 3, 51), 8: np.logspace(-1, 1, 51), 64: np.logspace(-0.5, 0.5, 51)}
SIZES = np.logspace(2, 4, 20).astype(int).astype(float)
EXTRA = np.unique(np.logspace(0, 3, 20).astype(int)).astype(float)
DIMENSIONS = (1, 8, 64)
APART = _both(near(1, 0.0), near(0, "first"), near(0, "last"))
BELL = _both(bell(0.0))


def _mixed(r: np.random.Generator, d: int, shares: Floats, n: int) -> Floats:
    return c.mixture(r, n, c.diagonal(d), c.SCALES[d], shares)


def _outlier_real(r: np.random.Generator, group: tuple[str, int], _x: float, n: int) -> Floats:
    rows = c.normal(r, n, group[1])
    return c.with_outlier(rows, MEANS[group[1]].max()) if group[0] == "in real" else rows


def _outlier_synthetic(r: np.random.Generator, group: tuple[str, int], x: float, n: int) -> Floats:
    rows = c.normal(r, n, group[1], x)
    return c.with_outlier(rows, MEANS[group[1]].max()) if group[0] == "in synthetic" else rows


def _two_modes(r: np.random.Generator, d: int, u: float, n: int) -> Floats:
    centres = np.repeat(np.array([[-u / 2], [u / 2]]), d, axis=1)
    return c.mixture(r, n, centres, 1.0, np.ones(2))


def _scaled(r: np.random.Generator, mean: float, scale: float, n: int) -> Floats:
    return np.column_stack([r.normal(mean, 1, n), scale * r.normal(size=n)])


def _with_pareto(r: np.random.Generator, mean: float, n: int) -> Floats:
    return np.column_stack([r.normal(mean, 1, n), 1 + r.pareto(1.01, n)])


def _one_shifted(r: np.random.Generator, extra: float, n: int) -> Floats:
    rows = c.normal(r, n, int(extra) + 1)
    rows[:, 0] += 6
    return rows


def _dropped(x: float) -> Floats:
    return np.where(np.arange(c.MODES) == 0, 1.0, 1 - x)


def _left(x: float) -> Floats:
    return (np.arange(c.MODES) < c.MODES - round(x)).astype(float)


def _rounded(rows: Floats, yes: bool) -> Floats:
    return np.round(rows) if yes else rows


CHECKS: tuple[Check, ...] = (
    Check(
        "mean", "mean difference", MEANS,
        lambda r, d, _x, n: c.normal(r, n, d), lambda r, d, x, n: c.normal(r, n, d, x), APART, BELL,
    ),
    Check(
        "outlier", "mean difference and one outlier",
        {(side, d): MEANS[d] for side in ("in real", "in synthetic") for d in DIMENSIONS},
        _outlier_real, _outlier_synthetic, APART, BELL,
    ),
    Check(
        "sd", "standard deviation difference", SDS,
        lambda r, d, _x, n: c.normal(r, n, d), lambda r, d, x, n: c.normal(r, n, d, 0.0, x),
        {
            "fidelity": (near(1, 1.0), near(1, "first"), near(0, "last")),
            "diversity": (near(1, 1.0), near(0, "first"), wide("last")),
        },
        {"fidelity": (falling,), "diversity": (either(bell(1.0), rising),)},
    ),
    Check(
        "simultaneous", "nine of ten modes shrink", {d: np.linspace(0, 1, 50) for d in DIMENSIONS},
        lambda r, d, _x, n: _mixed(r, d, np.ones(c.MODES), n), lambda r, d, x, n: _mixed(r, d, _dropped(x), n),
        {"fidelity": (near(1, "first"), near(1, "last")), "diversity": (near(1, "first"),)},
        {"fidelity": (flat,), "diversity": (falling_by(0.95),)},
    ),
    Check(
        "sequential", "modes removed one by one", {d: np.arange(10.0) for d in DIMENSIONS},
        lambda r, d, _x, n: _mixed(r, d, np.ones(c.MODES), n), lambda r, d, x, n: _mixed(r, d, _left(x), n),
        {"fidelity": (near(1, "first"), near(1, "last")), "diversity": (near(1, "first"),)},
        {"fidelity": (flat,), "diversity": (falling_by(0.5),)},
    ),
    Check(
        "invention", "modes dropped, then invented", {2: np.arange(1.0, 11.0)},
        lambda r, _d, _x, n: c.mixture(r, n, c.CENTRES[:5], 0.25, np.ones(5)),
        lambda r, _d, x, n: c.mixture(r, n, c.CENTRES[: int(x)], 0.25, np.ones(int(x))),
        {"fidelity": (near(1, 5.0), near(1, "first")), "diversity": (near(1, 5.0), near(1, "last"))},
        {"fidelity": (falling,), "diversity": (rising,)},
    ),
    Check(
        "sphere", "sphere surface of another radius", {d: np.linspace(0.1, 1.9, 51) for d in (2, 16, 128)},
        lambda r, d, _x, n: c.sphere_surface(r, n, d), lambda r, d, x, n: c.sphere_surface(r, n, d, x),
        _both(near(1, 1.0), near(0, "first"), near(0, "last")), _both(bell(1.0)),
    ),
    Check(
        "cube, rows", "cubes that share a fifth, both sizes vary", dict.fromkeys(DIMENSIONS, SIZES),
        lambda r, d, x, _n: c.cube(r, int(x), d), lambda r, d, x, _n: c.cube(r, int(x), d, shifted=True),
        _both(converging), _both(near(c.OVERLAP, "last")), fixed=False,
    ),
    Check(
        "cube, synthetic", "cubes that share a fifth, the synthetic size varies", dict.fromkeys(DIMENSIONS, SIZES),
        lambda r, d, _x, n: c.cube(r, n, d), lambda r, d, x, _n: c.cube(r, int(x), d, shifted=True),
        _both(converging), _both(near(c.OVERLAP, "last")),
    ),
    Check(
        "torus", "ball inside a torus, the synthetic size varies", {"ball": SIZES, "torus": SIZES},
        lambda r, g, _x, n: c.ball(r, n, 3, 0.8) if g == "ball" else c.torus(r, n),
        lambda r, g, x, _n: c.torus(r, int(x)) if g == "ball" else c.ball(r, int(x), 3, 0.8),
        _both(near(0, "last")), _both(converging),
    ),
    Check(
        "two modes", "two modes against one wide one", {d: np.linspace(0, 5, 20) for d in DIMENSIONS},
        _two_modes, lambda r, d, x, n: c.normal(r, n, d, 0.0, float(np.sqrt(1 + x**2))),
        _both(near(1, "first")), {"fidelity": (falling,), "diversity": (either(falling, flat),)}, fixed=False,
    ),
    Check(
        "scaling", "the other column's unit varies", {2: np.logspace(-3, 3, 20)},
        lambda r, _g, x, n: _scaled(r, 0.0, x, n), lambda r, _g, x, n: _scaled(r, 6.0, x, n),
        _both(near(0, "first"), near(0, "last")), _both(flat), fixed=False,
    ),
    Check(
        "pareto", "mean difference and a heavy-tailed column", {2: MEANS[1]},
        lambda r, _g, _x, n: _with_pareto(r, 0.0, n), lambda r, _g, x, n: _with_pareto(r, x, n), APART, BELL,
    ),
    Check(
        "disjoint", "one disjoint column among many equal ones", {2: EXTRA},
        lambda r, _g, x, n: c.normal(r, n, int(x) + 1), lambda r, _g, x, n: _one_shifted(r, x, n),
        _both(near(0, "first"), near(0, "last")), _both(flat), fixed=False,
    ),
    Check(
        "rounded", "whole numbers against continuous ones", dict.fromkeys(("real", "synthetic"), np.logspace(0, 3, 20)),
        lambda r, g, x, n: _rounded(x * r.normal(size=(n, 1)), g == "real"),
        lambda r, g, x, n: _rounded(x * r.normal(size=(n, 1)), g == "synthetic"),
        {
            "fidelity": {
                "real": (near(0, "first"), near(0, "last")), "synthetic": (near(1, "first"), near(1, "last"))
            },
            "diversity": {"real": (wide("first"), wide("last")), "synthetic": (near(0, "first"), near(0, "last"))},
        },
        _both(flat), fixed=False,
    ),
)  # fmt: skip
