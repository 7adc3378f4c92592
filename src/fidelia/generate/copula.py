"""GaussianCopula: normal scores of all columns with one correlation matrix.

A category owns an interval of its latent normal number, missing values have a latent number of their own. Conditions
are truncations of latent numbers. A single conditioned latent number is drawn exactly; several are drawn one after
the other by the method of Geweke, Hajivassiliou and Keane and reweighted, with a bounded number of proposals; all
others follow from the exact Gaussian law given them (Schur complement).

References
----------
Ledoit and Wolf, "A well-conditioned estimator for large-dimensional covariance matrices", J. Multivar. Anal. 2004.
Hajivassiliou, McFadden and Ruud, "Simulation of multivariate normal rectangle probabilities", J. Econometrics 1996.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import numpy as np
from scipy.special import ndtr, ndtri

from fidelia.encode.codes import Allowed, Coded, CodedColumn, Continuous, Discrete, Floats
from fidelia.encode.columns import Rare, TableCoder
from fidelia.generate.catalog import State
from fidelia.generate.sampling import rows
from fidelia.generate.states import opened, sealed
from fidelia.generate.values import Axis, LevelAxis, fit_axis, obeying, parcels
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from fidelia.data.table import Table
    from fidelia.encode.codes import Evidence
    from fidelia.generate.conditions import Given
    from fidelia.rng import Rng

THIN = 1e-9
"""Mass of allowed values that have none, so that conditions can always be obeyed."""
PROPOSALS = 4
"""Proposals for each row when several columns are conditioned, and never fewer than 2,000 in all."""


@dataclass(slots=True, eq=False)
class GaussianCopula:
    """Draws correlated normal numbers and maps each to its column's protected law.

    Parameters
    ----------
    k : int
        Values held by fewer than `k` training rows are interpolated or grouped, see `fidelia.encode.protection`.
    rare : {"resample", "keep"}
        What becomes of levels held by fewer than k rows.
    """

    k: int = 5
    rare: Rare = "resample"
    coder_: TableCoder = field(init=False, repr=False)
    axes_: dict[str, Axis] = field(init=False, repr=False)
    gaps_: dict[str, float] = field(init=False, repr=False)
    correlation_: Floats = field(init=False, repr=False)

    def fit(self, table: Table, *, rng: Rng, progress: Progress = SILENT) -> Self:  # noqa: ARG002 - nothing is drawn
        """Learn the laws of the columns and the correlation of their scores."""
        self.coder_ = TableCoder.fit(table, k=self.k, rare=self.rare)
        coded = self.coder_.code(table)
        with progress.stage("fit copula", 1) as tick:
            self.axes_ = {name: fit_axis(_present(coded[name]), self.coder_.k) for name in coded}
            self.gaps_ = {name: share for name in coded if 0 < (share := _missing(coded[name]).mean()) < 1}
            latents = [self._scores(name, coded[name]) for name in coded]
            latents += [_flag_scores(_missing(coded[name])) for name in self.gaps_]
            self.correlation_ = correlation(np.column_stack(latents)) if latents else np.zeros((0, 0))
            tick(1)
        return self

    def _scores(self, name: str, column: CodedColumn) -> Floats:
        """Normal scores of a column, NaN where missing."""
        missing = _missing(column)
        begin, end = self.axes_[name].spans(column)
        middle = np.where(missing, 0.5, (begin + end) / 2)
        return np.where(missing, np.nan, ndtri(np.clip(middle, 1e-6, 1 - 1e-6)))

    def sample(
        self,
        n: int,
        *,
        given: Given | None = None,
        rng: Rng,
        progress: Progress = SILENT,  # noqa: ARG002 - too fast to watch
        first: int = 0,
    ) -> Table:
        """Draw `n` rows; conditions truncate the latent numbers."""
        n = rows(n)
        evidence = {} if given is None else given.code(self.coder_)
        latents = self._latents(n, evidence, rng.child("latent").generator())
        columns: dict[str, CodedColumn] = {}
        for i, (name, axis) in enumerate(self.axes_.items()):
            column = axis.at(ndtr(latents[:, i]))
            if name in self.gaps_ and isinstance(column, Continuous):
                missing = ndtr(latents[:, self._flag(name)]) >= 1 - self.gaps_[name]
                column = Continuous(np.where(missing, np.nan, column.values), column.decimals)
            columns[name] = obeying(column, evidence.get(name), rng.child(f"column/{i}").generator())
        return self.coder_.decode(Coded(columns, n), rng=rng, first=first)

    def _flag(self, name: str) -> int:
        return len(self.axes_) + list(self.gaps_).index(name)

    def _latents(self, n: int, evidence: Evidence, draw: np.random.Generator) -> Floats:
        """Draw the latent numbers given the conditions, (n, latents)."""
        held, free = self._split(evidence)
        fixed = self._truncated(n, held, evidence, draw)
        found = np.empty((n, len(self.correlation_)))
        found[:, held] = fixed
        if free:
            within = self.correlation_[np.ix_(held, held)]
            across = self.correlation_[np.ix_(free, held)]
            slope = np.linalg.solve(within, across.T).T if held else across
            rest = self.correlation_[np.ix_(free, free)] - slope @ across.T
            noise = draw.standard_normal((n, len(free))) @ _root(rest).T
            found[:, free] = fixed @ slope.T + noise
        return found

    def _split(self, evidence: Evidence) -> tuple[list[int], list[int]]:
        """Positions of the latent numbers that are conditioned (flags before their values), and of the others."""
        held = [self._flag(name) for name in evidence if name in self.gaps_]
        held += [i for i, name in enumerate(self.axes_) if name in evidence and _bound(evidence[name])]
        return held, [i for i in range(len(self.correlation_)) if i not in set(held)]

    def _truncated(self, n: int, held: list[int], evidence: Evidence, draw: np.random.Generator) -> Floats:
        if not held:
            return np.zeros((n, 0))
        single = len(held) == 1
        tries = n if single else max(PROPOSALS * n, 2000)
        factor = np.linalg.cholesky(self.correlation_[np.ix_(held, held)])
        errors, weights = np.zeros((tries, len(held))), np.zeros(tries)
        for j, latent in enumerate(held):
            windows = ndtri(self._windows(latent, evidence))
            mean = errors[:, :j] @ factor[j, :j]
            waived, uniform = self._waived(latent, held, errors @ factor.T), draw.random(tries)
            for part in parcels(tries, len(windows)):
                skipped = None if waived is None else waived[part]
                errors[part, j], mass = _cut(windows, mean[part], factor[j, j], uniform[part], skipped)
                weights[part] += np.log(mass)
        latents = errors @ factor.T
        return latents if single else latents[_resampled(weights, n, draw)]

    def _windows(self, latent: int, evidence: Evidence) -> Floats:
        """Allowed positions of a latent number, (w, 2), each window at least `THIN` wide."""
        names = list(self.axes_)
        if latent < len(names):
            windows = self.axes_[names[latent]].windows(_values_only(evidence[names[latent]]))
        else:
            name = list(self.gaps_)[latent - len(names)]
            share, allowed = self.gaps_[name], evidence[name]
            windows = np.array([[0.0 if allowed.intervals else 1 - share, 1.0 if allowed.missing else 1 - share]])
        begin = np.clip(windows[:, 0], 0, 1 - THIN)
        return np.column_stack([begin, np.maximum(windows[:, 1], begin + THIN)])

    def _waived(self, latent: int, held: list[int], latents: Floats) -> np.ndarray | None:
        """Rows where a value's condition does not matter because the value was drawn missing."""
        name = list(self.axes_)[latent] if latent < len(self.axes_) else None
        if name is None or name not in self.gaps_:
            return None
        return np.asarray(ndtr(latents[:, held.index(self._flag(name))]) >= 1 - self.gaps_[name])

    def state(self) -> State:
        """Return the coder, the laws and the correlation."""
        return sealed(self, self.coder_, self.axes_, gaps=self.gaps_, correlation=self.correlation_)

    @classmethod
    def restore(cls, state: State) -> Self:
        """Read what `state` returned."""
        with opened(state) as parts:
            made = cls(**parts.parameters)
            made.coder_, made.axes_ = parts.coder, parts.axes(values_only=True)
            made.gaps_ = {str(name): float(share) for name, share in state.values["gaps"].items()}
            if not set(made.gaps_) <= set(made.axes_) or not all(0 < share < 1 for share in made.gaps_.values()):
                raise ValueError("shares of missing values do not fit")
            size = len(made.axes_) + len(made.gaps_)
            made.correlation_ = parts.array("correlation", (size, size))
            if size and (
                np.linalg.eigvalsh(made.correlation_).min() <= 0 or not np.allclose(np.diag(made.correlation_), 1)
            ):
                raise ValueError("the correlation matrix is none")
        return made


