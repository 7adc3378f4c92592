"""Several generators side by side: each score over several synthetic tables, ranks, and how sure they are."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.errors import EmbeddingMismatch, NotApplicable, UsageError
from fidelia.measure.catalog import chosen
from fidelia.measure.findings import gap_of, way
from fidelia.measure.generations.ranking import Ranking, agreement, pareto, rank
from fidelia.measure.generations.sets import sibling
from fidelia.measure.result import Direction, Result, comparable, plain
from fidelia.measure.rules import ONE_SIDED
from fidelia.measure.statistics.intervals import Z
from fidelia.measure.statistics.sets import across
from fidelia.progress import SILENT, Progress

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fidelia.measure.case import Case
    from fidelia.measure.entry import Entry

    Floats = NDArray[np.float64]
    Interval = tuple[float, float]
    Measured = dict[str, dict[str, list[Result]]]
    Reasons = dict[str, dict[str, str]]

PANEL = ("FID16", "DIV01", "AUT02", "FID01", "FID02", "FID10", "FID26", "UTL01", "PRV02")
TSTR = "UTL01"


@dataclass(frozen=True, slots=True)
class Score:
    """One score of one generator over its synthetic tables (GMU01).

    Parameters
    ----------
    code, name : str
    value : float
        Mean over tables.
    sets : int
        K.
    between_sd : float or None
        Standard deviation between tables; None for one table.
    interval : (float, float) or None
        95 %: of the mean over tables, or of the one table.
    further : (float, float) or None
        95 % interval of one further table; None for one table.
    reference : float or None
        What fresh real rows score.
    gap : float
        How much worse than fresh real rows, in the score's units; negative when better.
    gap_sd : float
        Its standard error.
    loss : float
        The share of the way from fresh real rows to a useless table, in [0, 1]; 0 within two standard errors.
    rank : float
        Among the generators by `gap`; 1 is best. Those within two standard errors of fresh real rows share a rank.
    """

    code: str
    name: str
    value: float
    sets: int
    between_sd: float | None
    interval: Interval | None
    further: Interval | None
    reference: float | None
    gap: float
    gap_sd: float
    loss: float
    rank: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Which generator is best, on what, and how sure that is.

    Parameters
    ----------
    generators : tuple of str
        Best first, by mean loss over qualities.
    scores : mapping of str to mapping of str to Score
        By generator and code.
    qualities : mapping of str to mapping of str to float
        Mean loss over the codes of a quality, by quality and generator; 0 is as good as fresh real rows.
    overall : mapping of str to float
        Mean of these over qualities.
    best : mapping of str to float
        Probability of the smallest overall loss, given the spread between tables (GMU02).
    places : mapping of str to tuple of float
        Probability of coming in first, second ... .
    stability : float
        How well the order survives drawing all gaps anew from their errors: mean Kendall's tau-b (GMU02).
    front : tuple of str
        Generators that no other one beats on every quality, and on cost where it is given (GMU03).
    agreement : mapping of str to float or None
        Kendall's tau-b of each score's order of generators with that of usefulness, UTL01 (GMU04).
    costs : mapping of str to mapping of str to float
        As given, lower is better: wall time, memory, size (GMU05).
    declined : mapping of str to mapping of str to str
        By code and generator, why a score was not computed; only scores of all generators are ranked.
    embedding : str or None
        Hash of the one embedding behind all distances.
    """

    generators: tuple[str, ...]
    scores: Mapping[str, Mapping[str, Score]]
    qualities: Mapping[str, Mapping[str, float]]
    overall: Mapping[str, float]
    best: Mapping[str, float]
    places: Mapping[str, tuple[float, ...]]
    stability: float
    front: tuple[str, ...]
    agreement: Mapping[str, float | None]
    costs: Mapping[str, Mapping[str, float]]
    declined: Mapping[str, Mapping[str, str]]
    embedding: str | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON data."""
        found = {name: getattr(self, name) for name in self.__slots__ if name != "scores"}
        scores = {
            generator: {code: {name: getattr(score, name) for name in score.__slots__} for code, score in line.items()}
            for generator, line in self.scores.items()
        }
        data: dict[str, Any] = plain({**found, "scores": scores})
        return data


def needs_generators(case: Case) -> Result:  # noqa: ARG001 - as every metric
    """Decline: GMU02 to GMU05 compare several generators, which `compare` does.

    Raises
    ------
    NotApplicable
        ``NEEDS_GENERATORS``, always.
    """
    raise NotApplicable("NEEDS_GENERATORS", "several generators are needed: use `fidelia compare` or fd.compare")


def compare(
    cases: Mapping[str, Sequence[Case]],
    codes: Iterable[str] | None = None,
    costs: Mapping[str, Mapping[str, float]] | None = None,
    progress: Progress = SILENT,
) -> Comparison:
    """Compare generators by the synthetic tables that they made of one train table.

    Every table is measured by itself; what is compared is its distance from fresh real rows, oriented so that more is
    worse. A generator's error is the spread between its tables, or, where that is smaller or there is one table alone,
    the error of a single measurement.

    Parameters
    ----------
    cases : mapping of str to sequence of Case
        By generator, one case for each of its synthetic tables; further tables in a case's `generations` count too.
        All share train and holdout.
    codes : iterable of str or None
        Which scores; None for nine that cover fidelity, diversity, authenticity, utility and privacy.
    costs : mapping or None
        By generator: named numbers of which less is better, taken as they are.
    progress : Progress

    Raises
    ------
    UsageError
        Fewer than two generators, a generator without tables, or tables of other real rows.
    EmbeddingMismatch
        When cases bring different embeddings.
    NotApplicable
        When no score can be computed of all generators.
    """
    entries = chosen(PANEL if codes is None else codes)
    groups = _aligned(cases)
    results, declined = _measured(groups, entries, progress)
    usable = [entry for entry in entries if all(entry.code in results[name] for name in groups) and _ranked(entry)]
    if not usable:
        reasons = "; ".join(f"{code}: {next(iter(said.values()))}" for code, said in declined.items())
        raise NotApplicable("NEEDS_MANY_SETS", f"no score could be computed of all generators ({reasons})")
    for entry in usable:
        comparable(*(result for name in groups for result in results[name][entry.code]))
    gaps = {e.code: np.array([_gap(results[name][e.code])[0] for name in groups]) for e in usable}
    sds = {e.code: np.array([_gap(results[name][e.code])[1] for name in groups]) for e in usable}
    rng = next(iter(groups.values()))[0].rng.child("GMU02")
    ways = {code: _way([results[name][code][0] for name in groups], gap) for code, gap in gaps.items()}
    ranking = rank(gaps, sds, ways, {entry.code: entry.category for entry in usable}, rng)
    return _comparison(list(groups), results, ranking, gaps, dict(costs or {}), declined)


def _aligned(cases: Mapping[str, Sequence[Case]]) -> dict[str, list[Case]]:
    """Return cases that share one train table, holdout, embedding and stream of random numbers.

    Shared streams make draws of real rows the same for all, so that their noise falls out of differences.
    """
    if len(cases) < 2 or not all(cases.values()):
        raise UsageError("a comparison needs two generators, each with at least one synthetic table")
    base = next(iter(cases.values()))[0]
    groups = {}
    for name, given in cases.items():
        for case in given:
            _same_rows(base, case, name)
        made = [table for case in given for table in (case.synthetic, *case.generations)]
        groups[name] = [sibling(base, table) for table in made]
    return groups


def _same_rows(base: Case, case: Case, name: str) -> None:
    for side in ("train", "holdout"):
        a, b = getattr(base, side), getattr(case, side)
        if a is not b and (a is None or b is None or not a.arrow.equals(b.arrow)):
            raise UsageError(f"the cases of {name!r} have another {side} table: a comparison needs one for all")
    hashes = [each.embedding.hash for each in (base, case) if each.embedding is not None]
    if len(set(hashes)) > 1 or (hashes and None in (base.embedding, case.embedding) and base.embedding is None):
        raise EmbeddingMismatch(
            f"the cases of {name!r} bring another embedding, whose distances do not compare: give all cases the same"
        )


def _measured(
    groups: Mapping[str, Sequence[Case]], entries: Sequence[Entry], progress: Progress
) -> tuple[Measured, Reasons]:
    """Return the results by generator and code, and why some are missing, by code and generator."""
    results: Measured = {name: {} for name in groups}
    declined: Reasons = {}
    with progress.stage("compare", sum(map(len, groups.values())) * len(entries)) as tick:
        for name, cases in groups.items():
            for case in map(replace, cases):  # a copy, so that what it keeps of one table goes before the next comes
                for entry in entries:
                    try:
                        found = entry(case)
                        results[name].setdefault(entry.code, []).append(found)
                    except NotApplicable as reason:
                        declined.setdefault(entry.code, {}).setdefault(name, str(reason))
                    tick(1)
    return results, declined


def _ranked(entry: Entry) -> bool:
    return entry.direction is not Direction.INFO


def _worse(result: Result) -> float:
    """Return how much worse than fresh real rows a result is; for scores that should equal the reference, how far."""
    if result.direction is Direction.REFERENCE and result.code not in ONE_SIDED:
        reference = result.reference.value if result.reference else result.value or 0.0
        return abs((result.value or 0.0) - reference)
    return gap_of(result)


def _way(results: Sequence[Result], gaps: Floats) -> float:
    """Return the gap of a useless table; of scores without a rule for it, the largest gap of any generator here."""
    return way(results[0]) or max(0.0, float(gaps.max()))


def _gap(results: Sequence[Result]) -> tuple[float, float]:
    """Return the mean gap over tables and its standard error."""
    gaps = np.array([_worse(result) for result in results])
    single = np.array([_half(result) / Z for result in results])
    between = gaps.var(ddof=1) if len(gaps) > 1 else 0.0
    return float(gaps.mean()), float(np.sqrt(max(between, (single**2).mean()) / len(gaps)))


def _half(result: Result) -> float:
    low, high = result.interval or (result.value or 0.0, result.value or 0.0)
    return (high - low) / 2


def _score(results: Sequence[Result], loss: float, at: float) -> Score:
    first, values = results[0], [result.value or 0.0 for result in results]
    found = across(values) if len(values) > 1 else None
    references = [result.reference.value for result in results if result.reference]
    gap, sd = _gap(results)
    return Score(
        code=first.code,
        name=first.name,
        value=float(np.mean(values)),
        sets=len(values),
        between_sd=None if found is None else float(np.sqrt(found.between)),
        interval=first.interval if found is None else found.interval,
        further=None if found is None else found.further,
        reference=float(np.mean(references)) if references else None,
        gap=gap,
        gap_sd=sd,
        loss=loss,
        rank=at,
    )


def _scores(results: Mapping[str, Sequence[Result]], ranking: Ranking, at: int) -> dict[str, Score]:
    """Return the scores of the generator at position `at`."""
    return {
        code: _score(results[code], float(ranking.losses[code][at]), float(ranks[at]))
        for code, ranks in ranking.ranks.items()
    }


def _comparison(
    names: list[str],
    results: Measured,
    ranking: Ranking,
    gaps: Mapping[str, Floats],
    costs: dict[str, Mapping[str, float]],
    declined: Reasons,
) -> Comparison:
    """Put everything together, best generator first."""
    order = [names[i] for i in np.argsort(ranking.overall, kind="stable")]
    axes = [*ranking.qualities.values(), *_cost_axes(names, costs)]
    every = [result for line in results.values() for found in line.values() for result in found]
    return Comparison(
        generators=tuple(order),
        scores={name: _scores(results[name], ranking, names.index(name)) for name in order},
        qualities={quality: _by_name(names, order, ranks) for quality, ranks in ranking.qualities.items()},
        overall=_by_name(names, order, ranking.overall),
        best=_by_name(names, order, ranking.best),
        places={name: tuple(map(float, ranking.places[names.index(name)])) for name in order},
        stability=ranking.stability,
        front=tuple(name for name in order if pareto(axes)[names.index(name)]),
        agreement=agreement(gaps, TSTR),
        costs={name: dict(costs[name]) for name in order if name in costs},
        declined=declined,
        embedding=next((result.embedding for result in every if result.embedding), None),
    )


def _by_name(names: Sequence[str], order: Sequence[str], values: Floats) -> dict[str, float]:
    return {name: float(values[names.index(name)]) for name in order}


def _cost_axes(names: Sequence[str], costs: Mapping[str, Mapping[str, float]]) -> list[Floats]:
    """Return each cost that all generators state, ``(generators,)``."""
    unknown = set(costs) - set(names)
    if unknown:
        raise UsageError(f"costs of {sorted(unknown)}, which are not among the generators {list(names)}")
    if set(costs) != set(names):
        return []
    shared = [key for key in costs[names[0]] if all(key in costs[name] for name in names)]
    return [np.array([costs[name][key] for name in names], dtype=np.float64) for key in shared]
