"""What the tests of the command line share: a runner, a results document, and stand-ins for the work below."""

import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow as pa
import pytest

from fidelia.cli.exits import guarded
from fidelia.data.table import Table
from fidelia.progress import Progress
from fidelia.schema import Column, Kind, Role, Schema
from fidelia.workflow.recipe import Recipe


@dataclass
class Ended:
    code: int
    out: str
    err: str


@pytest.fixture
def cli(capsys) -> Callable[..., Ended]:
    """Run a command line in this process."""

    def run(*arguments: object) -> Ended:
        code = guarded([str(a) for a in arguments])
        caught = capsys.readouterr()
        return Ended(code, caught.out, caught.err)

    return run


@pytest.fixture(scope="session")
def shell() -> Callable[..., Ended]:
    """Run a command line in a process of its own."""

    def run(*arguments: object, **settings: Any) -> Ended:
        done = subprocess.run(
            [sys.executable, "-m", "fidelia.cli", *map(str, arguments)], capture_output=True, timeout=120, **settings
        )
        return Ended(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run


def result(code: str, value: float | None, reference: float | None, direction: str = "higher") -> dict[str, Any]:
    beside = None if reference is None else {"value": reference, "sd": 0.004, "n": 100, "kind": "holdout"}
    return {
        "code": code,
        "name": code.lower(),
        "category": "fidelity",
        "value": value,
        "interval": None,
        "reference": beside,
        "direction": direction,
        "n": {},
        "caveats": [],
        "breakdown": {},
    }


@pytest.fixture
def document() -> dict[str, Any]:
    """A results document of the shape that runs write."""
    shape = {"rows": 100, "columns": 2, "sha256": "0" * 64}
    return {
        "format": 1,
        "fidelia": "0.1.0",
        "edition": "shareable",
        "seed": 0,
        "embedding": None,
        "inputs": {"train": shape, "synthetic": shape, "holdout": shape, "generator": None, "target": None},
        "verdict": {"level": "good", "headline": "Like fresh real data.", "sentences": ["No row is a copy."]},
        "results": [result("FID16", 0.962, 0.975), result("FID10", 0.9, 0.985)],
        "findings": [],
        "audit": {
            "rows": 100,
            "counts": {"accept": 95, "review": 4, "reject": 1, "duplicate": 0},
            "q": 0.1,
            "reasons": [],
            "columns": [],
        },
        "not_computed": [{"code": "UTL01", "reason": "NEEDS_TARGET: no target column is declared"}],
        "schema": [],
        "versions": {},
    }


@pytest.fixture
def table() -> Table:
    schema = Schema(
        (
            Column("age", Kind.INTEGER, nullable=True, reason="whole numbers", confidence=0.95),
            Column("income [k]", Kind.CATEGORY, Role.TARGET, reason="2 levels", confidence=0.5),
        )
    )
    return Table(pa.table({"age": [1, None, 3], "income [k]": ["a", "b", "a"]}), schema)


@dataclass
class Work:
    """Stands in for reading, fitting and measuring; notes what it was asked, and raises what it is told to."""

    table: Table
    document: dict[str, Any]
    error: BaseException | None = None
    asked: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def read(self, source: Any, *, target: Any = None, kinds: Any = None) -> Table:
        self.asked.append(("read", {"source": Path(source), "target": target, "kinds": kinds}))
        return self.table

    def follow(self, recipe: Recipe, _table: Table, progress: Progress, *, checkpoint: Path, gallery: Path) -> Any:
        return replace(self._outcome("run", {**asdict(recipe), "progress": progress}), recipe=recipe)

    def evaluate(self, _train: Any, _synthetic: Any, **asked: Any) -> Any:
        return self._outcome("evaluate", asked)

    def _outcome(self, verb: str, asked: dict[str, Any]) -> Any:
        progress = asked.pop("progress")
        self.asked.append((verb, asked))
        with progress.stage("fit trees", 4) as tick, progress.stage("inner"):
            tick(4)
            if self.error:
                raise self.error
        return FakeOutcome(self.document)


@dataclass(frozen=True)
class FakeOutcome:
    document: dict[str, Any]
    recipe: Any = None

    def write(self, folder: Path, ending: str = ".parquet") -> list[Path]:
        Path(folder).mkdir(parents=True, exist_ok=True)
        for name in ("results.json", f"synthetic{ending}"):
            (Path(folder) / name).write_text("{}")
        return [Path(folder) / "results.json", Path(folder) / f"synthetic{ending}"]


@pytest.fixture
def work(monkeypatch, table, document) -> Work:
    """Replace the modules below the command line by one stand-in."""
    import fidelia.data
    import fidelia.workflow

    stand_in = Work(table, document)
    plan = SimpleNamespace(plan=lambda *_args, **_more: SimpleNamespace(text="3 rows x 2 columns; about 1 s, 0.1 GB"))
    for package, name, module in (
        (fidelia.workflow, "pipeline", stand_in),
        (fidelia.workflow, "plan", plan),
        (fidelia.data, "read", stand_in),
    ):
        monkeypatch.setitem(sys.modules, f"{package.__name__}.{name}", module)
        monkeypatch.setattr(package, name, module, raising=False)
    return stand_in
