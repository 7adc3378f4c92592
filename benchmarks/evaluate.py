"""Measure how fast the measuring is, each number beside a yardstick taken in the same run on the same arrays.

    .venv/bin/python benchmarks/evaluate.py                              all parts
    .venv/bin/python benchmarks/evaluate.py --parts knn large            some of them
    .venv/bin/python benchmarks/evaluate.py --peer /path/to/peer/bin/python

The peer is synthcity 0.2.12's AlphaPrecision. It lives in an environment of its own, since it wants older packages:

    python -m venv peer && peer/bin/pip install 'synthcity==0.2.12' 'opacus<1.5.3'

whose interpreter is given by --peer or FIDELIA_PEER. Without it that part is left out, and says so. The two take turns,
on rows that neither has seen before (the peer keeps results by content); seconds are medians.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pyarrow as pa

from fidelia.data.split import split
from fidelia.data.table import Table
from fidelia.errors import NotApplicable
from fidelia.measure.case import Case
from fidelia.measure.catalog import chosen, find
from fidelia.measure.space.neighbors import search
from fidelia.rng import Rng
from fidelia.schema import Column, Kind, Schema
from fidelia.workflow.pipeline import as_table, fit

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FIDELIA_SHARED", ROOT.parent / "shared"))
E = ("FID16", "DIV01", "AUT01", "AUT02")
PEER = """
import json, sys, tempfile, time, warnings
warnings.filterwarnings("ignore")
import numpy as np, pandas as pd
from synthcity.metrics.eval_statistical import AlphaPrecision
from synthcity.plugins.core.dataloader import GenericDataLoader
from pathlib import Path
print("ready", flush=True)
for line in sys.stdin:
    file = np.load(line.strip())
    real, made = (GenericDataLoader(pd.DataFrame(file[side]).add_prefix("x")) for side in ("train", "synthetic"))
    start = time.perf_counter()
    found = AlphaPrecision(workspace=Path(tempfile.mkdtemp())).evaluate(real, made)
    print(json.dumps({"seconds": time.perf_counter() - start, **{k: float(v) for k, v in found.items()}}), flush=True)
"""


def main() -> None:
    arguments = parser().parse_args()
    parts = {"peer": peer, "knn": knn, "adult": adult, "large": large}
    lines = ["| work | seconds | beside | seconds | ratio |", "|---|---|---|---|---|"]
    for name in arguments.parts:
        for line in parts[name](arguments):
            print(line, file=sys.stderr)
            lines.append(line)
    text = "\n".join(lines)
    print(f"<!-- evaluate -->\n{text}\n<!-- end -->")
    if arguments.out:
        results = Path(arguments.out)
        before, _, after = results.read_text().partition("<!-- evaluate -->\n")
        results.write_text(f"{before}<!-- evaluate -->\n{text}\n<!-- end -->{after.partition('<!-- end -->')[2]}")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found.add_argument("--parts", nargs="+", default=["peer", "knn", "adult", "large"])
    found.add_argument("--peer", default=os.environ.get("FIDELIA_PEER"), help="python that has synthcity 0.2.12")
    found.add_argument("--times", type=int, default=3, help="runs of which the median is taken")
    found.add_argument("--rows", type=int, default=1_000_000, help="rows of the large tables")
    found.add_argument("--out", help="a file with the markers of this table, rewritten in place")
    return found


def line(*cells: object) -> str:
    return "| " + " | ".join(f"{cell:.2f}" if isinstance(cell, float) else str(cell) for cell in cells) + " |"


def table(rows: np.ndarray) -> Table:
    names = [f"x{i}" for i in range(rows.shape[1])]
    arrow = pa.table({name: pa.array(rows[:, i]) for i, name in enumerate(names)})
    return Table(arrow, Schema(tuple(Column(name, Kind.NUMBER) for name in names)))


def seconds(work: Callable[[], object]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def peer(arguments: argparse.Namespace) -> Iterator[str]:
    """E with scores per row, references and intervals beside the peer's six numbers: 10,000 x 93 numbers."""
    if not arguments.peer:
        yield line("E, 10,000 x 93, holdout of 4,000", "-", "synthcity: no --peer, left out", "-", "-")
        return
    ours, theirs = [], []
    with tempfile.TemporaryDirectory() as folder, _Peer(arguments.peer) as other:
        for seed in range(arguments.times + 1):
            r = np.random.default_rng(seed)
            mix = r.normal(size=(93, 93)) / 9
            train, synthetic, holdout = (r.normal(size=(n, 93)) @ mix for n in (10_000, 10_000, 4_000))
            file = Path(folder) / f"{seed}.npz"
            np.savez(file, train=train, synthetic=synthetic)
            case = Case(table(train), table(synthetic), table(holdout), Rng(seed))
            ours.append(seconds(lambda case=case: [find(code)(case) for code in E]))
            theirs.append(other(file))
    mine, its = statistics.median(ours[1:]), statistics.median(theirs[1:])  # the first run of each loads libraries
    yield line(
        "E (FID16, DIV01, AUT01, AUT02), 10,000 x 93, holdout of 4,000", mine, "synthcity 0.2.12", its, its / mine
    )


