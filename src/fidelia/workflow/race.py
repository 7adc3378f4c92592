"""The race, `auto`: generators compete within a time limit, and the best that does not copy is kept.

The training rows are split once more, into rows to learn from and rows to select with; the holdout of the run is not
touched. Entrants start cheapest first. Those that repeat training rows, by the same tests and limits as the report's
findings, are out. The others are compared by one number, the mean of five losses: how well boosted trees tell their
rows from real ones, how far they lie off the real ones, which real ones they do not reach, how far pairs of columns
are off, and what a model learnt from them lacks. Each is the gap to what fresh real rows get, as a share of the way
from a perfect to a useless score. (Mean ranks would depend on who else runs, say nothing of sizes, and have no
standard error.) The winner is the simplest entrant within one standard error of the smallest mean loss, and is then
fitted again on all training rows.

References
----------
Breiman, Friedman, Olshen and Stone (1984), Classification and Regression Trees, 3.4.3: the rule of one standard error.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from fidelia.data.split import split
from fidelia.errors import FideliaError, MissingExtra, SchemaError, UsageError
from fidelia.generate.catalog import DEEP, entries, find
from fidelia.generate.effort import UNLIMITED, Effort, takes_effort
from fidelia.measure.findings import Finding
from fidelia.measure.result import plain
from fidelia.progress import SILENT, Progress
from fidelia.rng import Rng
from fidelia.workflow.heats import Heat, Ran, enter
from fidelia.workflow.leaderboard import SIMPLEST, Line, judged, simplicity
from fidelia.workflow.model import Model
from fidelia.workflow.outcome import Interrupted, Outcome
from fidelia.workflow.plan import FIT
from fidelia.workflow.recipe import AUTO, Recipe

if TYPE_CHECKING:
    from fidelia.data.table import Table

SELECT, MOST_SELECT, FEWEST = 0.2, 5_000, 100
"""Share of the training rows that select; most of them; fewest training rows of a race."""
SMALL, SPLITS = 2_000, 3
"""Tables of fewer rows are split so often; three times take a third off the standard error, five two fifths."""
MOST_ROWS, ROWS_A_SECOND, UNLIMITED_ROWS = 50_000, 150, 20_000
"""Most rows that take part: so many for each second of the time limit; without one, so many."""
LEAST, LEAST_A_CELL = 10.0, 5e-5
"""Seconds below which no network starts: these, or so many for each cell."""


@dataclass(frozen=True, slots=True)
class Race:
    """Who ran, who won, and why.

    Parameters
    ----------
    winner : str
        From the catalog.
    lines : tuple of Line
        The winner first, then by mean loss, those that leak, and those that did not run.
    rows : mapping of str to int
        Rows of a split to ``fit`` and to ``select``, synthetic rows that were ``scored``, and training rows in ``all``.
    splits : int
    limit : float or None
        The loss up to which the simplest wins; None when all leak.
    seconds : float or None
        The time limit.
    reproducible : bool
        Whether the same seed gives the same winner: not under a time limit.
    refit : float or None
        Seconds that are left to fit the winner again, where it can be limited.
    """

    winner: str
    lines: tuple[Line, ...]
    rows: Mapping[str, int]
    splits: int
    limit: float | None
    seconds: float | None
    reproducible: bool
    refit: float | None

    @property
    def effort(self) -> Effort:
        """How long the winner may learn when it is fitted again."""
        return UNLIMITED if self.refit is None else Effort(seconds=self.refit)

    @property
    def finding(self) -> Finding | None:
        """What is to be said when every entrant leaks, else None."""
        best = self.lines[0]
        if self.limit is not None:
            return None
        said = f"{best.name} leaks least of {sum(line.status != 'skipped' for line in self.lines)}: {best.why}."
        title = "Every generator in the race comes too close to training rows"
        return Finding("RACE", "warning", title, f"{said} More rows, or fewer columns, may help.", None, None, "race")

    def to_dict(self) -> dict[str, Any]:
        """Return what stands in results.json."""
        found: dict[str, Any] = plain(asdict(self))
        return found


@dataclass(slots=True)
class _Track:
    """What the entrants run on: the rows, the time, and what is known of the work by now."""

    train: Table
    heats: Sequence[Heat]
    seconds: float | None
    start: float
    scoring: float = 0.0

    @property
    def left(self) -> float:
        return np.inf if self.seconds is None else self.seconds - (perf_counter() - self.start)

    @property
    def least(self) -> float:
        """Seconds below which a network is not worth starting."""
        cells = len(self.heats[0].fit) * len(self.train.schema)
        return len(self.heats) * max(LEAST, LEAST_A_CELL * cells)

    def share(self, networks: int) -> float:
        """Return the seconds of the next of so many networks; one share is kept to fit the winner again."""
        shares = [(self.left - k * self.scoring) / (k + 1) for k in range(networks, 0, -1)]
        return next((share for share in shares if share >= self.least), shares[-1])

    def need(self, name: str) -> float:
        """Return the seconds to fit and score in all heats, and to fit again on all rows; none for the first."""
        rows = len(self.heats) * len(self.heats[0].fit) + len(self.train)
        fits = FIT.get(name, FIT["trees"]) * rows * len(self.train.schema)
        return fits + self.scoring if self.scoring else 0.0


def raced(
    recipe: Recipe, train: Table, *, seconds: float | None = None, progress: Progress = SILENT
) -> tuple[Recipe, Race | None]:
    """Return the recipe with the generator that is to be fitted, and the race where it asks for one.

    Parameters
    ----------
    recipe : Recipe
        Its parameters may name ``entrants`` when the generator is "auto".
    seconds : float or None
        For the race and for fitting its winner again.

    Raises
    ------
    UsageError
        When another parameter is given, or an entrant is not in the catalog.
    """
    if recipe.generator != AUTO:
        return recipe, None
    if strange := sorted(set(recipe.parameters) - {"entrants"}):
        raise UsageError(f"generator 'auto' has no parameter {strange[0]!r}; it has entrants, a list of generators")
    race = run_race(
        train,
        seed=recipe.seed,
        seconds=seconds,
        entrants=recipe.parameters.get("entrants"),
        by=recipe.by,
        time=recipe.time,
        progress=progress,
    )
    return replace(recipe, generator=race.winner, parameters={}), race


def run_race(
    train: Table,
    *,
    seed: int = 0,
    seconds: float | None = None,
    entrants: Iterable[str] | None = None,
    by: str | None = None,
    time: str | None = None,
    progress: Progress = SILENT,
) -> Race:
    """Let generators compete for a table.

    Parameters
    ----------
    train : Table
        The rows that the winner will learn from.
    seed : int
        The same seed has the same winner, without a time limit.
    seconds : float or None
        Time limit, with the winner's last fit. Without one, networks run only when they are named.
    entrants : iterable of str or None
        Who runs, from the catalog; None for those of `SIMPLEST`.
    by, time : str or None
        As the run itself is split.

    Raises
    ------
    UsageError
        When an entrant is not in the catalog, or the time limit is not positive.
    SchemaError
        When there are too few rows, or no entrant could be fitted.
    Interrupted
        With the best model so far, when the user stops a race in which one entrant has finished.
    """
    if seconds is not None and not seconds > 0:
        raise UsageError(f"a race of {seconds} seconds: the time limit must be above 0")
    if len(train) < FEWEST:
        raise SchemaError(f"{len(train)} rows are too few for a race of generators, which needs {FEWEST}: name one")
    names = _names(entrants)
    start = perf_counter()
    track = _Track(train, _heats(train, Rng(seed).child("race"), seconds, by, time, progress), seconds, start)
    out: dict[str, Line] = {}
    ran: dict[str, Ran] = {}
    try:
        with progress.stage("race", len(names)) as tick:
            for i, name in enumerate(names):
                found = _start(name, names[i:], track, entrants is not None, progress)
                if isinstance(found, Line):
                    out[name] = found
                else:
                    ran[name] = found
                tick(1)
    except KeyboardInterrupt as stop:
        if not ran:
            raise
        raise Interrupted(Outcome({}, model=_best(ran, track, seed))) from stop
    if not ran:
        raise SchemaError("no generator finished the race: " + "; ".join(f"{n}: {line.why}" for n, line in out.items()))
    return _race(ran, out, track)


def _names(entrants: Iterable[str] | None) -> list[str]:
    """Return who runs, the simplest first; those that are not known for simple last."""
    names = list(dict.fromkeys(SIMPLEST if entrants is None else entrants))
    known = entries()
    if isinstance(entrants, str) or not names:
        raise UsageError(f"entrants = {entrants!r} must be a list of generators, such as ['trees', 'vae']")
    for name in names:
        if name not in known:
            find(name)
    return sorted(names, key=simplicity)


def _heats(
    train: Table, rng: Rng, seconds: float | None, by: str | None, time: str | None, progress: Progress
) -> list[Heat]:
    """Split the rows as the run does: once, or several times where there are few and chance does the splitting."""
    most = UNLIMITED_ROWS if seconds is None else int(np.clip(seconds * ROWS_A_SECOND, SMALL, MOST_ROWS))
    rows = train
    if len(train) > most:
        rows = train.take(np.sort(rng.child("rows").generator().choice(len(train), most, replace=False)))
    share = min(SELECT, MOST_SELECT / len(rows))
    count = SPLITS if len(rows) < SMALL and time is None else 1
    parts = [split(rows, holdout=share, rng=rng.child(f"select/{i}"), by=by, time=time) for i in range(count)]
    return [Heat(each.train, each.holdout, rng.child(f"heat/{i}"), progress) for i, each in enumerate(parts)]


def _start(name: str, waiting: Sequence[str], track: _Track, named: bool, progress: Progress) -> Ran | Line:
    """Let an entrant run if it can finish in time; else return its line."""
    if track.seconds is None and not named and entries()[name].extra == DEEP:
        return Line(name, "skipped", "runs under a time limit, or when it is named among the entrants")
    try:
        limited = takes_effort(find(name))
        networks = sum(entries()[each].extra == DEEP for each in waiting)
        need = track.least if limited else track.need(name)
        share = track.share(max(networks, 1)) if limited else track.left
        if share < need:
            return Line(name, "skipped", f"needs {_said(need)} at least; {_said(max(share, 0.0))} were left for it")
        with progress.stage(f"race: {name}"):
            ran = enter(name, track.heats, None if track.seconds is None else share, progress)
    except MissingExtra as missing:
        return Line(name, "skipped", str(missing))
    except FideliaError as error:
        return Line(name, "failed", str(error))
    track.scoring = max(track.scoring, ran.score_seconds)
    return ran


def _said(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"


def _race(ran: Mapping[str, Ran], out: Mapping[str, Line], track: _Track) -> Race:
    lines, limit = judged(ran)
    winner, heat = lines[0], track.heats[0]
    again = track.seconds is not None and takes_effort(ran[winner.name].generator)
    return Race(
        winner=winner.name,
        lines=(*lines, *out.values()),
        rows={"fit": len(heat.fit), "select": len(heat.select), "scored": heat.rows, "all": len(track.train)},
        splits=len(track.heats),
        limit=limit,
        seconds=track.seconds,
        reproducible=track.seconds is None,
        refit=max(track.left, winner.fit_seconds or 0.0) if again else None,
    )


def _best(ran: Mapping[str, Ran], track: _Track, seed: int) -> Model:
    """Return the best model so far, learnt from the rows of a heat."""
    name, rows = judged(ran)[0][0].name, track.heats[-1].fit
    return Model(name, ran[name].generator, rows.schema, {"seed": seed, "rows": len(rows), "parameters": {}})
