"""The trilemma bench: what does each generator pay in quality, mode coverage and speed, and does it copy?

Every generator learns one real table and three made ones whose law is known, one after the other, each in a process of
its own, on two threads. Beside them stand controls that are good at one thing by design: fresh real rows, exact and
noisy copies, independent columns, a single mode. What is measured is kept as it comes, so that an interrupted bench
goes on; what failed is tried again.
"""

from __future__ import annotations

import hashlib
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import fidelia
from fidelia.data.atomic import atomic
from fidelia.data.split import split
from fidelia.errors import UsageError
from fidelia.generate.catalog import entries
from fidelia.measure.case import Case
from fidelia.measure.catalog import measure
from fidelia.measure.result import plain
from fidelia.progress import SILENT, Progress
from fidelia.report import trilemma as page
from fidelia.report.standings import CONTROLS, claims, front
from fidelia.rng import Rng
from fidelia.schema.schema import closest
from fidelia.workflow.cases import as_table
from fidelia.workflow.document import fingerprint
from fidelia.workflow.entrant import Task, get, put
from fidelia.workflow.toys import TOYS

if TYPE_CHECKING:
    from fidelia.data.table import Table

FORMAT = 1
FILES = ("trilemma.json", "trilemma.md", "trilemma.svg")
REAL = "real"
PARTS = (REAL, *TOYS)
CODES = {
    "FID26": "auc",
    "FID16": "alpha",
    "DIV01": "beta",
    "DIV06": "coverage",
    "AUT01": "authenticity",
    "PRV02": "dcr",
}
HOLDOUT = FRESH = 0.2
THREADS = 2
TOY_SHARE = 0.5
"""Of the time limit, for each made table."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is run, and how large.

    Parameters
    ----------
    generators : tuple of str
        Names of the catalog; empty for all. The two baselines among the controls always run.
    limit : float or None
        Most seconds of a fit of the real table, where a generator can be limited; half of it for a made table.
    rows : int or None
        Most rows of each table; None for all.
    seed : int
    grid, groups : int
        Rows of the grids and of the table with rare groups.
    draws : tuple of int
        Numbers of rows whose drawing is timed; the second is the one that is drawn as a picture.
    parameters : mapping
        Of the generators, by name.
    """

    generators: tuple[str, ...] = ()
    limit: float | None = None
    rows: int | None = None
    seed: int = 0
    grid: int = 10_000
    groups: int = 20_000
    draws: tuple[int, ...] = (1_000, 10_000, 100_000)
    parameters: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @classmethod
    def quick(cls, generators: tuple[str, ...] = (), *, rows: int | None = None, seed: int = 0) -> Plan:
        """Return a plan of small tables and networks that hardly learn: to see that everything runs."""
        tiny = {name: {"steps": 20, "width": 16} for name, entry in entries().items() if entry.extra == "deep"}
        return cls(
            generators=generators,
            limit=5.0,
            rows=rows or 800,
            seed=seed,
            grid=1_000,
            groups=2_000,
            draws=(1_000, 2_000),
            parameters=tiny,
        )

    def names(self) -> list[str]:
        """Return the generators to run, each once; UsageError for a name that is not in the catalog."""
        known = entries(pictures=False)
        for name in self.generators:
            if name not in known:
                raise UsageError(f"no generator {name!r}{closest(name, known)} (there are: {', '.join(known)})")
        baselines = [name for name in known if name in CONTROLS]
        return list(dict.fromkeys([*(self.generators or known), *baselines]))

    def size(self, toy: str) -> int:
        """Return the rows of a made table."""
        return min(self.groups if toy == "groups" else self.grid, self.rows or self.groups)

    def task(self, name: str, part: str, rows: int) -> Task:
        """Return what the process of a generator does with one table."""
        share = 1.0 if part == REAL else TOY_SHARE
        seconds = None if self.limit is None else share * self.limit
        draws = self.draws if part == REAL else ()
        return Task(name, self.seed, rows, seconds, draws, dict(self.parameters.get(name, {})))


