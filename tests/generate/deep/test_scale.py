"""Large tables within a time limit: what a fit takes with all that belongs to it, and how much memory."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from fidelia.data.table import Table
from fidelia.generate.catalog import create
from fidelia.generate.effort import Effort
from fidelia.rng import Rng
from fidelia.schema.kinds import Kind
from fidelia.schema.schema import Column, Schema

FAMILIES = ("autoregressive", "vae", "gan", "diffusion", "ddgan")
LIMIT, BESIDE = 5.0, 25.0
"""Seconds of a training, and of the processor for all else: imports, coding, laws that are counted, the last check."""
MEMORY = 3_000
"""Megabytes of the whole process; torch and the other libraries take some 400."""


def columns_of(**columns):
    """A table of numbers and of categories, which are texts."""
    kinds = [Kind.CATEGORY if isinstance(column[0], str) else Kind.NUMBER for column in columns.values()]
    schema = Schema(tuple(Column(name, kind, nullable=False) for name, kind in zip(columns, kinds, strict=True)))
    return Table(pa.table({name: pa.array(column) for name, column in columns.items()}), schema, "pandas")


def wide(rows, columns=500):
    """Half numbers, half categories of 2 to 20 levels, all bent by five causes."""
    draw = np.random.default_rng(0)
    causes = draw.normal(size=(rows, 5))
    made = {}
    for i in range(columns // 2):
        made[f"x{i}"] = (causes[:, i % 5] + draw.normal(size=rows)).round(1 + i % 4)
        levels = 2 + i % 19
        codes = np.clip((causes[:, (i + 1) % 5] + draw.normal(size=rows) + 3) * levels / 6, 0, levels - 1)
        made[f"c{i}"] = np.array([f"level {code}" for code in range(levels)])[codes.astype(int)]
    return columns_of(**made)


def many(rows, levels=10_000):
    """A category of 10,000 levels, a number and a category that follow it."""
    draw = np.random.default_rng(0)
    codes = (levels * draw.random(rows) ** 1.5).astype(int)
    names = np.array([f"place {code}" for code in range(levels)])
    side = np.where(codes % 2, "odd", "even")
    return columns_of(place=names[codes], x=3 * codes / levels + draw.normal(size=rows), side=side)


TABLES = {
    "500 columns": (lambda: wide(10_000), 200),
    "500 columns, 50 rows": (lambda: wide(50), 200),
    "10,000 levels": (lambda: many(50_000), 5_000),
    "50 rows": (lambda: wide(50, 6), 1_000),
}
"""Tables, and how many rows are drawn."""


def measured(family, name):
    """Fit and draw in this process; return seconds of the processor, megabytes and rows."""
    import resource
    from time import process_time

    table, rows = TABLES[name][0](), TABLES[name][1]
    begun = process_time()
    model = create(family).fit(table, rng=Rng(0), effort=Effort(seconds=LIMIT))
    seconds = process_time() - begun
    drawn = model.sample(rows, rng=Rng(1))
    assert drawn.schema == table.schema
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return {"seconds": seconds, "megabytes": megabytes, "rows": len(drawn)}


SCRIPT = """
import json, sys
sys.path.insert(0, sys.argv[1])
from test_scale import measured
print(json.dumps(measured(*sys.argv[2:])))
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="counts memory as Linux does")
@pytest.mark.parametrize("name", TABLES)
@pytest.mark.parametrize("family", FAMILIES)
def test_large_tables_are_learnt_within_time_and_memory(family, name):
    # One thread, so that seconds of the processor are at most those of the clock, whatever else runs here.
    alone = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
    command = [sys.executable, "-c", SCRIPT, str(Path(__file__).parent), family, name]
    child = subprocess.run(command, capture_output=True, text=True, env=alone, timeout=600, check=False)
    assert child.returncode == 0, child.stderr
    found = json.loads(child.stdout)
    assert found["rows"] == TABLES[name][1]
    assert found["seconds"] < LIMIT + BESIDE
    assert found["megabytes"] < MEMORY