class _Peer:
    """The peer's process: takes files of arrays, gives seconds."""

    def __init__(self, python: str) -> None:
        pipe = subprocess.PIPE
        self.process = subprocess.Popen(
            [python, "-c", PEER], stdin=pipe, stdout=pipe, stderr=subprocess.DEVNULL, text=True
        )

    def __enter__(self) -> _Peer:
        while self._line() != "ready":
            continue
        return self

    def __exit__(self, *_: object) -> None:
        self.process.stdin.close()
        self.process.wait()

    def __call__(self, file: Path) -> float:
        self.process.stdin.write(f"{file}\n")
        self.process.stdin.flush()
        while not (said := self._line()).startswith("{"):
            continue
        return float(json.loads(said)["seconds"])

    def _line(self) -> str:
        said = self.process.stdout.readline()
        if not said:
            sys.exit("the peer stopped; try its interpreter by hand")
        return said.strip()


def knn(arguments: argparse.Namespace) -> Iterator[str]:
    """A search with its re-ranking in double precision beside the bare product, and beside scikit-learn's search."""
    from sklearn.neighbors import NearestNeighbors

    for n, d in ((10_000, 93), (39_000, 110)):
        found: dict[str, list[float]] = {"search": [], "product": [], "scikit-learn": []}
        for seed in range(arguments.times):
            r = np.random.default_rng(seed)
            x, y = r.normal(size=(n, d)), r.normal(size=(n, d))
            a, b = x.astype(np.float32), y.astype(np.float32)
            found["search"].append(seconds(lambda x=x, y=y: search(y, x, 5)))
            found["product"].append(seconds(lambda a=a, b=b: product(b, a)))
            engine = NearestNeighbors(n_neighbors=5, algorithm="brute")
            found["scikit-learn"].append(seconds(lambda a=a, b=b, engine=engine: engine.fit(a).kneighbors(b)))
        middle = {name: statistics.median(times) for name, times in found.items()}
        for name in ("product", "scikit-learn"):
            said = "the bare product in single precision" if name == "product" else "scikit-learn, single precision"
            ratio = middle["search"] / middle[name]
            yield line(f"k-NN, {n:,} x {n:,} x {d}, k = 5", middle["search"], said, middle[name], ratio)


def product(queries: np.ndarray, points: np.ndarray, rows: int = 512) -> None:
    """The multiplications and additions of a search and nothing else, in blocks that stay in the cache."""
    buffer = np.empty((rows, len(points)), dtype=queries.dtype)
    for start in range(0, len(queries), rows):
        part = queries[start : start + rows]
        np.matmul(part, points.T, out=buffer[: len(part)])


def adult(_: argparse.Namespace) -> Iterator[str]:
    """Every metric of tier 1 on adult: as many synthetic as train rows, and a holdout."""
    path = SHARED / "data" / "adult" / "data.parquet"
    if not path.is_file():
        yield line("tier-1 metrics of adult", "-", f"no {path.name} of adult; set FIDELIA_SHARED", "-", "-")
        return
    parts = split(as_table(path, target="income"), holdout=0.2, rng=Rng(0).child("split"))
    synthetic = fit(parts.train, generator="trees").sample_table(len(parts.train))
    case = Case(parts.train, synthetic, parts.holdout, Rng(0))
    total = 0.0
    for entry in chosen(None):
        start = time.perf_counter()
        try:
            entry(case)
        except NotApplicable as reason:
            print(entry.code, "declined:", reason, file=sys.stderr)
        took = time.perf_counter() - start
        total += took
        print(f"{entry.code} {took:.2f} s", file=sys.stderr)
        if took >= 1:
            yield line(f"{entry.code} {entry.name}, adult", took, "", "", "")
    yield line("all metrics of tier 1, adult (39,073 train, 39,073 synthetic, 9,769 holdout)", total, "promise", 60.0,
               total / 60)  # fmt: skip


def large(arguments: argparse.Namespace) -> Iterator[str]:
    """E of two tables of a million rows and 50 columns, in a process of its own, for its peak memory."""
    script = f"import sys; sys.path.insert(0, {str(ROOT / 'benchmarks')!r}); import evaluate; evaluate.million({{}})"
    done = subprocess.run(
        [sys.executable, "-c", script.format(arguments.rows)], capture_output=True, text=True, check=True
    )
    said = json.loads(done.stdout.splitlines()[-1])
    yield line(
        f"E, {arguments.rows:,} x 50 twice, holdout of {arguments.rows // 5:,}; {said['caveat']}",
        said["seconds"],
        f"peak {said['peak']:.2f} GB, of which the tables {said['tables']:.2f} GB",
        "8 GB",
        said["peak"] / 8,
    )


def million(rows: int) -> None:
    r = np.random.default_rng(0)
    train, synthetic, holdout = (table(r.normal(size=(n, 50))) for n in (rows, rows, rows // 5))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    case = Case(train, synthetic, holdout, Rng(0))
    start = time.perf_counter()
    results = [find(code)(case) for code in E]
    took = time.perf_counter() - start
    caveats = {caveat.text for result in results for caveat in result.caveats if caveat.code == "SUBSAMPLED"}
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(json.dumps({"seconds": took, "peak": peak, "tables": before, "caveat": " ".join(sorted(caveats))}))


if __name__ == "__main__":
    main()