@dataclass(frozen=True, slots=True)
class Arena:
    """The tables that all generators get, and what their rows are held against.

    Parameters
    ----------
    train : dict of str to Table
        What is learnt from, by part.
    fresh : dict of str to Table
        Further rows of the same law: the ceiling.
    case : Case
        Of the real table, with the fresh real rows in the place of synthetic ones.
    """

    train: dict[str, Table]
    fresh: dict[str, Table]
    case: Case

    @classmethod
    def of(cls, table: Table, plan: Plan) -> Arena:
        """Split the real table in three (60 % to learn from, 20 % to measure with, 20 % fresh) and draw the toys."""
        root = Rng(plan.seed)
        if plan.rows is not None and len(table) > plan.rows:
            table = table.take(np.sort(root.child("rows").generator().choice(len(table), plan.rows, replace=False)))
        first = split(table, holdout=HOLDOUT, rng=root.child("split"))
        second = split(first.train, holdout=FRESH / (1 - HOLDOUT), rng=root.child("fresh"))
        train, fresh = {REAL: second.train}, {REAL: second.holdout}
        for name, toy in TOYS.items():
            size = plan.size(name)
            train[name] = toy.table(size, root.child(f"toys/{name}/train"))
            fresh[name] = toy.table(size, root.child(f"toys/{name}/fresh"))
        case = Case(second.train, second.holdout, first.holdout, root.child("measure"))
        return cls(train, fresh, replace(case, embedding=case.embedded.embedding))

    def judge(self, part: str, synthetic: Table) -> dict[str, Any]:
        """Return the scores of synthetic rows of one part."""
        if part != REAL:
            return plain(TOYS[part].judge(synthetic))  # type: ignore[no-any-return]
        case = replace(self.case, synthetic=synthetic, like=self.case)
        results, declined = measure(case, CODES)
        scores: dict[str, Any] = {CODES[result.code]: plain(result.value) for result in results}
        scores |= {CODES[said.code]: None for said in declined}
        told = next((result.breakdown["score"] for result in results if result.code == "FID26"), None)
        return {"two_sample": plain(told), **scores}

    def control(self, name: str, part: str, rng: Rng) -> Table:
        """Return the rows of a control that is no generator."""
        if name == "fresh real":
            return self.fresh[part]
        if name == "exact copier":
            return self.train[part]
        n = len(self.train[part])
        return self._central(n) if part == REAL else TOYS[part].one_mode(n, rng)

    def _central(self, n: int) -> Table:
        """Return the tenth of the fresh real rows that is nearest to the most central one, over and over."""
        points = self.case.embedded.side("synthetic")
        centre = points[np.linalg.norm(points - points.mean(axis=0), axis=1).argmin()]
        nearest = np.argsort(np.linalg.norm(points - centre, axis=1), kind="stable")[: max(len(points) // 10, 1)]
        return self.fresh[REAL].take(np.resize(self.case.embedded.rows["synthetic"][nearest], n))


@dataclass(frozen=True, slots=True)
class Kept:
    """What was measured, one file a generator and part; files of another plan do not count.

    Parameters
    ----------
    folder : Path
    key : str
        Of all that numbers depend on beside the generator.
    """

    folder: Path
    key: str

    def get(self, task: Task, part: str) -> dict[str, Any] | None:
        """Return what was measured, None when nothing was or it failed."""
        path = self._path(task, part)
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
        same = found.get("key") == self.key and found.get("task") == json.loads(json.dumps(asdict(task)))
        return found["found"] if same and "failed" not in found["found"] else None

    def put(self, task: Task, part: str, found: dict[str, Any]) -> None:
        """Write down what was measured, or why it failed."""
        with atomic(self._path(task, part)) as draft:
            kept = {"key": self.key, "task": asdict(task), "found": found}
            draft.write_text(json.dumps(kept, indent=1, allow_nan=False) + "\n", encoding="utf-8")

    def _path(self, task: Task, part: str) -> Path:
        return self.folder / f"{task.generator.replace(' ', '-')}.{part}.json"


def run(
    source: Any,
    plan: Plan,
    out: Path,
    *,
    name: str | None = None,
    target: str | None = None,
    kinds: Mapping[str, str] | None = None,
    progress: Progress = SILENT,
) -> dict[str, Any]:
    """Run the bench and write ``trilemma.json``, ``trilemma.md`` and ``trilemma.svg`` to the folder `out`.

    Parameters
    ----------
    source : path, dataframe or Table
        The real table, or the name of a shipped sample.
    out : Path
        What is measured is kept in its folder ``lines``; the same call goes on from there.
    name : str or None
        What the real table is called in the results; None for the name of its file.
    target, kinds : str, mapping
        As in `fidelia.run`.

    Returns
    -------
    dict
        The object of ``trilemma.json``.

    Raises
    ------
    UsageError, DataError
        When a generator does not exist, or the table cannot be read.
    """
    names = plan.names()
    table = as_table(source, target=target, kinds=kinds)
    with progress.stage("prepare"):
        arena = Arena.of(table, plan)
    (out / "lines").mkdir(parents=True, exist_ok=True)
    kept = Kept(out / "lines", _key(table, plan))
    lines = []
    for one in [*(control for control in CONTROLS if control not in entries()), *names]:
        with progress.stage(one, len(PARTS)) as tick:
            found: dict[str, Any] = {}
            for part in PARTS:
                found[part] = _measured(one, part, plan, arena, kept)
                tick(1)
        lines.append(_line(one, found))
    title = name or (Path(source).stem if isinstance(source, str | Path) else "frame")
    document = _document(title, table, plan, arena, lines)
    _write(document, out)
    return document


def _key(table: Table, plan: Plan) -> str:
    facts = [fidelia.__version__, fingerprint(table), table.schema.to_json(), plan.rows, plan.grid, plan.groups]
    return hashlib.sha256(json.dumps(facts).encode()).hexdigest()


def _measured(name: str, part: str, plan: Plan, arena: Arena, kept: Kept) -> dict[str, Any]:
    """Return scores and costs of one generator on one table, or the reason why there are none."""
    task = plan.task(name, part, len(arena.train[part]))
    found = kept.get(task, part)
    if found is None:
        if name in entries():
            found = _entered(task, part, arena, _patience(plan))
        else:
            rows = arena.control(name, part, Rng(plan.seed).child(f"control/{name}/{part}"))
            found = {"scores": arena.judge(part, rows)}
        kept.put(task, part, found)
    return found


def _entered(task: Task, part: str, arena: Arena, patience: float | None) -> dict[str, Any]:
    """Let a process do the task and judge the rows that it hands in."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        task.save(folder)
        put(folder, "train", arena.train[part])
        command = [sys.executable, "-P", "-m", "fidelia.workflow.entrant", str(folder)]
        try:
            done = subprocess.run(command, env=_environment(), capture_output=True, timeout=patience, check=False)
        except subprocess.TimeoutExpired:
            return {"failed": f"stopped after {patience:.0f} s"}
        if done.returncode:
            return {"failed": _reason(done)}
        cost = json.loads((folder / "cost.json").read_text(encoding="utf-8"))
        return {"scores": arena.judge(part, get(folder, "synthetic")), "cost": plain(cost)}


def _environment() -> dict[str, str]:
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return os.environ | dict.fromkeys(names, str(min(THREADS, _processors())))


def _patience(plan: Plan) -> float | None:
    """Return the seconds after which a process is ended: long after the time limit, for fits that know none."""
    return None if plan.limit is None else 600 + 5 * plan.limit


def _reason(done: subprocess.CompletedProcess[bytes]) -> str:
    if done.returncode < 0:
        return f"the process was ended by signal {-done.returncode}; out of memory?"
    said = done.stderr.decode(errors="replace").strip().splitlines()
    return said[-1].removeprefix("fidelia.errors.") if said else f"exit code {done.returncode}"


def _line(name: str, found: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """Return one generator's line of the document."""
    known = entries()
    scores = {part: found[part].get("scores") for part in PARTS}
    return {
        "name": name,
        "control": name in CONTROLS,
        "summary": CONTROLS.get(name) or known[name].summary,
        **scores,
        "cost": found[REAL].get("cost"),
        "fits": {part: found[part]["cost"]["fit"] for part in PARTS if "cost" in found[part]},
        "failed": {part: found[part]["failed"] for part in PARTS if "failed" in found[part]},
    }


def _document(name: str, table: Table, plan: Plan, arena: Arena, lines: list[dict[str, Any]]) -> dict[str, Any]:
    holdout = arena.case.unseen
    rows = {"train": len(arena.train[REAL]), "holdout": len(holdout), "fresh": len(arena.fresh[REAL])}
    toys = {toy: len(arena.train[toy]) for toy in TOYS}
    document = {
        "format": FORMAT,
        "fidelia": fidelia.__version__,
        "seed": plan.seed,
        "limit": plan.limit,
        "toy_limit": None if plan.limit is None else TOY_SHARE * plan.limit,
        "draws": list(plan.draws),
        "table": {"name": name, "columns": len(table.schema), **rows},
        "toys": toys,
        "machine": machine(),
        "lines": lines,
    }
    return {**document, "front": front(document), "claims": claims(document)}


def machine() -> dict[str, Any]:
    """Return the hardware that numbers depend on; nothing that names this machine."""
    threads = min(THREADS, _processors())
    return {
        "processors": _processors(),
        "threads": threads,
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def _processors() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _write(document: dict[str, Any], out: Path) -> None:
    texts = (
        json.dumps(document, ensure_ascii=False, allow_nan=False, indent=1) + "\n",
        page.markdown(document),
        page.svg(document),
    )
    for name, text in zip(FILES, texts, strict=True):
        with atomic(out / name) as draft:
            draft.write_text(text, encoding="utf-8")
