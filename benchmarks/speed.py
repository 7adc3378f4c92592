"""How fast the parts are on this machine, each beside a plain piece of work measured in the same run.

    .venv/bin/python benchmarks/speed.py

A ratio holds where seconds do not: 1.0 means as long as sorting ten million numbers here and now.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa

import fidelia as fd
from fidelia.data.keys import row_keys
from fidelia.data.table import Table
from fidelia.schema.infer import infer


def main() -> None:
    unit = best(lambda: np.sort(np.random.default_rng(0).random(10_000_000)))
    arrow = wide()
    table = Table(arrow, infer(arrow))
    adult = fd.read(fd.sample_path("adult"), target="income")
    model = fd.fit(adult, seed=0)
    rows = 200_000
    measured = {
        "fidelia --help": lambda: subprocess.run([sys.executable, "-m", "fidelia.cli", "--help"], capture_output=True),
        "infer 100,000 x 50": lambda: infer(arrow),
        "row keys 100,000 x 50": lambda: row_keys(table),
        "fit trees, 10,000 x 15": lambda: fd.fit(adult, seed=0),
        f"sample {rows:,} rows to parquet": lambda: stream(model, rows),
        "evaluate 4,000 rows": lambda: fd.evaluate(
            slice_(adult, 0, 4), slice_(adult, 4, 8), holdout=slice_(adult, 8, 10)
        ),
        "audit 4,000 rows": lambda: fd.audit(slice_(adult, 0, 4), slice_(adult, 4, 8), holdout=slice_(adult, 8, 10)),
    }
    print(f"one unit: {unit:.2f} s\n\n| work | seconds | units |\n|---|---|---|")
    for name, work in measured.items():
        seconds = best(work)
        print(f"| {name} | {seconds:.2f} | {seconds / unit:.2f} |")


def best(work: Callable[[], object], times: int = 3) -> float:
    """The fastest of a few runs: what is left when the machine does nothing else."""
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def wide() -> pa.Table:
    rng = np.random.default_rng(0)
    columns = {f"f{i}": pa.array(rng.normal(size=100_000)) for i in range(20)}
    columns |= {f"i{i}": pa.array(rng.integers(0, 1_000, 100_000)) for i in range(15)}
    return pa.table(columns | {f"s{i}": pa.array(rng.integers(0, 50, 100_000)).cast(pa.string()) for i in range(15)})


def slice_(table: Table, first: int, last: int) -> Table:
    return table.take(np.arange(first * 1_000, last * 1_000))


def stream(model: fd.Model, rows: int) -> None:
    from fidelia.data.write import writer

    with tempfile.TemporaryDirectory() as folder, writer(Path(folder) / "big.parquet", model.sample_table(0)) as file:
        for batch in model.stream(rows):
            file.write(batch)


if __name__ == "__main__":
    main()