def correlation(scores: Floats) -> Floats:
    """Return a positive definite correlation matrix of scores with NaN, (p, p).

    Pairs are correlated over the rows where both are present, shrunk to the identity by the intensity of Ledoit and
    Wolf, and cut to positive eigenvalues.

    Parameters
    ----------
    scores : (n, p) float64
    """
    seen = ~np.isnan(scores)
    filled = np.where(seen, scores, 0.0)
    filled = np.where(seen, filled - filled.sum(0) / np.maximum(seen.sum(0), 1), 0.0)
    spread = np.sqrt((filled**2).sum(0) / np.maximum(seen.sum(0), 1))
    filled = filled / np.where(spread > 1e-9, spread, np.inf)
    power = (filled**2).T @ seen
    found = filled.T @ filled / np.sqrt(np.maximum(power * power.T, 1e-300))
    found = (1 - _shrinkage(filled)) * np.clip(found, -1, 1)
    np.fill_diagonal(found, 1.0)
    values, vectors = np.linalg.eigh(found)
    found = (vectors * np.maximum(values, 1e-4)) @ vectors.T
    scale = np.sqrt(np.diag(found))
    found = found / np.outer(scale, scale)
    return np.asarray((found + found.T) / 2)


def _shrinkage(filled: Floats) -> float:
    """The intensity of Ledoit and Wolf (2004) for a centred matrix (n, p)."""
    n, p = filled.shape
    covariance = filled.T @ filled / n
    away = ((covariance - np.trace(covariance) / p * np.eye(p)) ** 2).sum()
    noise = (((filled**2).sum(1) ** 2).sum() / n - (covariance**2).sum()) / n
    return float(min(max(noise, 0.0), away) / away) if away > 0 else 1.0


