"""Measure every generator with the acceptance protocol and write benchmarks/RESULTS.md.

    make bench                                  all sets, seed 0
    .venv/bin/python benchmarks/table.py --sets adult magic --seeds 0 1 2
    .venv/bin/python benchmarks/table.py --section networks --generators vae diffusion --time-limit 300

The protocol is an independent script (FIDELIA_PROTOCOL, else ../shared/protocol/score_table.py) that is run as a
program: fidelia never grades itself here. It says what it needs when it is absent.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
SHARED = Path(os.environ.get("FIDELIA_SHARED", ROOT.parent / "shared"))
PROTOCOL = Path(os.environ.get("FIDELIA_PROTOCOL", SHARED / "protocol" / "score_table.py"))
SETS = ("adult", "magic", "shoppers", "diabetes130")
GENERATORS = ("trees", "chowliu", "copula", "marginals", "noisy-copy")
COLUMNS = (
    "set", "generator", "seed", "C2ST holdout", "C2ST train", "shape", "trend", "authenticity / ref",
    "DCR share", "rare values / ref", "TSTR / TRTR", "contract", "fit s", "sample s",
)  # fmt: skip


def main() -> None:
    arguments = parser().parse_args()
    if not PROTOCOL.is_file():
        sys.exit(f"no acceptance protocol at {PROTOCOL}; set FIDELIA_PROTOCOL to score_table.py")
    rows = [
        measured(name, generator, seed, arguments.time_limit)
        for name in arguments.sets
        for generator in arguments.generators
        for seed in arguments.seeds
        if generator in (arguments.large or GENERATORS) or name != "diabetes130"
    ]
    text = "\n".join([line(COLUMNS), line(["---"] * len(COLUMNS)), *map(line, rows)])
    print(text)
    if arguments.out:
        results = Path(arguments.out)
        mark = f"<!-- {arguments.section} -->"
        before, _, after = results.read_text().partition(f"{mark}\n")
        tail = after.partition("<!-- end -->")[2]
        results.write_text(f"{before}{mark}\n{text}\n<!-- end -->{tail}")


def parser() -> argparse.ArgumentParser:
    found = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    found.add_argument("--sets", nargs="+", default=SETS)
    found.add_argument("--generators", nargs="+", default=GENERATORS)
    found.add_argument("--seeds", nargs="+", type=int, default=[0])
    found.add_argument("--large", nargs="+", default=["trees"], help="generators to run on diabetes130")
    found.add_argument("--section", default="measured", help="which table of the file is written anew")
    found.add_argument("--time-limit", type=float, help="seconds that a network may learn")
    found.add_argument("--out", default=str(ROOT / "benchmarks" / "RESULTS.md"))
    return found


def line(cells: Any) -> str:
    return "| " + " | ".join(map(str, cells)) + " |"


def measured(name: str, generator: str, seed: int, limit: float | None) -> list[Any]:
    """Split, fit, sample and grade; one line of the table."""
    data, card = SHARED / "data" / name / "data.parquet", SHARED / "data" / name / "card.json"
    with tempfile.TemporaryDirectory() as folder:
        here = Path(folder)
        protocol("split", "--data", data, "--card", card, "--out", here, "--seed", seed)
        fit, draw = generate(here / "train.parquet", here / "synthetic.parquet", generator, seed, limit)
        files = [f"--{part}={here / part}.parquet" for part in ("train", "holdout", "synthetic")]
        graded = protocol(*files, "--card", card, "--seed", seed)
    return [name, generator, seed, *cells(graded), f"{fit:.1f}", f"{draw:.1f}"]


def generate(train: Path, out: Path, generator: str, seed: int, limit: float | None) -> tuple[float, float]:
    """Fit on train with the defaults, draw as many rows, and return the seconds of both."""
    import fidelia as fd

    table = fd.read(train)
    start = time.perf_counter()
    model = fd.fit(table, generator=generator, time_limit=limit, seed=seed)
    fitted = time.perf_counter()
    synthetic = model.sample_table(len(table), seed=seed)
    drawn = time.perf_counter()
    synthetic.write(str(out))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    print(f"{train.parent.name} {generator}: peak {peak:.2f} GiB", file=sys.stderr)
    return fitted - start, drawn - fitted


def protocol(*arguments: Any) -> dict[str, Any]:
    done = subprocess.run([sys.executable, PROTOCOL, *map(str, arguments)], capture_output=True, text=True, check=True)
    return dict(json.loads(done.stdout))


def cells(graded: dict[str, Any]) -> list[str]:
    """The numbers of one grade, in the order of COLUMNS."""
    authenticity, rare, utility = graded["authenticity"], graded["rare_value_leak"], graded["utility"] or {}
    return [
        f"{graded['c2st_holdout']['matched']['score']:.3f}",
        f"{graded['c2st_train']['full']['score']:.3f}",
        f"{graded['shape_error']['full']:.2f}",
        f"{graded['trend_error']['full']:.2f}",
        f"{authenticity['share']:.3f} / {authenticity['reference']:.3f}",
        f"{graded['dcr']['share']:.3f}",
        f"{number(rare['share'])} / {number(rare['reference'])}",
        f"{number(utility.get('tstr'))} / {number(utility.get('trtr'))}",
        "ok" if graded["contract"]["ok"] else "faults",
    ]


def number(value: float | None) -> str:
    return "-" if value is None else f"{value:.3f}"


if __name__ == "__main__":
    main()
