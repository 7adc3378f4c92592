"""One generator in a process of its own: it fits and draws, and says how long that took and how much memory.

    python -m fidelia.workflow.entrant FOLDER

`FOLDER` holds ``task.json`` (a `Task`) and the table to learn from, ``train``; the synthetic rows, ``synthetic``, and
``cost.json`` are left there. Where anything fails, the last line of stderr is the reason.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import TYPE_CHECKING, Any, Self

import pyarrow.parquet as pq

from fidelia.data.atomic import atomic
from fidelia.data.table import Table
from fidelia.data.write import write_arrow
from fidelia.errors import NotApplicable
from fidelia.generate.effort import Effort
from fidelia.schema.schema import Schema
from fidelia.workflow.model import Model, fit_table

if TYPE_CHECKING:
    from collections.abc import Callable

TASK = "task.json"
WARM_ROWS, WARM_SECONDS = 200, 1.0
REPEATS, ENOUGH = 3, 1.0
"""Most draws of one size, and the seconds after which no further one is made."""
LONGEST = 120.0
"""A draw that would take longer is not made."""


@dataclass(frozen=True, slots=True)
class Task:
    """What one process does.

    Parameters
    ----------
    generator : str
        From the catalog.
    seed : int
    rows : int
        Synthetic rows to hand in.
    seconds : float or None
        Most seconds of the fit, for generators that can be limited.
    draws : tuple of int
        Numbers of rows whose drawing is timed.
    parameters : dict
        Of the generator.
    """

    generator: str
    seed: int
    rows: int
    seconds: float | None = None
    draws: tuple[int, ...] = ()
    parameters: dict[str, Any] = field(default_factory=dict)

    def save(self, folder: Path) -> None:
        """Write the task where the process looks for it."""
        (folder / TASK).write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path) -> Self:
        """Read what `save` wrote."""
        found = json.loads((folder / TASK).read_text(encoding="utf-8"))
        return cls(**{**found, "draws": tuple(found["draws"])})

    def fit(self, table: Table, seconds: float | None) -> Model:
        """Fit a new generator."""
        return fit_table(
            table,
            generator=self.generator,
            parameters=self.parameters,
            seed=self.seed,
            effort=Effort(seconds=seconds),
        )


def put(folder: Path, name: str, table: Table) -> None:
    """Write a table and its schema; parquet keeps every type that a table has."""
    write_arrow(table.arrow, folder / f"{name}.parquet")
    (folder / f"{name}.schema.json").write_text(table.schema.to_json(), encoding="utf-8")


def get(folder: Path, name: str) -> Table:
    """Read what `put` wrote."""
    schema = Schema.from_json((folder / f"{name}.schema.json").read_text(encoding="utf-8"))
    return Table(pq.read_table(folder / f"{name}.parquet"), schema, "pyarrow")


def enter(folder: Path) -> None:
    """Do the task of a folder; ``cost.json`` appears when all is done."""
    task, table = Task.load(folder), get(folder, "train")
    start_mb = peak_memory()
    _warm(task, table)
    start = perf_counter()
    model = task.fit(table, task.seconds)
    cost: dict[str, Any] = {"fit": perf_counter() - start, "start_mb": start_mb, "fit_mb": peak_memory()}
    if task.draws:
        cost |= {**speeds(model, task.draws), "peak_mb": peak_memory()}
        cost |= {"parameters": parameters(model), "bundle_mb": _bundle(model, folder / "model.fidelia")}
    put(folder, "synthetic", model.sample_table(task.rows, seed=task.seed))
    with atomic(folder / "cost.json") as draft:
        draft.write_text(json.dumps(cost), encoding="utf-8")


def _warm(task: Task, table: Table) -> None:
    """Load every library and fill every cache, so that what is timed pays for neither."""
    task.fit(table.take(range(min(WARM_ROWS, len(table)))), WARM_SECONDS).sample_table(WARM_ROWS)


def speeds(model: Model, draws: Sequence[int]) -> dict[str, Any]:
    """Return ``first``, the seconds of the first 1,000 rows, and ``speed``, rows a second by the number drawn.

    Medians of up to three draws. A draw that would take longer than two minutes is not made: its entry is None.
    """
    first = _seconds(lambda: model.sample_table(1_000, seed=1))
    rows: dict[str, float | None] = {}
    speed = 1_000 / first
    for n in draws:
        if n / speed > LONGEST:
            rows[str(n)] = None
            continue
        taken: list[float] = []
        while len(taken) < REPEATS and sum(taken) < ENOUGH:
            seed = 2 + len(taken)
            taken.append(_seconds(lambda n=n, seed=seed: model.sample_table(n, seed=seed)))  # type: ignore[misc]
        rows[str(n)] = speed = n / median(taken)
    return {"first": first, "speed": rows}


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def peak_memory() -> float | None:
    """Return the most memory that this process has held so far, in MB; None where the system does not say.

    Linux keeps it for the program itself (``VmHWM``); ``ru_maxrss`` is, right after a start, that of the parent.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    except OSError:
        return _most_resident()
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM")), None)


def _most_resident() -> float | None:
    try:
        import resource
    except ImportError:
        return None
    unit = 2**20 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / unit


def parameters(model: Model) -> int | None:
    """Return how many numbers were learnt: the weights of a network, else all arrays; None when it declines to say."""
    try:
        arrays = model.generator.state().arrays
    except NotApplicable:
        return None
    weights = {name: array for name, array in arrays.items() if name.startswith("weights/")}
    return sum(array.size for array in (weights or arrays).values())


def _bundle(model: Model, path: Path) -> float | None:
    """Return the size of the saved model in MB; None when it is made of training rows and is never saved."""
    try:
        model.save(path)
    except NotApplicable:
        return None
    return path.stat().st_size / 1e6


if __name__ == "__main__":
    enter(Path(sys.argv[1]))