def _cut(
    windows: Floats, mean: Floats, scale: float, uniform: Floats, waived: np.ndarray | None
) -> tuple[Floats, Floats]:
    """Draw standard normal errors so that ``mean + scale * error`` lies in the windows; also return their mass."""
    low, high = (ndtr((windows[:, i] - mean[:, None]) / scale) for i in (0, 1))
    if waived is not None:
        low, high = (np.where(waived[:, None], full, ends) for full, ends in ((0.0, low), (1.0, high)))
        high[waived, 1:] = low[waived, 1:]
    stairs = np.cumsum(np.maximum(high - low, 1e-300), axis=1)
    wanted = uniform * stairs[:, -1]
    at = np.minimum((stairs <= wanted[:, None]).sum(1), len(windows) - 1)
    row = np.arange(len(mean))
    before = np.where(at > 0, stairs[row, at - 1], 0.0)
    place = np.clip(low[row, at] + wanted - before, 1e-300, 1 - 1e-16)
    return ndtri(place), np.maximum(stairs[:, -1], 1e-300)


def _resampled(weights: Floats, n: int, draw: np.random.Generator) -> np.ndarray:
    """Rows drawn by their log weights: systematic resampling, in random order."""
    shares = np.cumsum(np.exp(weights - weights.max()))
    at = np.searchsorted(shares, (np.arange(n) + draw.random()) / max(n, 1) * shares[-1], "right")
    return draw.permutation(np.minimum(at, len(weights) - 1))


def _root(matrix: Floats) -> Floats:
    """A square root of a positive semi-definite matrix."""
    values, vectors = np.linalg.eigh(matrix)
    return np.asarray(vectors * np.sqrt(np.maximum(values, 0)))


def _bound(allowed: Allowed) -> bool:
    """Whether a condition bounds the column's own latent number."""
    return allowed.codes is not None or bool(allowed.intervals)


def _values_only(allowed: Allowed) -> Allowed:
    return Allowed(codes=allowed.codes, intervals=allowed.intervals)


def _missing(column: CodedColumn) -> np.ndarray:
    return np.zeros(len(column), bool) if isinstance(column, Discrete) else np.isnan(column.values)


def _present(column: CodedColumn) -> CodedColumn:
    if isinstance(column, Discrete):
        return column
    return Continuous(column.values[~np.isnan(column.values)], column.decimals)


def _flag_scores(missing: np.ndarray) -> Floats:
    axis = LevelAxis.fit(Discrete(missing.astype(np.int32), 2))
    begin, end = axis.spans(Discrete(missing.astype(np.int32), 2))
    return np.asarray(ndtri(np.clip((begin + end) / 2, 1e-6, 1 - 1e-6)))
